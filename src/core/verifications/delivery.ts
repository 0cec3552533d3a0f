import { type Duration, type Instant, minutes, seconds } from '../time.ts'

export type Channel = 'email' | 'sms' | 'voice'
export type ProviderName = 'inbox' | 'smtp'

/**
 * The life of a message. `sent` means that a provider took responsibility for it, not that a person read it.
 *
 *     queued --taken by provider--> sent --later report--> failed
 *       |--refused for good, or no try left--> failed
 *       |--the verification ended first--> withdrawn
 */
export type MessageState = 'queued' | 'sent' | 'failed' | 'withdrawn'

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
  'deadline_passed',
] as const
export type DeliveryCause = (typeof deliveryCauses)[number]

/** What one try came to. `cause` says why it was not handed over; `response` is the provider's answer, made safe. */
export type SendOutcome =
  | { result: 'accepted'; by: string; response: string }
  | { result: 'deferred'; cause: DeliveryCause; by?: string; status?: string; response?: string }
  | { result: 'refused'; cause: DeliveryCause; by?: string; status?: string; response?: string }

export const deliveryEventKinds = ['accepted', 'deferred', 'refused', 'gave_up', 'withdrawn'] as const
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

/** A lease outlives the slowest try (20 s); a worker that dies loses its messages to another one after this. */
export const leaseTime: Duration = seconds(30)
