import type { Instant } from '../core/time.ts'
import {
  answerWait,
  type Channel,
  type DeliveryCause,
  type DeliveryEventKind,
  decideAfterTry,
  type ProviderName,
  type SendOutcome,
  sendMargin,
} from '../core/verifications/delivery.ts'
import type { FollowedKeyring } from '../secrets/keyring-file.ts'
import { newTimeId } from '../secrets/random.ts'
import { sealBound } from '../secrets/sealed-code.ts'
import { type LeasedMessage, settle } from '../storage/outbox.ts'
import type { Sql } from '../storage/sql.ts'
import { type HeldLease, holdLease } from './held-lease.ts'
import type { Provider, RenderedMessage, TryTerms } from './provider.ts'
import { type Letterhead, renderMessage, renderNotice } from './render.ts'

export type Carrier = {
  sql: Sql
  keyring: FollowedKeyring
  providers: readonly Provider[]
  letterhead: Letterhead
  onOutcome: (told: {
    provider: ProviderName | 'none'
    kind: DeliveryEventKind
    cause?: DeliveryCause | undefined
  }) => void
  onFault: (fault: unknown, about: string) => void
}

/** A place among the messages that are under way. */
export type Place = { leave(): void; noteSlow(): void; noteQuick(): void }

/** One try at one message, from the lease to what is written down of it. */
export async function carryMessage(
  carrier: Carrier,
  message: LeasedMessage,
  leasedFrom: Instant,
  place: Place,
): Promise<void> {
  const held = holdLease(carrier.sql, message, leasedFrom, carrier.onFault)
  try {
    const { provider, outcome } = await tryOnce(carrier, message, leasedFrom, { held, place })
    place.leave()
    const now = message.now + (Date.now() - leasedFrom)
    const isNotice = message.kind === 'notice'
    const result = outcome === 'withdrawn' ? outcome : outcome.result
    const after = decideAfterTry(result, { ...message, isNotice }, now)
    const { result: _, ...said } = outcome === 'withdrawn' ? { result: outcome } : outcome
    const event = { id: newTimeId(), kind: after.kind, provider, ...said }
    await settle(carrier.sql, message, event, after)
    carrier.onOutcome({ provider, kind: event.kind, cause: 'cause' in said ? said.cause : undefined })
  } finally {
    held.end()
  }
}

type Tried = { provider: ProviderName | 'none'; outcome: SendOutcome | 'withdrawn' }

async function tryOnce(
  carrier: Carrier,
  message: LeasedMessage,
  leasedFrom: Instant,
  { held, place }: { held: HeldLease; place: Place },
): Promise<Tried> {
  const provider = providerFor(carrier.providers, message.channel)
  if (message.kind === 'decoy') return { provider: 'none', outcome: 'withdrawn' }
  if (isOver(message)) return { provider: provider?.name ?? 'none', outcome: 'withdrawn' }
  if (provider === undefined) {
    return { provider: 'none', outcome: { result: 'deferred', cause: 'provider_misconfigured' } }
  }
  try {
    const rendered = await render(carrier, message)
    let isSlow = false
    const outcome = await provider.send(rendered, {
      ...momentsOf(message, leasedFrom, held),
      isFirst: message.tries === 1,
      onProgress(step) {
        if (step === 'slow') {
          isSlow = true
          place.noteSlow()
        }
        if (step === 'handed_over') held.noteCopy()
        if (step === 'waiting') {
          held.keep()
          place.leave()
        }
      },
    })
    if (!isSlow && 'response' in outcome) place.noteQuick()
    return { provider: provider.name, outcome }
  } catch (fault) {
    // A message that cannot be rendered or sent for a fault of ours is tried like any other, and given up in time.
    carrier.onFault(fault, `Sending message ${message.id}`)
    return { provider: provider.name, outcome: { result: 'deferred', cause: 'provider_unavailable' } }
  }
}

/** Its time has passed, or what it carries is worth nothing any more. */
const isOver = (message: LeasedMessage): boolean =>
  message.now >= message.expiresAt ||
  (message.kind !== 'notice' && (message.state !== 'pending' || message.sealedCode === undefined))

async function render(carrier: Carrier, message: LeasedMessage): Promise<RenderedMessage> {
  if (message.kind === 'notice') return renderNotice(message, carrier.letterhead)
  if (message.sealedCode === undefined) throw new Error('The code has been erased.')
  if (carrier.keyring.current().find(message.codeKey) === undefined) await carrier.keyring.refresh()
  const key = carrier.keyring.current().find(message.codeKey)
  if (key === undefined) throw new Error(`The key ring has no key ${message.codeKey}.`)
  const code = key.open(message.sealedCode, sealBound(message.verificationId, message.destination))
  return renderMessage(message, code, carrier.letterhead)
}

/**
 * The last moments, on this machine's clock: anything is handed over before the code expires and while the lease is
 * ours, so that a process that was stopped for minutes sends nothing late and nothing that another took. An answer is
 * waited for while there is time left to tell of it.
 */
function momentsOf(
  message: LeasedMessage,
  leasedFrom: Instant,
  held: HeldLease,
): Pick<TryTerms, 'deadline' | 'answerBy'> {
  const clockAhead = leasedFrom - message.now
  const lastMoment = message.expiresAt - sendMargin + clockAhead
  return {
    deadline: () => Math.min(lastMoment, held.until()),
    answerBy: Math.min(lastMoment, leasedFrom + answerWait),
  }
}

const providerFor = (providers: readonly Provider[], channel: Channel): Provider | undefined =>
  providers.find((p) => p.channels.includes(channel))
