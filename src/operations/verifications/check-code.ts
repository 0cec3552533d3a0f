import { accept, type RefusalOf, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import { type CodeLength, canonicalCode } from '../../core/verifications/code.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { prefixOf } from '../../core/verifications/phone-limits.ts'
import { type EndedRefusal, refusalWhenEnded } from '../../core/verifications/verification.ts'
import { newTimeId } from '../../secrets/random.ts'
import { noteCodeUsed } from '../../storage/phone-limits.ts'
import { type FoundVerification, find, ofApplication, type Whose } from '../../storage/verification.ts'
import type { Deps } from '../deps.ts'
import { inTurn } from './in-turn.ts'
import { whyNoGuess } from './limits.ts'

type Approved = { approvedAt: Instant }
type NotCompared =
  | EndedRefusal
  | 'verification_unknown'
  | 'code_malformed'
  | 'wrong_codes_limit'
  | 'item_closed'
type CheckRefusal = NotCompared | 'code_wrong' | 'unavailable'

/** Checks a code for the application that asked for it. */
export async function checkApplicationCode(
  deps: Deps,
  applicationId: string,
  id: string,
  typed: string,
  now: Instant,
): Promise<Result<Approved, Exclude<CheckRefusal, 'item_closed'>>> {
  const checked = await checkCode(deps, ofApplication(applicationId, id), typed, now)
  if (checked.ok) return checked
  const { refusal } = checked
  if (refusal.code === 'item_closed') throw new Error('Only an account has items.')
  return refuse(refusal)
}

/**
 * Checks a typed code. A right one is accepted once; a wrong one spends a try, whatever else happens at that moment.
 *
 * What can be no code of its length spends nothing.
 *
 * @param guesses what a wrong code counts against besides its destination; their rows exist
 */
export async function checkCode(
  deps: Deps,
  whose: Whose,
  typed: string,
  now: Instant,
  guesses: readonly LimitKey[] = [],
): Promise<Result<Approved, CheckRefusal>> {
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

const whyWrong = (attemptsLeft: number): RefusalOf<'code_wrong' | 'code_tries_spent'> =>
  attemptsLeft > 0 ? { code: 'code_wrong', attemptsLeft } : { code: 'code_tries_spent' }

/** Why a code was not compared; undefined where nothing speaks against it any more. */
async function whyNotCompared(
  deps: Deps,
  found: FoundVerification | undefined,
  code: string | undefined,
  guesses: readonly LimitKey[],
): Promise<RefusalOf<NotCompared> | undefined> {
  if (found === undefined) return { code: 'verification_unknown' }
  const { verification, now, destinationKey } = found
  const ended = refusalWhenEnded(verification, now)
  if (ended !== undefined) return ended
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
