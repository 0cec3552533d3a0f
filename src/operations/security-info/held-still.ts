import { type Result, refuse } from '../../core/refusal.ts'
import { frozenChange } from '../../core/security-info/freeze.ts'
import type { Instant } from '../../core/time.ts'
import { holdAccount } from '../../storage/account.ts'
import { changesOf } from '../../storage/change.ts'
import { isUnended } from '../../storage/session.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import { TakenBack } from '../verifications/taken-back.ts'

/** Whether an account is held still by a change that somebody with an older contact froze. */
export async function isFrozen(sql: Sql, accountId: string, now: Instant): Promise<boolean> {
  return frozenChange(await changesOf(sql, accountId), now) !== undefined
}

/**
 * One transaction of a session that changes something of its account. The account is held first, so that of two at once
 * one waits for the other and never both; a session that was ended meanwhile changes nothing.
 *
 * Refusals: `form_stale` for such a session, `changes_frozen` where the account is held still.
 */
export async function changing<Value>(
  deps: Deps,
  { accountId, sessionId }: { accountId: string; sessionId: string },
  work: (sql: Sql) => Promise<Result<Value>>,
): Promise<Result<Value>> {
  try {
    return await deps.database.transaction(async (sql) => {
      await holdAccount(sql, accountId)
      if (!(await isUnended(sql, accountId, sessionId))) return refuse({ code: 'form_stale' })
      return work(sql)
    })
  } catch (fault) {
    if (fault instanceof TakenBack) return refuse(fault.refusal)
    throw fault
  }
}
