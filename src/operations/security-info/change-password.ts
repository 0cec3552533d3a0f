import { decideNewPassword, standsAlone } from '../../core/people/password.ts'
import { accept, type Result } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { commonPasswords } from '../../secrets/common-passwords.ts'
import { hashPassword } from '../../secrets/password-hash.ts'
import { findAccount, setPassword, usernamesOf } from '../../storage/account.ts'
import { endOtherSessions, forgetOtherBrowsers, untrustBrowsers } from '../../storage/session.ts'
import { changing } from '../changes/held-still.ts'
import { noteChange } from '../changes/note-change.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession } from '../sessions.ts'
import { noteWrongProof } from '../signing-in/note-step.ts'
import { provePassword } from '../signing-in/prove-password.ts'
import type { Source } from '../source.ts'

/**
 * Changes the password of a signed-in account, which proves the old one again; every other session ends, and every
 * other browser is a stranger again. `alone` is for one
 * that has to do with nothing beside it, so that two-step verification can be turned off.
 *
 * Refusals: `password_is_code`, `passwords_limit`, `password_wrong`, those of `decideNewPassword`, `flow_ended`.
 */
export async function changePassword(
  deps: Deps,
  session: SignedInSession,
  typed: { current: string; next: string; alone: boolean },
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  const { accountId } = session
  const proved = await provePassword(deps, accountId, typed.current, source, now)
  if (!proved.ok) {
    await noteWrongProof(deps, accountId, proved.refusal, source, now)
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
  const hash = await hashPassword(decision.value)
  const changed = await changing(deps, session, async (held) => {
    const before = await setPassword(held, accountId, hash, standsAlone(decision.value))
    await endOtherSessions(held, accountId, session.sessionId)
    await untrustBrowsers(held, accountId)
    await forgetOtherBrowsers(held, accountId, source.browser)
    await noteChange(
      deps,
      held,
      accountId,
      { kind: 'password_changed', before },
      source,
      now,
      session.sessionId,
    )
    return accept(null)
  })
  deps.wakeOutbox()
  return changed
}
