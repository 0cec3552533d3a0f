import { shortestAlone } from '../../core/people/password.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { supportsTwoStep } from '../../core/security-info/two-step.ts'
import type { Instant } from '../../core/time.ts'
import { findAccount, turnTwoStepOff, turnTwoStepOn } from '../../storage/account.ts'
import { itemsOf } from '../../storage/security-info.ts'
import { forgetOtherBrowsers, untrustBrowsers } from '../../storage/session.ts'
import { changing } from '../changes/held-still.ts'
import { noteChange } from '../changes/note-change.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession } from '../sessions.ts'
import type { Source } from '../source.ts'
import { TakenBack } from '../verifications/taken-back.ts'
import { putRecoveryCode } from './make-recovery-code.ts'
import { trustedBrowsers } from './trusted-browsers.ts'

export type TwoStep = {
  onSince: Instant | undefined
  /** Whether the account has what it takes: two kinds, one of them a contact. */
  possible: boolean
  /** Whether the password is long enough for it to be turned off. */
  passwordStandsAlone: boolean
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
  return {
    onSince: account?.twoStepAt,
    possible: supportsTwoStep(items, now),
    passwordStandsAlone: account?.passwordStandsAlone ?? true,
    trusted: trusted.length,
  }
}

export const hasRecoveryCode = async (deps: Deps, accountId: string): Promise<boolean> =>
  (await itemsOf(deps.database.sql, accountId)).some(({ kind }) => kind === 'recovery_code')

/**
 * Turns two-step verification on, and makes a recovery code with it. The account's row is taken first: whoever removes an
 * item meanwhile waits, and finds it on. Where it was on already, nothing is made.
 *
 * Refusals: `two_step_kinds`, `form_stale`, `changes_frozen`.
 *
 * @returns the recovery code, which is shown now and never again, and whether this turned it on
 */
export async function beginTwoStep(
  deps: Deps,
  session: SignedInSession,
  form: string,
  source: Source,
  now: Instant,
): Promise<Result<{ code: string; isNew: boolean }>> {
  const { accountId, sessionId } = session
  const begun = await changing(deps, session, async (sql) => {
    const isNew = await turnTwoStepOn(sql, accountId)
    if (!supportsTwoStep(await itemsOf(sql, accountId), now)) throw new TakenBack({ code: 'two_step_kinds' })
    const made = await putRecoveryCode(deps, sql, accountId, form, now)
    if (!made.ok) throw new TakenBack(made.refusal)
    // On already: only the form that turned it on shows its code again. Any other would replace the owner's unseen.
    if (!isNew && made.value.isNew) throw new TakenBack({ code: 'form_stale' })
    if (isNew) {
      await forgetOtherBrowsers(sql, accountId, source.browser)
      await noteChange(deps, sql, accountId, { kind: 'two_step_on' }, source, now, sessionId)
    }
    return accept({ code: made.value.code, isNew })
  })
  deps.wakeOutbox()
  return begun
}

/**
 * Turns it off; no browser is trusted any more, so that turning it on again asks everywhere, and every other browser is a
 * stranger again. A password that is long
 * enough only beside a second proof has to be a longer one first.
 *
 * Refusals: `password_short`, `changes_frozen`, `form_stale`.
 */
export async function endTwoStep(
  deps: Deps,
  session: SignedInSession,
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  const { accountId, sessionId } = session
  const ended = await changing(deps, session, async (sql) => {
    const account = await findAccount(sql, accountId)
    if (account?.passwordStandsAlone === false)
      return refuse({ code: 'password_short', least: shortestAlone })
    if (!(await turnTwoStepOff(sql, accountId))) return accept(null)
    await untrustBrowsers(sql, accountId)
    await forgetOtherBrowsers(sql, accountId, source.browser)
    await noteChange(deps, sql, accountId, { kind: 'two_step_off' }, source, now, sessionId)
    return accept(null)
  })
  deps.wakeOutbox()
  return ended
}
