import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import { type CodeLength, canonicalCode } from '../../core/verifications/code.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { prefixOf } from '../../core/verifications/phone-limits.ts'
import { refusalWhenEnded } from '../../core/verifications/verification.ts'
import { newTimeId } from '../../secrets/random.ts'
import { noteCodeUsed } from '../../storage/phone-limits.ts'
import { type FoundVerification, find, ofApplication, type Whose } from '../../storage/verification.ts'
import { ClockSetBack } from '../clock.ts'
import type { Deps } from '../deps.ts'
import { inTurn } from './in-turn.ts'
import { whyNoGuess } from './limits.ts'

/** Checks a code for the application that asked for it. Refusals: those of `checkCode`. */
export const checkApplicationCode = (
  deps: Deps,
  applicationId: string,
  id: string,
  typed: string,
  now: Instant,
): Promise<Result<{ approvedAt: Instant }>> => checkCode(deps, ofApplication(applicationId, id), typed, now)

/**
 * Checks a typed code. A right one is accepted once; a wrong one spends a try, whatever else happens at that moment.
 *
 * @param guesses what a wrong code counts against besides its destination; their rows exist
 *
 * Refusals: `code_malformed` (nothing spent), `code_wrong`, `code_expired`, `code_used`, `code_tries_spent`,
 * `verification_cancelled`, `wrong_codes_limit`, `item_closed`, `verification_unknown`.
 *
 * @throws ClockSetBack
 */
export async function checkCode(
  deps: Deps,
  whose: Whose,
  typed: string,
  now: Instant,
  guesses: readonly LimitKey[] = [],
): Promise<Result<{ approvedAt: Instant }>> {
  const code = canonicalCode(typed)
  if (code !== undefined) {
    // The second time, the ring has been read again: another process may have rotated it since the first.
    for (const _ of ['as known', 'after a look at the ring']) {
      const attempt = {
        ...whose,
        failureKeys: guesses,
        codeLength: code.length as CodeLength,
        macs: deps.keyring
          .current()
          .forCodes(now)
          .map((key) => ({ key: key.id, mac: key.codeMac(whose.id, code) })),
        activityId: newTimeId(),
      }
      const attempted = await inTurn(whose.id, () =>
        guesses.length === 0
          ? deps.together.attempt(attempt)
          : deps.verificationSql.attempt(deps.database.sql, attempt),
      )
      if (attempted.result === 'wrong') return refuse(whyWrong(attempted.attemptsLeft))
      if (attempted.result === 'approved') {
        if (attempted.channel !== 'email') await noteUse(deps, attempted.destination)
        return accept({ approvedAt: attempted.at })
      }
      const found = await find(deps.database.sql, whose)
      const refusal = await whyNotCompared(deps, found, code, guesses)
      if (refusal !== undefined) return refuse(refusal)
      await deps.keyring.refresh()
    }
    return refuse({ code: 'unavailable', retryAt: now + seconds(1) })
  }
  const found = await find(deps.database.sql, whose)
  const length = found?.verification.codeLength ?? 6
  return refuse((await whyNotCompared(deps, found, undefined, guesses)) ?? { code: 'code_malformed', length })
}

const whyWrong = (attemptsLeft: number): Refusal =>
  attemptsLeft > 0 ? { code: 'code_wrong', attemptsLeft } : { code: 'code_tries_spent' }

/** Why a code was not compared; undefined where nothing speaks against it any more. */
async function whyNotCompared(
  deps: Deps,
  found: FoundVerification | undefined,
  code: string | undefined,
  guesses: readonly LimitKey[],
): Promise<Refusal | undefined> {
  if (found === undefined) return { code: 'verification_unknown' }
  const { verification, now, destinationKey } = found
  const ended = refusalWhenEnded(verification, now)
  if (ended !== undefined) return ended
  if (now < verification.lastSentAt) throw new ClockSetBack(verification.lastSentAt - now)
  if (code !== undefined && code.length !== verification.codeLength) {
    return { code: 'code_malformed', length: verification.codeLength }
  }
  const kind = verification.channel === 'email' ? 'email' : 'phone'
  return whyNoGuess(deps, [{ kind, key: destinationKey }, ...guesses])
}

/** A code that was used speaks for its number range. Told after the approval: losing it to a crash costs nothing. */
async function noteUse(deps: Deps, phone: string): Promise<void> {
  await noteCodeUsed(deps.database.sql, prefixOf(phone, deps.policy.phones.prefix.digits))
}
