import { type Duration, type Instant, minutes, seconds } from '../time.ts'

export type Channel = 'email' | 'sms' | 'voice'
export type ProviderName = 'inbox' | 'smtp'

/**
 * The life of a message. `sent` means that a provider took responsibility for it, not that a person read it. `unknown`
 * means that it may have arrived: it was handed over whole, and no answer came (RFC 1047).
 *
 *     queued --taken by provider--> sent --later report--> failed
 *       |--refused for good, or no try left--> failed
 *       |--the verification ended first--> withdrawn
 *       |--handed over twice without an answer, or once and never taken after--> unknown
 */
export type MessageState = 'queued' | 'sent' | 'failed' | 'withdrawn' | 'unknown'

/**
 * Why a delivery went wrong, in words a person can act on. Derived from RFC 3463 enhanced status codes where the
 * other server gave one, else from the RFC 5321 reply or the network fault.
 */
export const deliveryCauses = [
  'address_unknown',
  'mailbox_full',
  'mailbox_disabled',
  'message_too_large',
  'domain_unknown',
  'greylisted',
  'rate_limited',
  'refused_as_spam',
  'refused_by_policy',
  'authentication_failed',
  'tls_failed',
  'connection_failed',
  'provider_unavailable',
  'provider_misconfigured',
  'number_unreachable',
  'rejected',
  'no_answer',
  'deadline_passed',
] as const
export type DeliveryCause = (typeof deliveryCauses)[number]

/**
 * What one try came to. `cause` says why it was not handed over, or why nobody knows what became of it; `response` is the
 * provider's answer, made safe.
 */
export type SendOutcome =
  | { result: 'accepted'; by: string; response: string }
  | {
      result: 'deferred' | 'refused' | 'unknown'
      cause: DeliveryCause
      by?: string
      status?: string
      response?: string
    }

export const deliveryEventKinds = [
  'accepted',
  'deferred',
  'refused',
  'unknown',
  'gave_up',
  'withdrawn',
] as const
export type DeliveryEventKind = (typeof deliveryEventKinds)[number]

/** When a message that could not be handed over is tried again, counted from when it was first due. */
export const retryOffsets: readonly Duration[] = [5, 15, 45, 90, 180, 310].map(seconds)

/** A notice has no code that dies: a mail server may be away for two days. */
export const noticeRetryOffsets: readonly Duration[] = [
  ...retryOffsets,
  ...[15, 30, 60, 2 * 60, 4 * 60, 8 * 60, 16 * 60, 24 * 60, 36 * 60, 48 * 60].map(minutes),
]

/** Nothing is handed to a provider with less than this left, so that no code arrives already dead. */
export const sendMargin: Duration = seconds(5)

export type NextTry = { at: Instant } | { never: 'no_try_left' | 'deadline_passed' }

/**
 * Decides when a deferred message is tried again.
 *
 * @param tries how many tries have been made, at least 1
 * @param firstDueAt when it was first due; retries keep to its timetable however slow a try was
 * @param expiresAt nothing is sent from `sendMargin` before this moment on
 */
export function decideNextTry(
  tries: number,
  firstDueAt: Instant,
  expiresAt: Instant,
  now: Instant,
  offsets: readonly Duration[] = retryOffsets,
): NextTry {
  const offset = offsets[tries - 1]
  if (offset === undefined) return { never: 'no_try_left' }
  const at = Math.max(now, firstDueAt + offset)
  return at < expiresAt - sendMargin ? { at } : { never: 'deadline_passed' }
}

/** A server that took a message whole and said nothing has it once or twice in the end, never more often. */
export const mostCopies = 2

/** What the next try of a message, or its end, depends on. */
export type TryHistory = {
  tries: number
  /** How often it was handed over whole without an answer, the last try not counted. */
  copies: number
  firstDueAt: Instant
  expiresAt: Instant
  /** Of a notice, which has no code that dies. */
  isNotice: boolean
}

/** What is written down of a try, and what becomes of the message. */
export type AfterTry = { kind: DeliveryEventKind; copies: number } & (
  | { state: Exclude<MessageState, 'queued'> }
  | { dueAt: Instant }
)

/**
 * Decides what becomes of a message after one try. Once it was handed over whole without an answer it can't be called
 * failed or withdrawn any more: it may have arrived.
 */
export function decideAfterTry(
  outcome: SendOutcome['result'] | 'withdrawn',
  history: TryHistory,
  now: Instant,
): AfterTry {
  const copies = history.copies + (outcome === 'unknown' ? 1 : 0)
  const ended = (state: 'failed' | 'withdrawn') => (copies > 0 ? 'unknown' : state)
  if (outcome === 'accepted') return { kind: 'accepted', copies, state: 'sent' }
  if (outcome === 'withdrawn') return { kind: 'withdrawn', copies, state: ended('withdrawn') }
  if (outcome === 'refused') return { kind: 'refused', copies, state: ended('failed') }
  const offsets = history.isNotice ? noticeRetryOffsets : retryOffsets
  const next = decideNextTry(history.tries, history.firstDueAt, history.expiresAt, now, offsets)
  if ('at' in next && copies < mostCopies) return { kind: outcome, copies, dueAt: next.at }
  return { kind: outcome === 'unknown' ? 'unknown' : 'gave_up', copies, state: ended('failed') }
}

/**
 * How long one try may hold a place and a connection before its message is handed over. Servers in between check a
 * recipient within seconds; who takes longer is tried again.
 */
export const tryLimit: Duration = seconds(15)

/** A destination that kept a try waiting for a third of its limit has one place, for so long after. */
export const slowLasts: Duration = minutes(10)

/**
 * How long the first try waits for a greeting, and how long later ones do. The first is short, since another server of
 * the same name may be well; RFC 5321 §4.5.3.2.1 gives 5 minutes.
 */
export const greetingWaits = { first: seconds(10), later: minutes(5) } as const

/** How long an answer to a whole message is waited for at most (RFC 5321 §4.5.3.2.6). */
export const answerWait: Duration = minutes(10)

/** A lease outlives the slowest try; a try that waits longer has it renewed. A worker that dies loses its messages then. */
export const leaseTime: Duration = seconds(30)
