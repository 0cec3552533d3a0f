import type { Instant } from './time.ts'

/** One thing that is wrong with a request's body, named by an RFC 6901 pointer into it. */
export type InputFault = { pointer: string; problem: string }

/** From when the same request would be let through. */
export type Wait = {
  retryAt: Instant
  /** What the clock that judged said then, where that is the database's: the wait is told by it, whatever ours says. */
  judgedAt?: Instant
}

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
  // limits: asking again never moves a wait
  | ({ code: 'wrong_codes_limit' } & Wait)
  | { code: 'item_closed' }
  | ({ code: 'sends_limit'; limit: SendLimit } & Wait)
  | ({ code: 'resend_too_soon' } & Wait)
  | { code: 'resends_spent' }
  // where to
  | { code: 'email_malformed' }
  | { code: 'phone_malformed' }
  | { code: 'phone_country_not_served'; country: string }
  | ({ code: 'phone_prefix_closed' } & Wait)
  | ({ code: 'phone_budget_spent' } & Wait)
  | { code: 'channel_unavailable'; channel: string }
  // the request itself
  | { code: 'body_malformed' }
  | { code: 'body_too_large'; most: number }
  | { code: 'content_type_unsupported' }
  | { code: 'input_refused'; errors: InputFault[] }
  | { code: 'idempotency_key_malformed' }
  | { code: 'idempotency_key_reused' }
  | ({ code: 'idempotency_in_progress' } & Wait)
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
  | ({ code: 'passwords_limit' } & Wait)
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
  | ({ code: 'changes_limit' } & Wait)
  | { code: 'must_remain'; missing: 'contact' | 'second_kind' }
  // "I didn't ask for this"
  | { code: 'message_unknown' }
  | { code: 'reference_wrong' }
  // us
  | ({ code: 'unavailable' } & Wait)
  | { code: 'internal' }

export type RefusalCode = Refusal['code']

/** Which limit on sending was reached. */
export type SendLimit = 'email' | 'phone' | 'ip' | 'network' | 'quota' | 'browser'

/** Whose guesses are counted together: strangers never use up what a known browser needs. */
export type GuessLimit =
  | 'strangers_codes'
  | 'known_codes'
  | 'item_codes'
  | 'strangers_passwords'
  | 'known_passwords'

export type Result<Value> = { ok: true; value: Value } | { ok: false; refusal: Refusal }

export const accept = <Value>(value: Value): Result<Value> => ({ ok: true, value })
export const refuse = (refusal: Refusal): { ok: false; refusal: Refusal } => ({ ok: false, refusal })
