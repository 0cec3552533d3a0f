import type { Proof } from '../people/session.ts'
import type { Instant } from '../time.ts'
import type { StoredChange } from './change.ts'
import { isOlder } from './freeze.ts'
import { stepUpLasts } from './step-up.ts'

/**
 * Items that came after a change and may be left when it is undone, so that one bad item goes without the good ones: those
 * that an item older than the change had proved, or that whoever undoes it has freshly proved as well. Which of them are
 * theirs, they say.
 *
 * @param since the change and all that came after it
 * @returns the changes by which they came, in the order of `since`
 */
export function sparable(
  { change, since }: { change: StoredChange; since: readonly StoredChange[] },
  items: readonly { id: string }[],
  by: { proofs: readonly Proof[]; accountCreatedAt: Instant },
  now: Instant,
): StoredChange[] {
  const fresh = by.proofs.filter((proof) => now < proof.at + stepUpLasts).map(({ itemId }) => itemId)
  return since.filter(({ id, kind, detail }) => {
    if (id === change.id || kind !== 'item_added' || !items.some((item) => item.id === detail.item?.id))
      return false
    const { proverAddedAt } = detail
    const isVouched =
      proverAddedAt !== undefined && isOlder({ addedAt: proverAddedAt }, change, by.accountCreatedAt)
    return isVouched || fresh.includes(detail.item?.id)
  })
}
