import { setTimeout as sleep } from 'node:timers/promises'
import { seconds } from '../core/time.ts'
import { leaseTime } from '../core/verifications/delivery.ts'
import { openPlaces } from '../core/verifications/places.ts'
import { type DueMessage, dueMessages, type LeasedMessage, lease } from '../storage/outbox.ts'
import { type Carrier, carryMessage, type Place } from './carry-message.ts'

export type OutboxSettings = Carrier & {
  /** How many messages are under way at once; those that only wait for a late answer come on top. */
  concurrency: number
}

export type Outbox = {
  /** Something is due: looks now instead of at the next round. */
  wake(): void
  /**
   * Takes no more, and waits for what is under way; but not for a mail server that does not answer: what it has not
   * taken by then, another worker tries when the lease lapses.
   */
  stop(): Promise<void>
}

const lastTriesWithin = seconds(5)

/** How long a message waits at most where no word came that it is due. */
const lookAgainEvery = 1000

/** So many due messages are read at a time: enough to find some for every place, whatever domain they go to. */
const lookAhead = 100

/**
 * Carries due messages to providers. Delivery is at least once: a crash after a provider accepted, and before that was
 * written down, sends the message again with the same Message-ID and the same code.
 */
export function openOutbox(settings: OutboxSettings): Outbox {
  const { sql, onFault } = settings
  const capacity = settings.providers.reduce((sum, provider) => sum + provider.capacity, 0)
  const places = openPlaces(Math.max(1, Math.min(settings.concurrency, capacity)))
  const underWay = new Set<Promise<void>>()
  let stopped = false
  let looking: Promise<void> | undefined
  let lookAgain = false

  function look(): void {
    if (stopped) return
    if (looking) {
      lookAgain = true
      return
    }
    looking = takeAll()
      .catch((fault) => onFault(fault, 'Reading the outbox'))
      .finally(() => {
        looking = undefined
        if (lookAgain) {
          lookAgain = false
          look()
        }
      })
  }

  async function takeAll(): Promise<void> {
    while (!stopped && places.free() > 0) {
      const now = Date.now()
      const due = await dueMessages(sql, lookAhead, places.full(now))
      const chosen = due.filter(({ domain }) => places.take(domain, now))
      if (chosen.length === 0) return
      await take(chosen)
      // Those that found no place are looked at again, without the domains that are full by now.
      if (chosen.length === due.length && due.length < lookAhead) return
    }
  }

  async function take(chosen: readonly DueMessage[]): Promise<void> {
    const leasedFrom = Date.now()
    const waiting = new Map(chosen.map((one) => [one.id, one.domain]))
    try {
      const { messages, lost } = await lease(sql, chosen, leaseTime)
      for (const message of messages) {
        const domain = waiting.get(message.id)
        waiting.delete(message.id)
        start(message, leasedFrom, domain)
      }
      if (lost > 0) onFault(new Error(`${lost} withdrawn: what they belong to is gone.`), 'Reading messages')
    } finally {
      // What another worker was faster to take.
      for (const domain of waiting.values()) places.leave(domain)
    }
  }

  function start(message: LeasedMessage, leasedFrom: number, domain: string | undefined): void {
    const place = placeAt(domain)
    const work = carryMessage(settings, message, leasedFrom, place)
      .catch((fault) => onFault(fault, `Sending message ${message.id}`))
      .finally(() => {
        place.leave()
        underWay.delete(work)
        look()
      })
    underWay.add(work)
  }

  function placeAt(domain: string | undefined): Place {
    let isLeft = false
    return {
      leave() {
        if (isLeft) return
        isLeft = true
        places.leave(domain)
        look()
      },
      noteSlow: () => places.noteSlow(domain, Date.now()),
      noteQuick: () => places.noteQuick(domain),
    }
  }

  const timer = setInterval(look, lookAgainEvery)
  look()
  return {
    wake: look,
    async stop() {
      stopped = true
      clearInterval(timer)
      await looking
      await Promise.race([Promise.allSettled(underWay), sleep(lastTriesWithin, undefined, { ref: false })])
    },
  }
}
