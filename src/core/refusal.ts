import type { Instant } from './time.ts'

/** One thing that is wrong with a request's body, named by an RFC 6901 pointer into it. */
export type InputFault = { pointer: string; problem: string }

/**
 * A declined request: an ordinary value with a stable `code`. Faults of ours are exceptions instead.
 * Every code has an HTTP status, a sentence in every language and a help page; tables over `RefusalCode` hold that.
 */
export type Refusal =
  // a code
  | { code: 'code_wrong'; attemptsLeft: number }
  | { code: 'code_malformed'; length: number }
  | { code: 'code_expired'; expiredAt: Instant }
  | { code: 'code_used'; usedAt: Instant }
  | { code: 'code_replaced'; replacedAt: Instant; attemptsLeft: number }
  | { code: 'code_tries_spent' }
  | { code: 'verification_cancelled' }
  | { code: 'verification_unknown' }
  // limits: `retryAt` is when the same request would be let through, and asking again never moves it
  | { code: 'wrong_codes_limit'; retryAt: Instant }
  | { code: 'item_closed' }
  | { code: 'sends_limit'; limit: SendLimit; retryAt: Instant }
  | { code: 'resend_too_soon'; retryAt: Instant }
  | { code: 'resends_spent' }
  // where to
  | { code: 'email_malformed' }
  | { code: 'phone_malformed' }
  | { code: 'phone_country_not_served'; country: string }
  | { code: 'phone_prefix_closed'; retryAt: Instant }
  | { code: 'phone_budget_spent'; retryAt: Instant }
  | { code: 'channel_unavailable'; channel: string }
  // the request itself
  | { code: 'body_malformed' }
  | { code: 'body_too_large'; most: number }
  | { code: 'content_type_unsupported' }
  | { code: 'input_refused'; errors: InputFault[] }
  | { code: 'idempotency_key_malformed' }
  | { code: 'idempotency_key_reused' }
  | { code: 'idempotency_in_progress'; retryAt: Instant }
  | { code: 'authentication_required' }
  | { code: 'api_key_refused' }
  | { code: 'host_unknown' }
  | { code: 'origin_refused' }
  | { code: 'route_unknown' }
  | { code: 'method_unknown'; allow: string[] }
  // signing up and in
  | { code: 'username_malformed' }
  | { code: 'password_short'; least: number }
  | { code: 'password_long'; most: number }
  | { code: 'password_common' }
  | { code: 'password_own_words' }
  | { code: 'password_digits' }
  | { code: 'password_wrong' }
  | { code: 'sign_in_wrong' }
  | { code: 'password_is_code' }
  | { code: 'passwords_limit'; retryAt: Instant }
  | { code: 'choice_missing' }
  | { code: 'flow_ended' }
  | { code: 'step_elsewhere' }
  | { code: 'form_stale' }
  | { code: 'invitation_ended' }
  | { code: 'accounts_full'; most: number }
  // an authenticator app, a passkey, a recovery code
  | { code: 'totp_wrong' }
  | { code: 'totp_used' }
  | { code: 'passkey_refused' }
  | { code: 'passkey_unverified' }
  | { code: 'passkey_known' }
  | { code: 'recovery_code_malformed' }
  | { code: 'recovery_code_wrong' }
  | { code: 'two_step_kinds' }
  // security info
  | { code: 'item_exists' }
  | { code: 'items_full'; most: number }
  | { code: 'changes_frozen' }
  | { code: 'changes_limit'; retryAt: Instant }
  | { code: 'must_remain'; missing: 'contact' | 'second_kind' }
  // "I didn't ask for this"
  | { code: 'message_unknown' }
  | { code: 'reference_wrong' }
  // us
  | { code: 'unavailable'; retryAt: Instant }
  | { code: 'internal' }

export type RefusalCode = Refusal['code']

/** The refusals with one of these codes. */
export type RefusalOf<Code extends RefusalCode> = Extract<Refusal, { code: Code }>

/** Which limit on sending was reached. */
export type SendLimit = 'email' | 'phone' | 'ip' | 'network' | 'quota' | 'browser'

/** Whose guesses are counted together: strangers never use up what a known browser needs. */
export type GuessLimit =
  | 'strangers_codes'
  | 'known_codes'
  | 'item_codes'
  | 'strangers_passwords'
  | 'known_passwords'

/** A value, or a refusal with one of these codes. */
export type Result<Value, Code extends RefusalCode = RefusalCode> =
  | { ok: true; value: Value }
  | { ok: false; refusal: RefusalOf<Code> }

export const accept = <Value>(value: Value): { ok: true; value: Value } => ({ ok: true, value })
export const refuse = <Declined extends Refusal>(refusal: Declined): { ok: false; refusal: Declined } => ({
  ok: false,
  refusal,
})
