import { type Result, refuse } from '../../core/refusal.ts'
import { frozenChange } from '../../core/security-info/freeze.ts'
import type { Instant } from '../../core/time.ts'
import { changesOf } from '../../storage/change.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import { TakenBack } from '../verifications/taken-back.ts'

/** Whether an account is held still by a change that somebody with an older contact froze. */
export async function isFrozen(sql: Sql, accountId: string, now: Instant): Promise<boolean> {
  return frozenChange(await changesOf(sql, accountId), now) !== undefined
}

/** One transaction that changes something of an account; where that is held still, the refusal `changes_frozen`. */
export async function changing<Value>(
  deps: Deps,
  work: (sql: Sql) => Promise<Result<Value>>,
): Promise<Result<Value>> {
  try {
    return await deps.database.transaction(work)
  } catch (fault) {
    if (fault instanceof TakenBack) return refuse(fault.refusal)
    throw fault
  }
}
