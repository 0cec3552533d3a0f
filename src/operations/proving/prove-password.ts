import type { Trust } from '../../core/proving/trust.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { canonicalPassword, looksLikeCode } from '../../core/sign-in/password.ts'
import { seconds } from '../../core/time.ts'
import { isRightPassword } from '../../secrets/password-hash.ts'
import { findAccount } from '../../storage/account.ts'
import type { Deps } from '../deps.ts'
import type { RequestContext } from '../requester.ts'
import { passwordKeys } from '../trust-limits.ts'
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
  { requester, now, trust }: RequestContext & { trust: Trust },
): Promise<Result<null>> {
  const { sql } = deps.database
  if (looksLikeCode(typed)) return refuse({ code: 'password_is_code' })
  const keys = [passwordKeys(deps, trust, requester).account]
  const guess = await deps.guessSql.take(sql, keys)
  if (guess === 'limited') {
    return refuse({ code: 'passwords_limit', retryAt: (await guessesWait(deps, keys)) ?? now + seconds(60) })
  }
  const account = await findAccount(sql, accountId)
  if (account === undefined) return refuse({ code: 'flow_ended' })
  if (!(await isRightPassword(canonicalPassword(typed), account.passwordHash))) {
    return refuse({ code: 'password_wrong' })
  }
  await deps.guessSql.giveBack(sql, guess)
  return accept(null)
}
