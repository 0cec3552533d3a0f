import { flowLasts } from '../../core/flows/flow.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, minutes } from '../../core/time.ts'
import { newId } from '../../secrets/random.ts'
import { hashRecoveryCode, recoveryCodeOf } from '../../secrets/recovery-code.ts'
import { replaceRecoveryCode } from '../../storage/security-info.ts'
import type { Sql } from '../../storage/sql.ts'
import { inAccountTransaction } from '../changes/account-transaction.ts'
import { recordChange } from '../changes/record-change.ts'
import type { Deps } from '../deps.ts'
import type { Requester, SignedInSession } from '../requester.ts'

/** What a form carries that makes a recovery code: each shown form makes one code, however often it is sent. */
export const recoveryCodeForm = (now: Instant): string => `${newId()}.${now}`

/**
 * Makes the account's recovery code; the one before is dead. Refusal: `form_stale` for a form that is older than an
 * hour, or than the code there is; `changes_frozen`.
 *
 * @returns the code, which is shown now and never again, and whether this made it
 */
export async function makeRecoveryCode(
  deps: Deps,
  session: SignedInSession,
  form: string,
  requester: Requester,
  now: Instant,
): Promise<Result<{ code: string; isNew: boolean }>> {
  const { accountId, sessionId } = session
  const made = await inAccountTransaction(deps, session, async (sql) => {
    const replaced = await putRecoveryCode(deps, sql, accountId, form, now)
    if (replaced.ok && replaced.value.isNew) {
      await recordChange(deps, sql, accountId, { kind: 'recovery_code_made' }, requester, now, sessionId)
    }
    return replaced
  })
  deps.wakeOutbox()
  return made
}

/** The same within a change that is told by itself. */
export async function putRecoveryCode(
  deps: Deps,
  sql: Sql,
  accountId: string,
  form: string,
  now: Instant,
): Promise<Result<{ code: string; isNew: boolean }>> {
  const [, at] = /^[0-9a-f-]{36}\.(\d{13})$/.exec(form) ?? []
  // A form of the future would never be older than the code there is. Clocks of two processes may be apart a little.
  const isOfNow = now < Number(at) + flowLasts && now > Number(at) - minutes(1)
  if (at === undefined || !isOfNow) return refuse({ code: 'form_stale' })
  const code = recoveryCodeOf(deps.keyring.current(), accountId, form)
  const item = { accountId, id: newId(), codeHash: hashRecoveryCode(accountId, code) }
  const result = await replaceRecoveryCode(sql, item, Number(at))
  return result === 'later' ? refuse({ code: 'form_stale' }) : accept({ code, isNew: result === 'made' })
}
