import type { RefusalCode } from '../../core/refusal.ts'

/** The key is looked at before anything else, and a fault of ours may come at any moment. */
const always = ['authentication_required', 'api_key_refused', 'unavailable', 'internal'] as const
const body = ['body_malformed', 'input_refused', 'body_too_large', 'content_type_unsupported'] as const
const ended = ['code_used', 'code_tries_spent', 'code_expired'] as const
const text = ['phone_prefix_closed', 'phone_budget_spent'] as const

/**
 * What each operation may refuse: the one list, from which the API's description and docs/api.md are made. A handler that
 * could answer with any other doesn't compile, and a test makes each of them happen.
 */
export const operationRefusals = {
  issueVerification: [
    ...body,
    'email_malformed',
    'phone_malformed',
    'phone_country_not_served',
    'channel_unavailable',
    'sends_limit',
    ...text,
    'idempotency_key_malformed',
    'idempotency_key_reused',
    'idempotency_in_progress',
    ...always,
  ],
  checkCode: [
    'code_wrong',
    'code_malformed',
    ...ended,
    'verification_cancelled',
    'wrong_codes_limit',
    'verification_unknown',
    ...body,
    ...always,
  ],
  resendCode: [
    'resend_too_soon',
    'resends_spent',
    ...ended,
    'verification_cancelled',
    'sends_limit',
    'channel_unavailable',
    ...text,
    'verification_unknown',
    ...body,
    ...always,
  ],
  readVerification: ['verification_unknown', ...always],
  cancelVerification: [...ended, 'verification_unknown', ...always],
} as const satisfies Record<string, readonly RefusalCode[]>

/** What every operation may refuse. */
export type CommonRefusal = (typeof always)[number]
export type OperationId = keyof typeof operationRefusals
export type OperationRefusal<Id extends OperationId> = (typeof operationRefusals)[Id][number]

/** Any address below `/v1` answers these where it is none, or takes another method. */
const elsewhere = ['route_unknown', 'method_unknown'] as const

/** Every refusal that an application may get. */
export const apiRefusals: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  ...Object.values(operationRefusals).flat(),
  ...elsewhere,
])
