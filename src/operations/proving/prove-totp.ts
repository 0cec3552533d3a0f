import type { LimitKey } from '../../core/limits.ts'
import type { Proof } from '../../core/proving/proof.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { canonicalCode } from '../../core/verifications/code.ts'
import { openTotpSeed, totpStep } from '../../secrets/totp.ts'
import { sealedSeedOf, takeTotpStep } from '../../storage/security-info.ts'
import type { Deps } from '../deps.ts'
import { takeGuess } from './guess-limits.ts'

/** An app to prove: whose, what a wrong code counts against, and the database's clock, which apps go by. */
type TotpItem = { accountId: string; itemId: string; guesses: readonly LimitKey[]; now: Instant }

/**
 * A code of an authenticator app. It is counted as a guess before it is compared, and each is right once.
 *
 * Refusals: `code_malformed` (nothing counted), `wrong_codes_limit`, `item_closed`, `choice_missing`, `totp_wrong`,
 * `totp_used`.
 */
export async function proveTotp(deps: Deps, item: TotpItem, typed: string): Promise<Result<Proof>> {
  const { sql } = deps.database
  const { accountId, itemId, guesses, now } = item
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
