import type { LimitKey } from '../../core/limits.ts'
import type { Trust } from '../../core/proving/trust.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import { canonicalPassword, looksLikeCode } from '../../core/sign-in/password.ts'
import { type Instant, seconds } from '../../core/time.ts'
import { HashingBusy, type HashingPlace } from '../../secrets/hashing-line.ts'
import { isRightPassword } from '../../secrets/password-hash.ts'
import { findAccount } from '../../storage/account.ts'
import type { CountedGuess } from '../../storage/guesses.ts'
import type { Deps } from '../deps.ts'
import type { RequestContext } from '../requester.ts'
import { hashingPlace, passwordKeys } from '../trust-limits.ts'
import { guessesWait } from '../verifications/limits.ts'

/**
 * The password of an account that is signed in on this browser, typed again.
 *
 * Refusals: `password_is_code`, `passwords_limit`, `sign_ins_limit`, `password_wrong`, `flow_ended`.
 */
export async function provePassword(
  deps: Deps,
  accountId: string,
  typed: string,
  { requester, now, trust }: RequestContext & { trust: Trust },
): Promise<Result<null>> {
  const { sql } = deps.database
  if (looksLikeCode(typed)) return refuse({ code: 'password_is_code' })
  const { account: pool, work } = passwordKeys(deps, trust, requester)
  const guess = await deps.guessSql.take(sql, [pool, ...work])
  if (guess === 'limited') return refuse(await whyNotCompared(deps, { guesses: [pool], work }, now))
  const account = await findAccount(sql, accountId)
  if (account === undefined) return refuse({ code: 'flow_ended' })
  const place = hashingPlace(trust, requester)
  if (!(await comparePassword(deps, { typed, stored: account.passwordHash, place }, guess))) {
    return refuse({ code: 'password_wrong' })
  }
  await deps.guessSql.giveBack(sql, withoutWork(guess, work))
  return accept(null)
}

/** Compares a password whose guess was counted; one that found no place in the line was not compared, and never counted. */
export async function comparePassword(
  deps: Deps,
  { typed, stored, place }: { typed: string; stored: string | undefined; place: HashingPlace },
  guess: CountedGuess,
): Promise<boolean> {
  try {
    return await isRightPassword(canonicalPassword(typed), stored, place)
  } catch (fault) {
    if (fault instanceof HashingBusy) await deps.guessSql.giveBack(deps.database.sql, guess)
    throw fault
  }
}

/** What is given back of a right guess: it was work all the same. */
export const withoutWork = (guess: CountedGuess, work: readonly LimitKey[]): CountedGuess =>
  guess.filter(({ key }) => !work.some((one) => one.key.equals(key)))

/** Why a password is not compared: too many wrong ones, or too much work for one network, session or browser. */
export async function whyNotCompared(
  deps: Deps,
  { guesses, work }: { guesses: readonly LimitKey[]; work: readonly LimitKey[] },
  now: Instant,
): Promise<Refusal> {
  const workWait = await guessesWait(deps, work)
  if (workWait !== undefined) return { code: 'sign_ins_limit', retryAt: workWait }
  return { code: 'passwords_limit', retryAt: (await guessesWait(deps, guesses)) ?? now + seconds(60) }
}
