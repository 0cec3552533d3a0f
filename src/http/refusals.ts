import type { Refusal, RefusalCode } from '../core/refusal.ts'
import type { Instant } from '../core/time.ts'

/** What a refusal is about: the second thing a caller looks at after its code. */
export type RefusalKind = 'verification' | 'limit' | 'input' | 'access' | 'service'

type Shape = {
  status: 400 | 401 | 403 | 404 | 405 | 406 | 409 | 410 | 413 | 415 | 421 | 422 | 429 | 500 | 503
  kind: RefusalKind
}

/** One row a code: a new code does not compile until it has a status here and a sentence in every language. */
export const refusalShapes = {
  code_wrong: { status: 422, kind: 'verification' },
  code_malformed: { status: 422, kind: 'verification' },
  code_expired: { status: 422, kind: 'verification' },
  code_used: { status: 409, kind: 'verification' },
  code_replaced: { status: 422, kind: 'verification' },
  code_tries_spent: { status: 409, kind: 'verification' },
  verification_cancelled: { status: 409, kind: 'verification' },
  verification_unknown: { status: 404, kind: 'verification' },
  wrong_codes_limit: { status: 429, kind: 'limit' },
  item_closed: { status: 409, kind: 'limit' },
  sends_limit: { status: 429, kind: 'limit' },
  resend_too_soon: { status: 429, kind: 'limit' },
  resends_spent: { status: 409, kind: 'verification' },
  email_malformed: { status: 422, kind: 'input' },
  phone_malformed: { status: 422, kind: 'input' },
  phone_country_not_served: { status: 422, kind: 'input' },
  phone_prefix_closed: { status: 429, kind: 'limit' },
  phone_budget_spent: { status: 429, kind: 'limit' },
  channel_unavailable: { status: 422, kind: 'input' },
  body_malformed: { status: 400, kind: 'input' },
  body_too_large: { status: 413, kind: 'input' },
  content_type_unsupported: { status: 415, kind: 'input' },
  input_refused: { status: 422, kind: 'input' },
  idempotency_key_malformed: { status: 400, kind: 'input' },
  idempotency_key_reused: { status: 422, kind: 'input' },
  idempotency_in_progress: { status: 409, kind: 'input' },
  authentication_required: { status: 401, kind: 'access' },
  api_key_refused: { status: 401, kind: 'access' },
  host_unknown: { status: 421, kind: 'access' },
  origin_refused: { status: 403, kind: 'access' },
  route_unknown: { status: 404, kind: 'input' },
  method_unknown: { status: 405, kind: 'input' },
  username_malformed: { status: 422, kind: 'input' },
  password_short: { status: 422, kind: 'input' },
  password_long: { status: 422, kind: 'input' },
  password_common: { status: 422, kind: 'input' },
  password_own_words: { status: 422, kind: 'input' },
  password_digits: { status: 422, kind: 'input' },
  password_wrong: { status: 422, kind: 'access' },
  sign_in_wrong: { status: 422, kind: 'access' },
  password_is_code: { status: 422, kind: 'access' },
  passwords_limit: { status: 429, kind: 'limit' },
  choice_missing: { status: 422, kind: 'input' },
  flow_ended: { status: 410, kind: 'access' },
  step_elsewhere: { status: 409, kind: 'access' },
  form_stale: { status: 403, kind: 'access' },
  invitation_ended: { status: 410, kind: 'access' },
  accounts_full: { status: 409, kind: 'limit' },
  totp_wrong: { status: 422, kind: 'verification' },
  totp_used: { status: 409, kind: 'verification' },
  passkey_refused: { status: 422, kind: 'verification' },
  passkey_unverified: { status: 422, kind: 'verification' },
  passkey_known: { status: 409, kind: 'input' },
  recovery_code_malformed: { status: 422, kind: 'verification' },
  recovery_code_wrong: { status: 422, kind: 'verification' },
  two_step_kinds: { status: 409, kind: 'access' },
  item_exists: { status: 409, kind: 'input' },
  items_full: { status: 409, kind: 'limit' },
  changes_frozen: { status: 409, kind: 'access' },
  changes_limit: { status: 429, kind: 'limit' },
  must_remain: { status: 409, kind: 'access' },
  message_unknown: { status: 404, kind: 'input' },
  reference_wrong: { status: 422, kind: 'verification' },
  unavailable: { status: 503, kind: 'service' },
  internal: { status: 500, kind: 'service' },
} as const satisfies Record<RefusalCode, Shape>

/** A parameter's value as it stands in JSON and in the header. */
export type RefusalParameters = Record<
  string,
  string | number | string[] | { pointer: string; problem: string }[]
>

/**
 * A refusal's parameters by their names on the wire. Moments are ISO 8601; `retry_after` is whole seconds, rounded up, on
 * the clock that judged.
 */
export function parametersOf(refusal: Refusal, now: Instant): RefusalParameters {
  const { code: _, judgedAt = now, ...rest } = { judgedAt: undefined, ...refusal }
  const parameters: RefusalParameters = {}
  for (const [name, value] of Object.entries(rest)) {
    if (name === 'retryAt') {
      parameters.retry_after = Math.max(1, Math.ceil(((value as Instant) - judgedAt) / 1000))
      parameters.retry_at = isoMoment(value as Instant)
    } else if (name.endsWith('At')) parameters[snakeCase(name)] = isoMoment(value as Instant)
    else parameters[snakeCase(name)] = value as string | number
  }
  return parameters
}

export const isoMoment = (at: Instant): string => new Date(at).toISOString()

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/**
 * The refusal as one line of a network trace, an RFC 9651 item with parameters:
 * `code_wrong; kind="verification"; attempts_left=4; request="…"`.
 */
export function refusalField(refusal: Refusal, requestId: string, now: Instant): string {
  const parameters = Object.entries(parametersOf(refusal, now)).flatMap(([name, value]) => {
    if (typeof value === 'number') return [`${name}=${value}`]
    return typeof value === 'string' ? [`${name}="${fieldText(value)}"`] : []
  })
  return [
    refusal.code,
    `kind="${refusalShapes[refusal.code].kind}"`,
    ...parameters,
    `request="${requestId}"`,
  ].join('; ')
}

/** A structured field's string holds printable ASCII only, with quotes and backslashes escaped (RFC 9651 §3.3.3). */
const fieldText = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, (character) => `\\${character}`)
