import type { Proof } from '../people/session.ts'
import type { Instant } from '../time.ts'
import type { StoredChange } from './change.ts'
import { cameByOpenChange } from './freeze.ts'
import type { ItemKind } from './security-info.ts'
import { stepUpLasts } from './step-up.ts'

type Dated = { id: string; kind: ItemKind; addedAt: Instant }

/**
 * When the oldest item was added of those that were freshly proved.
 *
 * @returns undefined where none was, such as by a password alone
 */
export function oldestProver(
  proofs: readonly Proof[],
  items: readonly Pick<Dated, 'id' | 'addedAt'>[],
  now: Instant,
): Instant | undefined {
  const fresh = proofs.filter((proof) => now < proof.at + stepUpLasts).map(({ itemId }) => itemId)
  const ages = items.filter(({ id }) => fresh.includes(id)).map(({ addedAt }) => addedAt)
  return ages.length === 0 ? undefined : Math.min(...ages)
}

/**
 * Of the items that have a say in a change, those that may undo or confirm it. An item that came by a change which can
 * itself still be undone may freeze; but what an older item proved or froze is decided by that one, and not by the newer:
 * else what a thief added would take back, a week later, whatever the owner mends.
 *
 * @param since the change that is decided and all that came after it, which is decided with it
 */
export function deciders<One extends Dated>(
  before: readonly One[],
  since: readonly StoredChange[],
  account: { items: readonly Pick<Dated, 'id' | 'kind'>[]; changes: readonly StoredChange[] },
  now: Instant,
): One[] {
  const senior = Math.min(...since.map(({ seniorItemAt }) => seniorItemAt ?? Number.POSITIVE_INFINITY))
  return before.filter((item) => item.addedAt <= senior || !cameByOpenChange(item, account, now))
}
