import type { Policy } from '../policy.ts'
import type { Instant } from '../time.ts'

/** What a number range took and used since it was last found honest. `filledAt` is when the count became full. */
export type PrefixCount = { sends: number; used: number; filledAt: Instant | undefined }

export type PrefixDecision = { open: true; next: PrefixCount } | { open: false; until: Instant }

/**
 * Toll fraud asks for many codes within one number range and types none of them. A range that took its full count and
 * used too few closes for a day; one that used enough, or has waited, starts to count anew.
 *
 *     counting --full, enough used--> counting (from nothing)
 *        '------full, too few used--> closed --a day, or codes used after all--> counting (from nothing)
 */
export function decidePrefixSend(
  count: PrefixCount,
  policy: Policy['phones']['prefix'],
  now: Instant,
): PrefixDecision {
  if (count.sends < policy.sends || count.filledAt === undefined) {
    const sends = count.sends + 1
    return {
      open: true,
      next: { sends, used: count.used, filledAt: sends >= policy.sends ? now : undefined },
    }
  }
  const until = count.filledAt + policy.closedFor
  const usedTooFew = count.used < policy.leastUsedShare * count.sends
  if (usedTooFew && now < until) return { open: false, until }
  return decidePrefixSend({ sends: 0, used: 0, filledAt: undefined }, policy, now)
}

/** The part of a number that a range shares: so many digits after the plus sign. */
export const prefixOf = (phone: string, digits: number): string => phone.slice(0, 1 + digits)
