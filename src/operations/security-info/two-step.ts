import { accept, type Result } from '../../core/refusal.ts'
import { supportsTwoStep } from '../../core/security-info/two-step.ts'
import type { Instant } from '../../core/time.ts'
import { findAccount, turnTwoStepOff, turnTwoStepOn } from '../../storage/account.ts'
import { itemsOf } from '../../storage/security-info.ts'
import { untrustBrowsers } from '../../storage/session.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession } from '../sessions.ts'
import type { Source } from '../source.ts'
import { TakenBack } from '../verifications/taken-back.ts'
import { changing } from './held-still.ts'
import { putRecoveryCode } from './make-recovery-code.ts'
import { noteChange } from './note-change.ts'
import { trustedBrowsers } from './trusted-browsers.ts'

export type TwoStep = {
  onSince: Instant | undefined
  /** Whether the account has what it takes: two kinds, one of them a contact. */
  possible: boolean
  /** In how many browsers it doesn't ask. */
  trusted: number
}

export async function readTwoStep(deps: Deps, accountId: string, now: Instant): Promise<TwoStep> {
  const { sql } = deps.database
  const [account, items, trusted] = await Promise.all([
    findAccount(sql, accountId),
    itemsOf(sql, accountId),
    trustedBrowsers(deps, { accountId, now }, undefined),
  ])
  return { onSince: account?.twoStepAt, possible: supportsTwoStep(items), trusted: trusted.length }
}

export const hasRecoveryCode = async (deps: Deps, accountId: string): Promise<boolean> =>
  (await itemsOf(deps.database.sql, accountId)).some(({ kind }) => kind === 'recovery_code')

/**
 * Turns two-step verification on, and makes a recovery code with it. The account's row is taken first: whoever removes an
 * item meanwhile waits, and finds it on.
 *
 * Refusals: `two_step_kinds`, `form_stale`.
 *
 * @returns the recovery code, which is shown now and never again, and whether this turned it on
 */
export async function beginTwoStep(
  deps: Deps,
  { accountId, sessionId }: SignedInSession,
  form: string,
  source: Source,
  now: Instant,
): Promise<Result<{ code: string; isNew: boolean }>> {
  try {
    const begun = await deps.database.transaction(async (sql) => {
      const isNew = await turnTwoStepOn(sql, accountId)
      if (!supportsTwoStep(await itemsOf(sql, accountId))) throw new TakenBack({ code: 'two_step_kinds' })
      const made = await putRecoveryCode(deps, sql, accountId, form, now)
      if (!made.ok) throw new TakenBack(made.refusal)
      // On already: only the form that turned it on shows its code again. Any other would replace the owner's unseen.
      if (!isNew && made.value.isNew) throw new TakenBack({ code: 'form_stale' })
      if (isNew) await noteChange(sql, accountId, { kind: 'two_step_on' }, source, now, sessionId)
      return accept({ code: made.value.code, isNew })
    })
    deps.wakeOutbox()
    return begun
  } catch (fault) {
    if (fault instanceof TakenBack) return { ok: false, refusal: fault.refusal }
    throw fault
  }
}

/**
 * Turns it off; no browser is trusted any more, so that turning it on again asks everywhere. Refusal: `changes_frozen`.
 */
export async function endTwoStep(
  deps: Deps,
  { accountId, sessionId }: SignedInSession,
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  const ended = await changing(deps, async (sql) => {
    if (!(await turnTwoStepOff(sql, accountId))) return accept(null)
    await untrustBrowsers(sql, accountId)
    await noteChange(sql, accountId, { kind: 'two_step_off' }, source, now, sessionId)
    return accept(null)
  })
  deps.wakeOutbox()
  return ended
}
