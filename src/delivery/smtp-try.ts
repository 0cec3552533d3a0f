import type { Duration, Instant } from '../core/time.ts'
import type { ComposedMail } from './compose-mail.ts'
import { DeadlinePassed, guardWithDeadline } from './deadline-guard.ts'
import type { TryTerms } from './provider.ts'
import type { Connection } from './smtp-connection.ts'

/** The deadline came first; nothing was handed over. */
export class Late extends Error {}

/** The connection had been given up while it was idle; nothing of the message was sent over it. */
export class Stale extends Error {}

/** The other side kept us waiting for longer than the try may. `code` as of a network fault. */
class TooSlow extends Error {
  readonly code = 'ETIMEDOUT'
}

/** Tries that only wait. There is an end to how many: past it, the one that has waited longest is given up. */
export type Waits = { most: number; underWay: Set<() => void> }

type Settings = { terms: TryTerms; limit: Duration; clock: () => Instant; waits: Waits }

/**
 * One try at one mail, held to its times. It holds a connection for `limit` at most, until the mail is handed over or
 * starts to wait:
 *
 *     connecting --greeted--> talking --last byte--> handed over --answer--> done
 *       '--long--> waiting                             '--long--> waiting
 *
 * Once everything is handed over no time limit may end the try but the code's own: an answer that is not awaited is a
 * second copy.
 */
export function openTry({ terms, limit, clock, waits }: Settings) {
  const slowAfter = limit / 3 // 5 s
  const timers = new Set<NodeJS.Timeout>()
  const { promise: cut, reject: cutNow } = Promise.withResolvers<never>()
  // Whoever waits at that moment hears of it.
  cut.catch(() => {})
  const giveUp = () => cutNow(new TooSlow('no answer in time'))
  let isComplete = false
  let waiting = false

  const after = (time: Duration, act: () => void): NodeJS.Timeout => {
    const timer = setTimeout(act, Math.max(0, time))
    timers.add(timer)
    return timer
  }

  let limitTimer = after(limit, giveUp)
  watchDeadline()

  /** The deadline moves where the lease is renewed. */
  function watchDeadline(): void {
    after(terms.deadline() - clock(), () => {
      if (isComplete) return
      if (clock() >= terms.deadline()) cutNow(new Late('the deadline passed'))
      else watchDeadline()
    })
  }

  function wait(): void {
    if (waiting) return
    waiting = true
    clearTimeout(limitTimer)
    waits.underWay.add(giveUp)
    if (waits.underWay.size > waits.most) {
      const [longest] = waits.underWay
      longest?.()
    }
    terms.onProgress('waiting')
  }

  const race = <Value>(work: Promise<Value>): Promise<Value> => {
    // What was given up may still fail later, unheard.
    work.catch(() => {})
    return Promise.race([work, cut])
  }

  async function connect(fresh: Connection, patience: 'short' | 'long'): Promise<void> {
    const unanswered = patience === 'long' ? after(slowAfter, wait) : undefined
    // A machine that doesn't even answer the call is down, not slow.
    after(limit, () => fresh.isConnected() || giveUp())
    await race(fresh.open())
    clearTimeout(unanswered)
    if (waiting) limitTimer = after(limit, giveUp)
  }

  async function converse(chosen: Connection, mail: ComposedMail): Promise<string> {
    const { promise: stale, reject: isStale } = Promise.withResolvers<never>()
    stale.catch(() => {})
    const saidBefore = chosen.lastAnswer()
    const isReused = chosen.isReused()
    let isAsked = false
    const slow = after(slowAfter, () => {
      if (isReused && chosen.lastAnswer() === saidBefore) isStale(new Stale('the idle connection is dead'))
      else terms.onProgress('slow')
    })
    const bytes = guardWithDeadline(
      () => {
        isAsked = true
        return mail.bytes()
      },
      () => clock() >= terms.deadline(),
      () => {
        isComplete = true
        clearTimeout(limitTimer)
        terms.onProgress('handed_over')
        after(slowAfter, wait)
        after(terms.answerBy - clock(), giveUp)
      },
    )
    try {
      return await race(Promise.race([chosen.send(mail.envelope, bytes), stale]))
    } catch (fault) {
      if (fault instanceof DeadlinePassed) throw new Late('the deadline passed')
      throw isReused && !isAsked && isGoodbye(fault) ? new Stale('the idle connection was closed') : fault
    } finally {
      clearTimeout(slow)
      timers.delete(slow)
    }
  }

  return {
    connect,
    converse,
    /** Whether the whole message was handed over: from then on a fault means that nobody knows its end. */
    isComplete: () => isComplete,
    end() {
      for (const timer of timers) clearTimeout(timer)
      waits.underWay.delete(giveUp)
    },
  }
}

/** A connection that ended, or a server that says it gave it up: 421, or 451 4.4.2 at the next command. */
function isGoodbye(fault: unknown): boolean {
  const { responseCode, response } = fault as { responseCode?: number; response?: string }
  if (fault instanceof TooSlow || fault instanceof Late) return false
  return (
    fault instanceof Stale ||
    responseCode === undefined ||
    responseCode === 421 ||
    /^451[ -]4\.4\.2\b/.test(response ?? '')
  )
}
