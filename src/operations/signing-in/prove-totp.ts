import type { Proof } from '../../core/people/session.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import { canonicalCode } from '../../core/verifications/code.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { openTotpSeed, totpStep } from '../../secrets/totp.ts'
import type { CountedGuess } from '../../storage/guesses.ts'
import { sealedSeedOf, takeTotpStep } from '../../storage/security-info.ts'
import type { Deps } from '../deps.ts'
import { whyNoGuess } from '../verifications/limits.ts'

/**
 * A code of an authenticator app. It is counted as a guess before it is compared, and each is right once.
 *
 * @param guesses what a wrong code counts against
 * @param now by the database's clock: apps go by the world's, not by that of whichever process answers
 *
 * Refusals: `code_malformed` (nothing counted), `wrong_codes_limit`, `item_closed`, `choice_missing`, `totp_wrong`,
 * `totp_used`.
 */
export async function proveTotp(
  deps: Deps,
  item: { accountId: string; itemId: string },
  typed: string,
  guesses: readonly LimitKey[],
  now: Instant,
): Promise<Result<Proof>> {
  const { sql } = deps.database
  const { accountId, itemId } = item
  const code = canonicalCode(typed)
  if (code?.length !== 6) return refuse({ code: 'code_malformed', length: 6 })
  const guess = await takeGuess(deps, guesses, now)
  if (!guess.ok) return guess
  const sealed = await sealedSeedOf(sql, accountId, itemId)
  if (sealed === undefined) return refuse({ code: 'choice_missing' })
  const seed = openTotpSeed(deps.keyring.current(), sealed, accountId, itemId)
  const step = seed === undefined ? undefined : totpStep(seed, code, now)
  if (step === undefined) return refuse({ code: 'totp_wrong' })
  if (!(await takeTotpStep(sql, accountId, itemId, step))) return refuse({ code: 'totp_used' })
  await deps.guessSql.giveBack(sql, guess.value)
  return accept({ kind: 'totp', at: now, itemId })
}

/** Counts a guess, where its limits have room. Refusals: `wrong_codes_limit`, `item_closed`. */
export async function takeGuess(
  deps: Deps,
  guesses: readonly LimitKey[],
  now: Instant,
): Promise<Result<CountedGuess>> {
  const guess = await deps.guessSql.take(deps.database.sql, guesses)
  if (guess !== 'limited') return accept(guess)
  return refuse(
    (await whyNoGuess(deps, guesses)) ?? {
      code: 'wrong_codes_limit',
      retryAt: now + seconds(60),
      judgedAt: now,
    },
  )
}
