import type { Instant } from '../time.ts'
import { slowLasts } from './delivery.ts'

/**
 * Who may be under way at once. A server that hands mail on is as slow as where it goes: without a share for each
 * destination domain, four recipients at a slow one keep everybody's codes waiting.
 *
 * A domain has half of the places at most, a slow one a single place, and all slow ones together half. What has no
 * domain, a text, is held by the total alone.
 */
export type Places = {
  /** How many are free. */
  free(): number
  /** Domains that may have no further place just now. */
  full(now: Instant): string[]
  /** @returns whether there was a place */
  take(domain: string | undefined, now: Instant): boolean
  leave(domain: string | undefined): void
  noteSlow(domain: string | undefined, now: Instant): void
  noteQuick(domain: string | undefined): void
}

export function openPlaces(total: number): Places {
  const share = Math.max(1, Math.floor(total / 2))
  const inUse = new Map<string, number>()
  const slowUntil = new Map<string, Instant>()
  let used = 0

  const isSlow = (domain: string, now: Instant) => now < (slowUntil.get(domain) ?? now)

  /** Places of slow domains; each counts once, since what it had before it was slow is about to end. */
  const slowInUse = (now: Instant) => [...inUse.keys()].filter((domain) => isSlow(domain, now)).length

  function isFull(domain: string, now: Instant, slow: number): boolean {
    const own = inUse.get(domain) ?? 0
    return isSlow(domain, now) ? own >= 1 || slow >= share : own >= share
  }

  return {
    free: () => Math.max(0, total - used),
    full(now) {
      for (const [domain, until] of slowUntil) if (now >= until) slowUntil.delete(domain)
      const slow = slowInUse(now)
      return [...new Set([...inUse.keys(), ...slowUntil.keys()])].filter((domain) =>
        isFull(domain, now, slow),
      )
    },
    take(domain, now) {
      if (used >= total) return false
      if (domain !== undefined) {
        if (isFull(domain, now, slowInUse(now))) return false
        inUse.set(domain, (inUse.get(domain) ?? 0) + 1)
      }
      used += 1
      return true
    },
    leave(domain) {
      used -= 1
      if (domain === undefined) return
      const left = (inUse.get(domain) ?? 1) - 1
      if (left > 0) inUse.set(domain, left)
      else inUse.delete(domain)
    },
    noteSlow(domain, now) {
      if (domain !== undefined) slowUntil.set(domain, now + slowLasts)
    },
    noteQuick(domain) {
      if (domain !== undefined) slowUntil.delete(domain)
    },
  }
}
