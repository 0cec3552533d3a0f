import type { FlowState, SignIn } from '../../core/people/flow.ts'
import type { Refusal, RefusalCode } from '../../core/refusal.ts'
import { hours, type Instant } from '../../core/time.ts'
import { firstTimeId } from '../../secrets/random.ts'
import { amendCodeActivity } from '../../storage/activity.ts'
import type { Sql } from '../../storage/sql.ts'
import { noteRepeated, toldTo } from '../activity/note-activity.ts'
import type { Deps } from '../deps.ts'
import type { Source } from '../source.ts'
import { toldOf } from './item-choices.ts'

/**
 * Tells an account what came of one form of a sign-in to it: a refusal is counted on its source's row, and a code that
 * was right is marked as used. For a name without an account the same is written where nobody reads it.
 */
export async function noteStep(
  deps: Deps,
  before: FlowState,
  after: { state: FlowState; refusal?: Refusal | undefined },
  source: Source,
  now: Instant,
): Promise<void> {
  if (before.kind !== 'sign_in') return
  const told = toldOf(deps, before)
  const { sql } = deps.database
  const cause = isGuarded(before, after.state)
    ? 'passwords_limit'
    : refusedBy.find((code) => code === after.refusal?.code)
  if (cause !== undefined) {
    await noteRepeated(deps, sql, told, { kind: 'sign_in_refused', detail: { cause } }, source, now)
  }
  const { verificationId } = before
  const isUsed =
    before.step === 'code' && after.refusal === undefined && !waitsStill(after.state, verificationId)
  if (verificationId !== undefined && isUsed) {
    await noteCodeUsed(sql, told.accountId, verificationId, now)
  }
}

/** Tells an account of a wrong proof within one of its sessions: somebody may sit at an unlocked browser. */
export async function noteWrongProof(
  deps: Deps,
  accountId: string,
  refusal: Refusal | undefined,
  source: Source,
  now: Instant,
): Promise<void> {
  const cause = [...refusedBy, 'password_wrong' as const].find((code) => code === refusal?.code)
  if (cause === undefined) return
  const { sql } = deps.database
  await noteRepeated(deps, sql, toldTo(accountId), { kind: 'proof_refused', detail: { cause } }, source, now)
}

/** Marks the code on its account's activity as used. */
export const noteCodeUsed = (
  sql: Sql,
  accountId: string,
  verificationId: string,
  now: Instant,
): Promise<void> =>
  amendCodeActivity(sql, accountId, verificationId, firstTimeId(now - hours(1)), { usedAt: now })

/** What somebody who is not the owner may have tried; a form that came too late is none of it. */
const refusedBy: readonly RefusalCode[] = [
  'sign_in_wrong',
  'password_is_code',
  'passwords_limit',
  'code_wrong',
  'totp_wrong',
  'totp_used',
  'passkey_refused',
  'recovery_code_wrong',
  'code_tries_spent',
  'wrong_codes_limit',
  'item_closed',
  'totp_wrong',
  'totp_used',
  'passkey_refused',
  'recovery_code_wrong',
  'sends_limit',
]

/** Strangers have used up their guesses: a code comes first from here on. */
const isGuarded = (before: SignIn, after: FlowState): boolean =>
  !before.guarded && after.kind === 'sign_in' && after.guarded

const waitsStill = (state: FlowState, verificationId: string | undefined): boolean =>
  state.kind === 'sign_in' && (state.verificationId === verificationId || state.step === 'choose')
