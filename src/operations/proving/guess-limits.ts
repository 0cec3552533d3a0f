import { accept, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import type { Keyring } from '../../secrets/keyring.ts'
import type { CountedGuess } from '../../storage/guesses.ts'
import { emptyFailures } from '../../storage/limits.ts'
import { itemsOf } from '../../storage/security-info.ts'
import type { Deps } from '../deps.ts'
import { fullOf, whyNoGuess } from '../verifications/limits.ts'

/*
 * Wrong codes in a row on one item of an account, from browsers that the account doesn't know: NIST SP 800-63B-4 §3.2.2
 * lets no more than 100 be compared. Then the item is closed to them until something of the account is proved.
 *
 * What a known browser mistypes counts on that browser alone: neither it nor a session's step-up is ever refused by
 * this, and so it closes nothing to its owner's next phone either.
 */

/** What a stranger's wrong code for an item counts against past the password. */
export const itemKey = (ring: Keyring, accountId: string, itemId: string): LimitKey => ({
  kind: 'item_codes',
  key: ring.lookupHash('item codes', accountId, itemId),
})

/** The same for who undoes a change from its notice: a thief who closes an item elsewhere doesn't close it there. */
export const undoingItemKey = (ring: Keyring, accountId: string, itemId: string): LimitKey => ({
  kind: 'item_codes',
  key: ring.lookupHash('item codes while undoing', accountId, itemId),
})

const unprovedKey = (ring: Keyring, accountId: string, itemId: string): LimitKey => ({
  kind: 'unproved_codes',
  key: ring.lookupHash('unproved codes', accountId, itemId),
})

/** That the owner was told of the item's being closed, until it is opened. */
export const closingToldKey = (ring: Keyring, accountId: string, itemId: string): LimitKey => ({
  kind: 'closing_told',
  key: ring.lookupHash('closing told', accountId, itemId),
})

/**
 * The same before the password. Half of the item's number is left to those who have the password: whoever knows no more
 * than an address can't close it to them. Nothing tells a closed item from an open one here, or from none: an address that
 * was typed and is no contact counts as much, on rows that nobody asks.
 */
export function hushedItemKeys(
  ring: Keyring,
  whose: string,
  typed: { accountId?: string | undefined; typedItemId?: string | undefined; typedHash?: string | undefined },
): LimitKey[] {
  const { accountId, typedItemId, typedHash = '' } = typed
  if (accountId !== undefined && typedItemId !== undefined) {
    return [itemKey(ring, accountId, typedItemId), unprovedKey(ring, accountId, typedItemId)].map(hushed)
  }
  const decoy = (half: string): LimitKey => ({
    kind: 'decoy_codes',
    key: ring.lookupHash('decoy codes', whose, typedHash, half),
  })
  return [decoy('item'), decoy('unproved')].map(hushed)
}

const hushed = (key: LimitKey): LimitKey => ({ ...key, hushed: true })

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
  const keys = items.flatMap(({ id }) =>
    [itemKey, undoingItemKey, unprovedKey, closingToldKey].map((keyOf) => keyOf(ring, accountId, id)),
  )
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
