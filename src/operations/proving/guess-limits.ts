import type { LimitKey } from '../../core/limits.ts'
import { itemPoolName, type StrangerStage } from '../../core/proving/trust.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import type { Keyring } from '../../secrets/keyring.ts'
import type { CountedGuess } from '../../storage/guesses.ts'
import { emptyFailures } from '../../storage/limits.ts'
import { itemsOf } from '../../storage/security-info.ts'
import type { Deps } from '../deps.ts'
import { limitKey } from '../trust-limits.ts'
import { fullOf, whyNoGuess } from '../verifications/limits.ts'

/*
 * Wrong codes in a row on one item of an account, from browsers that the account doesn't know: NIST SP 800-63B-4 §3.2.2
 * lets no more than 100 be compared. Then the item is closed to them until something of the account is proved.
 *
 * What a known browser mistypes counts on that browser alone: neither it nor a session's step-up is ever refused by
 * this, and so it closes nothing to its owner's next phone either.
 */

/** Wrong codes in a row on one item, from strangers past the password or, apart from those, from who undoes a change. */
export const itemKey = (
  ring: Keyring,
  accountId: string,
  itemId: string,
  stage: StrangerStage = 'past the password',
): LimitKey => limitKey(ring, { kind: 'item_codes', name: itemPoolName(stage, accountId, itemId) })

/** That the owner was told of the item's being closed, until it is opened. */
export const closingToldKey = (ring: Keyring, accountId: string, itemId: string): LimitKey => ({
  kind: 'closing_told',
  key: ring.lookupHash('closing told', accountId, itemId),
})

/** Which of an account's items are closed to strangers past the password. */
export async function closedItems(
  deps: Deps,
  accountId: string,
  itemIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const ring = deps.keyring.current()
  const keys = itemIds.map((id) => ({ id, ...itemKey(ring, accountId, id) }))
  const full = await fullOf(deps, keys)
  return new Set(keys.filter((key) => full.includes(key)).map(({ id }) => id))
}

/** Something of the account was proved: what strangers typed before is no row any more, on any of its items. */
export async function reopenItems(deps: Deps, accountId: string): Promise<void> {
  const { sql } = deps.database
  const ring = deps.keyring.current()
  const items = await itemsOf(sql, accountId)
  const keys = items.flatMap(({ id }) => [
    itemKey(ring, accountId, id),
    itemKey(ring, accountId, id, 'undoing'),
    closingToldKey(ring, accountId, id),
  ])
  await emptyFailures(
    sql,
    keys.map(({ key }) => key),
  )
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
    (await whyNoGuess(deps, guesses)) ?? { code: 'wrong_codes_limit', retryAt: now + seconds(60) },
  )
}
