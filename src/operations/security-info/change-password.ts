import type { Trust } from '../../core/proving/trust.ts'
import { accept, type Result } from '../../core/refusal.ts'
import { decideNewPassword, standsAlone } from '../../core/sign-in/password.ts'
import type { Instant } from '../../core/time.ts'
import { commonPasswords } from '../../secrets/common-passwords.ts'
import { hashPassword } from '../../secrets/password-hash.ts'
import { findAccount, setPassword, usernamesOf } from '../../storage/account.ts'
import { endOtherSessions, forgetOtherBrowsers, untrustBrowsers } from '../../storage/session.ts'
import { ownedBy } from '../activity/record-activity.ts'
import { inAccountTransaction } from '../changes/account-transaction.ts'
import { recordChange } from '../changes/record-change.ts'
import type { Deps } from '../deps.ts'
import { provePassword } from '../proving/prove-password.ts'
import { recordRefused } from '../proving/record-step.ts'
import type { Requester, SignedInSession } from '../requester.ts'
import { hashingPlace } from '../trust-limits.ts'

/**
 * Changes the password of a signed-in account, which proves the old one again; every other session ends, and every
 * other browser is a stranger again. `alone` is for one
 * that has to do with nothing beside it, so that two-step verification can be turned off.
 *
 * Refusals: `password_is_code`, `passwords_limit`, `sign_ins_limit`, `password_wrong`, those of `decideNewPassword`, `flow_ended`.
 */
export async function changePassword(
  deps: Deps,
  session: SignedInSession,
  typed: { current: string; next: string; alone: boolean },
  requester: Requester,
  now: Instant,
): Promise<Result<null>> {
  const { accountId } = session
  const trust: Trust = { level: 'session', sessionId: session.sessionId }
  const proved = await provePassword(deps, accountId, typed.current, { requester, now, trust })
  if (!proved.ok) {
    const record = { told: ownedBy(accountId), kind: 'proof_refused' } as const
    await recordRefused(deps, record, proved.refusal, { requester, now })
    return proved
  }
  const { sql } = deps.database
  const [account, names] = await Promise.all([findAccount(sql, accountId), usernamesOf(sql, accountId)])
  const ownWords = [...names.map((username) => username.name), deps.operatorName]
  const decision = decideNewPassword(typed.next, {
    twoStep: !typed.alone && account?.twoStepAt !== undefined,
    isCommon: await commonPasswords(),
    ownWords,
  })
  if (!decision.ok) return decision
  const hash = await hashPassword(decision.value, hashingPlace(trust, requester))
  const changed = await inAccountTransaction(deps, session, async (held) => {
    const before = await setPassword(held, accountId, hash, standsAlone(decision.value))
    await endOtherSessions(held, accountId, session.sessionId)
    await untrustBrowsers(held, accountId)
    await forgetOtherBrowsers(held, accountId, requester.browser)
    await recordChange(
      deps,
      held,
      accountId,
      { kind: 'password_changed', before },
      requester,
      now,
      session.sessionId,
    )
    return accept(null)
  })
  deps.wakeOutbox()
  return changed
}
