import type { SignIn } from '../../core/people/flow.ts'
import type { Refusal } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { isKnownBrowser } from '../../storage/session.ts'
import type { Deps } from '../deps.ts'
import { knownCodesKey, type Source } from '../source.ts'
import { accountOrNone } from './item-choices.ts'
import { hushedItemKeys, itemKey, knownItemKey } from './item-guesses.ts'
import { noteKnownGuess } from './known-guesses.ts'
import { tellOfGuesses } from './tell-guesses.ts'

/**
 * Whose wrong codes are counted together: a known browser's own; strangers' before the password; and apart from those,
 * strangers' past it, so that nobody without the password can use up what somebody with it needs. Both count on the item as
 * well, known browsers each by itself.
 *
 * @param itemId what is to be proved, past the password
 */
export async function codeKeys(
  deps: Deps,
  state: SignIn,
  itemId: string | undefined,
  source: Source,
): Promise<LimitKey[]> {
  const ring = deps.keyring.current()
  const whose = state.accountId ?? `name ${state.username}`
  const known = await isKnownBrowser(deps.database.sql, accountOrNone(deps, state), source.browser)
  if (known) {
    const own = knownCodesKey(ring, whose, source)
    const { accountId } = state
    return accountId === undefined || itemId === undefined
      ? [own]
      : [own, knownItemKey(ring, accountId, itemId, source.browser)]
  }
  const stage = state.passwordAt === undefined ? 'before the password' : 'past the password'
  const strangers: LimitKey = {
    kind: 'strangers_codes',
    key: ring.lookupHash('strangers codes', whose, stage),
  }
  if (state.passwordAt === undefined) return [strangers, ...hushedItemKeys(ring, whose, state)]
  return state.accountId === undefined || itemId === undefined
    ? [strangers]
    : [strangers, itemKey(ring, state.accountId, itemId)]
}

/**
 * Whoever types wrong codes past the right password, on a browser that the account doesn't know, is told of. What a day's
 * limit declines is no news: what led to it has been told.
 */
export async function tellOfStrangers(
  deps: Deps,
  state: SignIn,
  itemId: string | undefined,
  guesses: readonly LimitKey[],
  refusal: Refusal,
  source: Source,
  now: Instant,
): Promise<void> {
  if (refusal.code === 'wrong_codes_limit') return
  const strangers = guesses.find(({ kind }) => kind === 'strangers_codes')
  const { accountId } = state
  if (accountId === undefined || itemId === undefined) return
  if (guesses.some(({ kind }) => kind === 'known_codes')) {
    return noteKnownGuess(deps, { accountId, itemId }, source, now)
  }
  if (strangers === undefined || state.passwordAt === undefined) return
  await tellOfGuesses(deps, accountId, itemId, strangers, source, now)
}
