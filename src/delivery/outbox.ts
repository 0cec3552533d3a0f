import { setTimeout as sleep } from 'node:timers/promises'
import { seconds } from '../core/time.ts'
import {
  type Channel,
  type DeliveryCause,
  decideNextTry,
  leaseTime,
  noticeRetryOffsets,
  type ProviderName,
  retryOffsets,
  type SendOutcome,
  sendMargin,
} from '../core/verifications/delivery.ts'
import type { FollowedKeyring } from '../secrets/keyring-file.ts'
import { newTimeId } from '../secrets/random.ts'
import { sealBound } from '../secrets/sealed-code.ts'
import { type DeliveryEvent, type LeasedMessage, lease, settle } from '../storage/message.ts'
import type { Sql } from '../storage/sql.ts'
import type { Provider, RenderedMessage } from './provider.ts'
import { type Letterhead, renderMessage, renderNotice } from './render.ts'

export type OutboxSettings = {
  sql: Sql
  keyring: FollowedKeyring
  providers: readonly Provider[]
  letterhead: Letterhead
  /** How many messages are under way at once. */
  concurrency: number
  onOutcome: (told: {
    provider: ProviderName | 'none'
    kind: DeliveryEvent['kind']
    cause?: DeliveryCause | undefined
  }) => void
  onFault: (fault: unknown, about: string) => void
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

/**
 * Carries due messages to providers. Delivery is at least once: a crash after a provider accepted, and before that was
 * written down, sends the message again with the same Message-ID and the same code.
 */
export function openOutbox(settings: OutboxSettings): Outbox {
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
      .catch((fault) => settings.onFault(fault, 'Reading the outbox'))
      .finally(() => {
        looking = undefined
        if (lookAgain) {
          lookAgain = false
          look()
        }
      })
  }

  async function takeAll(): Promise<void> {
    for (;;) {
      const room = settings.concurrency - underWay.size
      if (room <= 0 || stopped) return
      const leasedFrom = Date.now()
      const messages = await lease(settings.sql, room, leaseTime)
      for (const message of messages) start(message, leasedFrom)
      if (messages.length < room) return
    }
  }

  function start(message: LeasedMessage, leasedFrom: number): void {
    const work = carry(settings, message, leasedFrom)
      .catch((fault) => settings.onFault(fault, `Sending message ${message.id}`))
      .finally(() => {
        underWay.delete(work)
        look()
      })
    underWay.add(work)
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

/** One try at one message, from the lease to what is written down of it. */
async function carry(settings: OutboxSettings, message: LeasedMessage, leasedFrom: number): Promise<void> {
  const tried = await tryOnce(settings, message, leasedFrom)
  const event: DeliveryEvent = { id: newTimeId(), kind: 'accepted', provider: tried.provider }
  const { outcome } = tried
  if (outcome === 'withdrawn') {
    await write(settings, message, { ...event, kind: 'withdrawn' }, { state: 'withdrawn' })
  } else if (outcome.result === 'accepted') {
    await write(
      settings,
      message,
      { ...event, by: outcome.by, response: outcome.response },
      { state: 'sent' },
    )
  } else {
    const { result: _, ...why } = outcome
    const next = outcome.result === 'refused' ? undefined : nextTry(message, leasedFrom)
    if (next !== undefined)
      await write(settings, message, { ...event, ...why, kind: 'deferred' }, { dueAt: next })
    else {
      const kind = outcome.result === 'refused' ? 'refused' : 'gave_up'
      await write(settings, message, { ...event, ...why, kind }, { state: 'failed' })
    }
  }
}

type Tried = { provider: ProviderName | 'none'; outcome: SendOutcome | 'withdrawn' }

async function tryOnce(settings: OutboxSettings, message: LeasedMessage, leasedFrom: number): Promise<Tried> {
  const provider = providerFor(settings.providers, message.channel)
  if (message.kind === 'decoy') return { provider: 'none', outcome: 'withdrawn' }
  if (isOver(message)) return { provider: provider?.name ?? 'none', outcome: 'withdrawn' }
  if (provider === undefined) {
    return { provider: 'none', outcome: { result: 'deferred', cause: 'provider_misconfigured' } }
  }
  try {
    const rendered = await render(settings, message)
    return {
      provider: provider.name,
      outcome: await provider.send(rendered, deadlineOf(message, leasedFrom)),
    }
  } catch (fault) {
    // A message that cannot be rendered or sent for a fault of ours is tried like any other, and given up in time.
    settings.onFault(fault, `Sending message ${message.id}`)
    return { provider: provider.name, outcome: { result: 'deferred', cause: 'provider_unavailable' } }
  }
}

/** Its time has passed, or what it carries is worth nothing any more. */
const isOver = (message: LeasedMessage): boolean =>
  message.now >= message.expiresAt ||
  (message.kind !== 'notice' && (message.state !== 'pending' || message.sealedCode === undefined))

async function render(settings: OutboxSettings, message: LeasedMessage): Promise<RenderedMessage> {
  if (message.kind === 'notice') return renderNotice(message, settings.letterhead)
  if (message.sealedCode === undefined) throw new Error('The code has been erased.')
  if (settings.keyring.current().find(message.codeKey) === undefined) await settings.keyring.refresh()
  const key = settings.keyring.current().find(message.codeKey)
  if (key === undefined) throw new Error(`The key ring has no key ${message.codeKey}.`)
  const code = key.open(message.sealedCode, sealBound(message.verificationId, message.destination))
  return renderMessage(message, code, settings.letterhead)
}

/**
 * The last moment, on this machine's clock, at which anything may be handed over: before the code expires and while
 * the lease is ours, so that a process that was stopped for minutes sends nothing late and nothing that another took.
 */
function deadlineOf(message: LeasedMessage, leasedFrom: number): number {
  const clockAhead = leasedFrom - message.now
  return Math.min(message.expiresAt - sendMargin + clockAhead, leasedFrom + leaseTime)
}

function nextTry(message: LeasedMessage, leasedFrom: number): number | undefined {
  const now = message.now + (Date.now() - leasedFrom)
  const offsets = message.kind === 'notice' ? noticeRetryOffsets : retryOffsets
  const next = decideNextTry(message.tries, message.firstDueAt, message.expiresAt, now, offsets)
  return 'at' in next ? next.at : undefined
}

const providerFor = (providers: readonly Provider[], channel: Channel): Provider | undefined =>
  providers.find((p) => p.channels.includes(channel))

async function write(
  settings: OutboxSettings,
  message: LeasedMessage,
  event: DeliveryEvent,
  next: Parameters<typeof settle>[3],
): Promise<void> {
  await settle(settings.sql, message, event, next)
  settings.onOutcome({ provider: event.provider, kind: event.kind, cause: event.cause })
}
