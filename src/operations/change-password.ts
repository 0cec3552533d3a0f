import { canonicalPassword, decideNewPassword, looksLikeCode } from '../core/password.ts'
import { accept, type Result, refuse } from '../core/refusal.ts'
import { type Instant, seconds } from '../core/time.ts'
import { commonPasswords } from '../secrets/common-passwords.ts'
import { hashPassword, isRightPassword } from '../secrets/password-hash.ts'
import { findAccount, setPassword, usernamesOf } from '../storage/account.ts'
import { endOtherSessions } from '../storage/session.ts'
import type { Deps } from './deps.ts'
import { guessesWait } from './limits.ts'
import { noteActivity, toldTo } from './note-activity.ts'
import type { SignedInSession } from './sessions.ts'
import type { Source } from './source.ts'

/**
 * Changes the password of a signed-in account, which proves the old one again; every other session ends.
 *
 * Refusals: `password_is_code`, `passwords_limit`, `password_wrong`, those of `decideNewPassword`, `flow_ended`.
 */
export async function changePassword(
  deps: Deps,
  session: SignedInSession,
  typed: { current: string; next: string },
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  const { sql } = deps.database
  const { accountId } = session
  if (looksLikeCode(typed.current)) return refuse({ code: 'password_is_code' })
  const ring = deps.keyring.current()
  const known = ring.lookupHash('known passwords', accountId, source.browser.toString('hex'))
  const keys = [{ kind: 'known_passwords' as const, key: known }]
  const guess = await deps.guessSql.take(sql, keys)
  if (guess === 'limited') {
    return refuse({ code: 'passwords_limit', retryAt: (await guessesWait(deps, keys)) ?? now + seconds(60) })
  }
  const [account, names] = await Promise.all([findAccount(sql, accountId), usernamesOf(sql, accountId)])
  if (account === undefined) return refuse({ code: 'flow_ended' })
  if (!(await isRightPassword(canonicalPassword(typed.current), account.passwordHash))) {
    return refuse({ code: 'password_wrong' })
  }
  await deps.guessSql.giveBack(sql, guess)

  const ownWords = [...names.map((username) => username.name), deps.operatorName]
  const decision = decideNewPassword(typed.next, {
    twoStep: false,
    isCommon: await commonPasswords(),
    ownWords,
  })
  if (!decision.ok) return decision
  const hash = await hashPassword(decision.value)
  await deps.database.transaction(async (held) => {
    await setPassword(held, accountId, hash)
    await endOtherSessions(held, accountId, session.sessionId)
    await noteActivity(held, toldTo(accountId), { kind: 'password_changed' }, source, now)
  })
  return accept(null)
}
