import type { StoredChange } from '../../core/changes/change.ts'
import { frozenChange, heldChanges } from '../../core/changes/freeze.ts'
import { type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { lockAccount } from '../../storage/account.ts'
import { changesOf } from '../../storage/change.ts'
import { isUnended } from '../../storage/session.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import { Rollback } from '../rollback.ts'

/** Whether an account is held still by a change that somebody with an older contact froze. */
export async function isFrozen(sql: Sql, accountId: string, now: Instant): Promise<boolean> {
  return frozenChange(await changesOf(sql, accountId), now) !== undefined
}

/** All that is held still in an account, newest first: deciding the last of them decides the others too. */
export const readHeld = async (deps: Deps, accountId: string, now: Instant): Promise<StoredChange[]> =>
  heldChanges(await changesOf(deps.database.sql, accountId), now)

/** One transaction that may find out half-way that it has to be refused: then nothing of it was done. */
export async function orRefusal<Value>(
  deps: Deps,
  work: (sql: Sql) => Promise<Result<Value>>,
): Promise<Result<Value>> {
  try {
    return await deps.database.transaction(work)
  } catch (fault) {
    if (fault instanceof Rollback) return refuse(fault.refusal)
    throw fault
  }
}

/** Who changes an account: one of its sessions, or somebody on the way to one. */
export type Actor = { accountId: string; sessionId?: string | undefined }

/** Whether a session has been ended since its form was taken: then it changes nothing. Called while its account is held. */
export const hasEnded = async (sql: Sql, { accountId, sessionId }: Actor): Promise<boolean> =>
  sessionId !== undefined && !(await isUnended(sql, accountId, sessionId))

/**
 * One transaction of a session that changes something of its account. The account is held first, so that of two at once
 * one waits for the other and never both; a session that was ended meanwhile changes nothing.
 *
 * Refusals: `form_stale` for such a session, `changes_frozen` where the account is held still.
 */
export const inAccountTransaction = <Value>(
  deps: Deps,
  by: Actor,
  work: (sql: Sql) => Promise<Result<Value>>,
): Promise<Result<Value>> =>
  orRefusal(deps, async (sql) => {
    await lockAccount(sql, by.accountId)
    return (await hasEnded(sql, by)) ? refuse({ code: 'form_stale' }) : work(sql)
  })
