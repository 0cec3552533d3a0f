import { canonicalPassword, looksLikeCode } from '../../core/people/password.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import { isRightPassword } from '../../secrets/password-hash.ts'
import { findAccount } from '../../storage/account.ts'
import type { Deps } from '../deps.ts'
import { knownPasswordsKey, type Source } from '../source.ts'
import { guessesWait } from '../verifications/limits.ts'

/**
 * The password of an account that is signed in on this browser, typed again.
 *
 * Refusals: `password_is_code`, `passwords_limit`, `password_wrong`, `flow_ended`.
 */
export async function provePassword(
  deps: Deps,
  accountId: string,
  typed: string,
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  const { sql } = deps.database
  if (looksLikeCode(typed)) return refuse({ code: 'password_is_code' })
  const keys = [knownPasswordsKey(deps.keyring.current(), accountId, source)]
  const guess = await deps.guessSql.take(sql, keys)
  if (guess === 'limited') {
    const wait = (await guessesWait(deps, keys)) ?? { retryAt: now + seconds(60), judgedAt: now }
    return refuse({ code: 'passwords_limit', ...wait })
  }
  const account = await findAccount(sql, accountId)
  if (account === undefined) return refuse({ code: 'flow_ended' })
  if (!(await isRightPassword(canonicalPassword(typed), account.passwordHash))) {
    return refuse({ code: 'password_wrong' })
  }
  await deps.guessSql.giveBack(sql, guess)
  return accept(null)
}
