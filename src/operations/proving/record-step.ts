import type { Refusal, RefusalCode } from '../../core/refusal.ts'
import { hours, type Instant } from '../../core/time.ts'
import { firstTimeId } from '../../secrets/random.ts'
import { amendCodeActivity } from '../../storage/activity.ts'
import type { Sql } from '../../storage/sql.ts'
import { type ActivityOwner, recordRepeated } from '../activity/record-activity.ts'
import type { Deps } from '../deps.ts'
import type { RequestContext } from '../requester.ts'

/**
 * Records a refused proof in the activity of its account, counted on its source's row: somebody may guess, or sit at an
 * unlocked browser. For a name without an account the same is written where nobody reads it.
 */
export async function recordRefused(
  deps: Deps,
  { told, kind }: { told: ActivityOwner; kind: 'sign_in_refused' | 'proof_refused' },
  refusal: Pick<Refusal, 'code'> | undefined,
  { requester, now }: RequestContext,
): Promise<void> {
  const cause = recordedCauses.find((code) => code === refusal?.code)
  if (cause === undefined) return
  await recordRepeated(deps, deps.database.sql, told, { kind, detail: { cause } }, requester, now)
}

/** What somebody who is not the owner may have tried; a form that came too late is none of it. */
const recordedCauses: readonly RefusalCode[] = [
  'sign_in_wrong',
  'password_wrong',
  'password_is_code',
  'passwords_limit',
  'code_wrong',
  'code_tries_spent',
  'totp_wrong',
  'totp_used',
  'passkey_refused',
  'recovery_code_wrong',
  'wrong_codes_limit',
  'item_closed',
  'sends_limit',
]

/** Marks the code on its account's activity as used. */
export const noteCodeUsed = (
  sql: Sql,
  accountId: string,
  verificationId: string,
  now: Instant,
): Promise<void> =>
  amendCodeActivity(sql, accountId, verificationId, firstTimeId(now - hours(1)), { usedAt: now })
