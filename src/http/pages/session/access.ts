import type { Act } from '../../../core/sign-in/step-up.ts'

/**
 * Which act each route of an account is, and so what it needs (src/core/sign-in/step-up.ts). A route can't be registered without
 * a row here, and a test walks every route of the service against this table. What needs a step-up has a page under the
 * same path as its form: the step-up comes back to it.
 */
export const accountRoutes = {
  'GET /account/:handle': 'see_account',
  'POST /account/:handle/signout': 'sign_out',
  'GET /account/:handle/password': 'change_password',
  'POST /account/:handle/password': 'change_password',
  'GET /account/:handle/activity': 'see_account',
  'GET /account/:handle/activity.csv': 'export_activity',
  'GET /account/:handle/activity.json': 'export_activity',
  'GET /account/:handle/activity/:id/not-me': 'report_activity',
  'POST /account/:handle/activity/:id/not-me': 'report_activity',
  'GET /account/:handle/messages': 'see_account',
  'GET /account/:handle/secure': 'see_account',
  'GET /account/:handle/sessions': 'see_account',
  'POST /account/:handle/sessions': 'end_sessions',
  'GET /account/:handle/security': 'see_account',
  'GET /account/:handle/security/checkup': 'see_account',
  'GET /account/:handle/security/items/:item': 'see_account',
  'GET /account/:handle/security/add': 'add_item',
  'POST /account/:handle/security/add': 'add_item',
  'GET /account/:handle/security/items/:item/confirm': 'confirm_item',
  'POST /account/:handle/security/items/:item/confirm': 'confirm_item',
  'GET /account/:handle/security/items/:item/remove': 'remove_item',
  'POST /account/:handle/security/items/:item/remove': 'remove_item',
  // The code that is typed there is itself the proof; asking for it was the act.
  'GET /account/:handle/security/prove/:id': 'see_account',
  'POST /account/:handle/security/prove/:id': 'see_account',
  'GET /account/:handle/security/prove/:id/news': 'see_account',
  'GET /account/:handle/security/totp': 'set_up_totp',
  'POST /account/:handle/security/totp': 'set_up_totp',
  'GET /account/:handle/security/passkey': 'set_up_passkey',
  'POST /account/:handle/security/passkey': 'set_up_passkey',
  'GET /account/:handle/security/recovery-code': 'make_recovery_code',
  'POST /account/:handle/security/recovery-code': 'make_recovery_code',
  'GET /account/:handle/security/items/:item/name': 'rename_item',
  'POST /account/:handle/security/items/:item/name': 'rename_item',
  'GET /account/:handle/security/two-step': 'see_account',
  'GET /account/:handle/security/two-step/on': 'two_step_on',
  'POST /account/:handle/security/two-step/on': 'two_step_on',
  'GET /account/:handle/security/two-step/off': 'two_step_off',
  'POST /account/:handle/security/two-step/off': 'two_step_off',
  'GET /account/:handle/trusted-browsers': 'see_account',
  'POST /account/:handle/trusted-browsers': 'untrust_browsers',
  'GET /account/:handle/security/changes/:id': 'see_account',
  'GET /account/:handle/security/changes/:id/freeze': 'freeze_change',
  'POST /account/:handle/security/changes/:id/freeze': 'freeze_change',
  'GET /account/:handle/security/changes/:id/undo': 'undo_change',
  'POST /account/:handle/security/changes/:id/undo': 'undo_change',
  'GET /account/:handle/security/changes/:id/keep': 'undo_change',
  'POST /account/:handle/security/changes/:id/keep': 'undo_change',
  'GET /account/:handle/stepup': 'step_up',
  'POST /account/:handle/stepup': 'step_up',
  'GET /account/:handle/stepup/:id': 'step_up',
  'POST /account/:handle/stepup/:id': 'step_up',
  'GET /account/:handle/stepup/:id/news': 'step_up',
} as const satisfies Record<`${'GET' | 'POST'} /account/:handle${string}`, Act>

type AccountRoute = keyof typeof accountRoutes
/** The paths that answer to a method. */
export type AccountPath<Method extends 'GET' | 'POST'> = AccountRoute extends infer Route
  ? Route extends `${Method} ${infer Path}`
    ? Path
    : never
  : never

export const actOf = <Method extends 'GET' | 'POST'>(method: Method, path: AccountPath<Method>): Act =>
  accountRoutes[`${method} ${path}` as AccountRoute]

/** Routes that belong to no account: who is signed in, if anybody, makes no difference to what they let through. */
export const openRoutes: readonly string[] = [
  'GET /',
  'GET /signin',
  'POST /signin',
  'POST /signin/passkey',
  'GET /signin/:id',
  'POST /signin/:id',
  'GET /signin/:id/news',
  'GET /signup',
  'POST /signup',
  'GET /signup/:id',
  'POST /signup/:id',
  'GET /signup/:id/news',
  'GET /account',
  'POST /account/signout',
  'GET /administrator/:token',
  'POST /administrator/:token',
  'GET /.well-known/change-password',
  // What belongs to nobody.
  'GET /help',
  'GET /help/errors',
  'POST /help/errors',
  'GET /help/errors/:code',
  'GET /docs',
  'GET /openapi.json',
  'GET /healthz',
  'GET /readyz',
  // By a message's own token, and the reference in it.
  'GET /changes/:token',
  'POST /changes/:token',
  // Begun by that, and gone on with by proofs of its own.
  'GET /undo/:id',
  'POST /undo/:id',
  'GET /undo/:id/news',
  'GET /report/:token',
  'POST /report/:token',
  // For applications, by their key.
  'POST /v1/verifications',
  'GET /v1/verifications/:id',
  'POST /v1/verifications/:id/attempts',
  'POST /v1/verifications/:id/sends',
  'POST /v1/verifications/:id/cancellation',
]
