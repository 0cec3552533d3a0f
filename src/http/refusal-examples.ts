import type { Refusal, RefusalCode } from '../core/refusal.ts'

const at = Date.parse('2026-11-22T10:52:00Z')

/** The moment at which the examples are told. */
export const exampleNow = Date.parse('2026-11-22T10:51:36Z')

/** Each refusal once, with all its parameters: for the API's description, the help pages and tests. */
export const refusalExamples = {
  code_wrong: { code: 'code_wrong', attemptsLeft: 4 },
  code_malformed: { code: 'code_malformed', length: 6 },
  code_expired: { code: 'code_expired', expiredAt: exampleNow },
  code_used: { code: 'code_used', usedAt: exampleNow },
  code_tries_spent: { code: 'code_tries_spent' },
  verification_cancelled: { code: 'verification_cancelled' },
  verification_unknown: { code: 'verification_unknown' },
  wrong_codes_limit: { code: 'wrong_codes_limit', retryAt: at },
  sends_limit: { code: 'sends_limit', limit: 'email', retryAt: at },
  resend_too_soon: { code: 'resend_too_soon', retryAt: at },
  resends_spent: { code: 'resends_spent' },
  email_malformed: { code: 'email_malformed' },
  phone_malformed: { code: 'phone_malformed' },
  phone_country_not_served: { code: 'phone_country_not_served', country: 'GB' },
  phone_prefix_closed: { code: 'phone_prefix_closed', retryAt: at },
  phone_budget_spent: { code: 'phone_budget_spent', retryAt: at },
  channel_unavailable: { code: 'channel_unavailable', channel: 'voice' },
  body_malformed: { code: 'body_malformed' },
  body_too_large: { code: 'body_too_large', most: 16_384 },
  content_type_unsupported: { code: 'content_type_unsupported' },
  input_refused: {
    code: 'input_refused',
    errors: [{ pointer: '/to', problem: 'must be {"email": "…"} or {"phone": "…"}' }],
  },
  idempotency_key_malformed: { code: 'idempotency_key_malformed' },
  idempotency_key_reused: { code: 'idempotency_key_reused' },
  idempotency_in_progress: { code: 'idempotency_in_progress', retryAt: at },
  authentication_required: { code: 'authentication_required' },
  api_key_refused: { code: 'api_key_refused' },
  host_unknown: { code: 'host_unknown' },
  origin_refused: { code: 'origin_refused' },
  route_unknown: { code: 'route_unknown' },
  method_unknown: { code: 'method_unknown', allow: ['GET', 'HEAD', 'POST'] },
  message_unknown: { code: 'message_unknown' },
  reference_wrong: { code: 'reference_wrong' },
  unavailable: { code: 'unavailable', retryAt: at },
  internal: { code: 'internal' },
} satisfies { [Code in RefusalCode]: Extract<Refusal, { code: Code }> }
