import { type AccountRules, counts, missingAfter, type RemainingItem } from '../security-info/removal.ts'
import { type Duration, days, type Instant } from '../time.ts'
import type { StoredChange } from './change.ts'
import { cameByOpenChange, hasSay } from './freeze.ts'

/** In an account younger than this, no item declares one lost that is older than itself. */
export const lossSettles: Duration = days(30)
/** So many others have to be freshly proved for an item to go as lost or stolen. */
const proofsForLoss = 2

export type LossAccount = AccountRules & {
  items: readonly RemainingItem[]
  /** Of thirty days and more: what is still open decides who counts. */
  changes: readonly StoredChange[]
}

/**
 * `lost`: it may go as lost or stolen. `prove_more`: once two others are freshly proved. `too_new`: what would have to
 * prove it, or would remain, came by changes that the item can still freeze.
 */
export type LossVerdict = 'lost' | 'prove_more' | 'too_new'

/**
 * Whether an item may be removed as lost or stolen, by which it loses its say in what follows. That takes more than an
 * ordinary removal, which its contact can freeze: what came by a change in which the item has a say, and that is still
 * open, counts neither as a proof nor as what remains. Else a thief's own items, a week old, would silence the owner who
 * was promised thirty days.
 *
 * @param proved the items that the session has freshly proved
 */
export function decideLoss(
  goes: string,
  account: LossAccount,
  proved: readonly (string | undefined)[],
  now: Instant,
): LossVerdict {
  const others = countingForLoss(goes, account, now)
  const isEnough = others.length >= proofsForLoss && missingAfter(others, goes, account, now) === undefined
  if (!isEnough) return 'too_new'
  const fresh = others.filter(({ id }) => proved.includes(id))
  return fresh.length >= proofsForLoss ? 'lost' : 'prove_more'
}

function countingForLoss(goes: string, account: LossAccount, now: Instant): RemainingItem[] {
  const { items, changes, createdAt } = account
  const item = items.find(({ id }) => id === goes)
  if (item === undefined) return []
  const isYoung = now < createdAt + lossSettles
  const disputed = changes.filter((change) => hasSay(item.id, change, { items, changes, createdAt }))
  return items.filter(
    (other) =>
      other.id !== goes &&
      counts(other, account, now) &&
      !(isYoung && other.addedAt > item.addedAt) &&
      !cameByOpenChange(other, { items, changes: disputed }, now),
  )
}
