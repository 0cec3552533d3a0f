import type { SignIn } from '../../core/people/flow.ts'
import { countsEmptied } from '../../core/people/guessing.ts'
import type { Proof } from '../../core/people/session.ts'
import { cameByOpenChange } from '../../core/security-info/freeze.ts'
import { stepUpLasts } from '../../core/security-info/step-up.ts'
import type { Instant } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import type { Keyring } from '../../secrets/keyring.ts'
import { changesOf } from '../../storage/change.ts'
import { emptyFailures } from '../../storage/limits.ts'
import { itemsOf } from '../../storage/security-info.ts'
import { browsersOf, isKnownBrowser } from '../../storage/session.ts'
import type { Deps } from '../deps.ts'
import { fullOf } from '../verifications/limits.ts'

/*
 * Wrong codes in a row on one item of an account: NIST SP 800-63B-4 §3.2.2 lets no more than 100 be compared. Those of
 * browsers that the account doesn't know are counted together, and close the item to them; those of a browser that it
 * knows, or of a session there, by themselves, and close it there, where the browser is then forgotten. Neither keeps the
 * other from proving it.
 */

/** What a stranger's wrong code for an item counts against past the password. */
export const itemKey = (ring: Keyring, accountId: string, itemId: string): LimitKey => ({
  kind: 'item_codes',
  key: ring.lookupHash('item codes', accountId, itemId),
})

/** The same in one browser that the account knows. */
export const knownItemKey = (
  ring: Keyring,
  accountId: string,
  itemId: string,
  browser: Buffer,
): LimitKey => ({
  kind: 'item_codes',
  key: ring.lookupHash('known item codes', accountId, itemId, browser.toString('hex')),
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

/** The same of a browser that was forgotten. */
export const knownClosingToldKey = (
  ring: Keyring,
  accountId: string,
  itemId: string,
  browser: Buffer,
): LimitKey => ({
  kind: 'closing_told',
  key: ring.lookupHash('known closing told', accountId, itemId, browser.toString('hex')),
})

/**
 * The same before the password. Half of the item's number is left to those who have the password: whoever knows no more
 * than an address can't close it to them. Nothing tells a closed item from an open one here, or from none: an address that
 * was typed and is no contact counts as much, on rows that nobody asks.
 */
export function hushedItemKeys(ring: Keyring, whose: string, state: SignIn): LimitKey[] {
  const { accountId, typedItemId, typedHash = '' } = state
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

/** Which of an account's items are closed to strangers past the password, or in one browser that it knows. */
export async function closedItems(
  deps: Deps,
  accountId: string,
  itemIds: readonly string[],
  knownBrowser?: Buffer,
): Promise<ReadonlySet<string>> {
  const ring = deps.keyring.current()
  const keyOf = (id: string) =>
    knownBrowser === undefined
      ? itemKey(ring, accountId, id)
      : knownItemKey(ring, accountId, id, knownBrowser)
  const keys = itemIds.map((id) => ({ id, ...keyOf(id) }))
  const full = await fullOf(deps, keys)
  return new Set(keys.filter((key) => full.includes(key)).map(({ id }) => id))
}

/** A proof that was right, and what else the same session or flow has proved. */
export type RightProof = { accountId: string; proof: Proof; others: readonly Proof[] }

/**
 * A right proof begins its own item's count anew. What is closed is opened by a right code in a browser that the account
 * knows, or by two other items that no open change brought along: one code that was phished gives nobody another hundred
 * guesses at an app.
 */
export async function noteRightProof(
  deps: Deps,
  { accountId, proof, others }: RightProof,
  browser: Buffer,
  now: Instant,
): Promise<void> {
  const { sql } = deps.database
  const ring = deps.keyring.current()
  const [items, changes, isKnown] = await Promise.all([
    itemsOf(sql, accountId),
    changesOf(sql, accountId),
    isKnownBrowser(sql, accountId, browser),
  ])
  const fresh = [proof, ...others.filter(({ at }) => now < at + stepUpLasts)].map(({ itemId }) => itemId)
  const settled = items
    .filter((item) => fresh.includes(item.id) && !cameByOpenChange(item, { items, changes }, now))
    .map(({ id }) => id)
  const ids = items.map(({ id }) => id)
  const { own, opened } = countsEmptied({ itemId: proof.itemId, isKnown }, settled, ids)
  const browsers = opened.length === 0 ? [] : [browser, ...(await browsersOf(sql, accountId))]
  const inBrowser = [knownItemKey, knownClosingToldKey]
  const strangers = [itemKey, undoingItemKey, unprovedKey, closingToldKey]
  const ownKeys = own.flatMap((id) => [
    ...strangers.map((keyOf) => keyOf(ring, accountId, id)),
    ...inBrowser.map((keyOf) => keyOf(ring, accountId, id, browser)),
  ])
  // What is full was not what this code counted on: it is closed, and only what opens it empties it.
  const closed = ownKeys.length === 0 ? [] : await fullOf(deps, ownKeys)
  const keys = [
    ...ownKeys.filter((key) => !closed.includes(key)),
    ...opened.flatMap((id) => [
      ...strangers.map((keyOf) => keyOf(ring, accountId, id)),
      ...browsers.flatMap((one) => inBrowser.map((keyOf) => keyOf(ring, accountId, id, one))),
    ]),
  ]
  await emptyFailures(
    sql,
    keys.map(({ key }) => key),
  )
}
