import type { Instant } from '../time.ts'
import { isOnProbation, probation, standsAlone } from './item-standing.ts'
import type { ItemKind } from './security-info.ts'

/** An item as far as it can still prove something when another one goes. */
export type RemainingItem = {
  id: string
  kind: ItemKind
  addedAt: Instant
  provenAt: Instant | undefined
  frozen?: boolean | undefined
}

export type AccountRules = { createdAt: Instant; twoStep: boolean }

/** What would be missing: nothing that codes can be sent to, or with two-step verification only one kind. */
export type Missing = 'contact' | 'second_kind'

/**
 * Whether an item may go. What counts as remaining was proved, and is past its first week in an account that is: or
 * somebody with a session could put their own in place of everything.
 *
 * @returns what has to be added first; undefined where nothing has
 */
export function missingAfter(
  items: readonly RemainingItem[],
  goes: string,
  account: AccountRules,
  now: Instant,
): Missing | undefined {
  const remaining = items.filter((item) => item.id !== goes && counts(item, account, now))
  if (!remaining.some(({ kind }) => kind === 'email' || kind === 'phone')) return 'contact'
  return account.twoStep && kindsOf(remaining).size < 2 ? 'second_kind' : undefined
}

/**
 * From when an item may go if nothing else changes: what was added lately counts once its first week is over.
 *
 * @returns undefined where all that the account has would not be enough
 */
export function removableFrom(
  items: readonly RemainingItem[],
  goes: string,
  account: AccountRules,
  now: Instant,
): Instant | undefined {
  const moments = [now, ...items.map(({ addedAt }) => addedAt + probation)]
  return moments
    .filter((at) => at >= now)
    .sort((one, other) => one - other)
    .find((at) => missingAfter(items, goes, account, at) === undefined)
}

/** A recovery code is a way back, not a way in: it counts as no kind. */
const kindsOf = (items: readonly RemainingItem[]): Set<ItemKind> =>
  new Set(items.map(({ kind }) => kind).filter((kind) => kind !== 'recovery_code'))

/** Whether it was proved, nobody froze it, and it is past its first week in an account that is. */
export const counts = (item: RemainingItem, account: AccountRules, now: Instant): boolean =>
  standsAlone(item, now) && !isOnProbation(item, account.createdAt, now)
