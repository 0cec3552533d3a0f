import type { Proof } from '../people/session.ts'
import type { Instant } from '../time.ts'
import type { ChangedItem, StoredChange } from './change.ts'
import { proofsMissing } from './freeze.ts'
import { undoWait } from './undo.ts'

type Dated = Pick<ChangedItem, 'id' | 'kind' | 'addedAt'>

/** What proving one more item gives on the way to an undo: told before it is chosen. */
export type UndoGives =
  | { gives: 'at_once' | 'with_another' | 'in_seven_days' | 'too_little' }
  /** Of an undo that is announced. */
  | { gives: 'later'; from: Instant }

/**
 * @param decision what is decided, and the items that may decide it
 * @param proofs what was proved before
 */
export function undoGives(
  item: { id: string },
  decision: { change: StoredChange; since: readonly StoredChange[]; before: readonly Dated[] },
  proofs: readonly Proof[],
  now: Instant,
): UndoGives {
  const { change, since, before } = decision
  const proof = (itemId: string): Proof => ({ kind: 'passkey', at: now, itemId })
  const further = [...proofs, proof(item.id)]
  if (proofsMissing(change, further, before, now) > 0) {
    const all = before.map(({ id }) => proof(id))
    return { gives: proofsMissing(change, all, before, now) > 0 ? 'too_little' : 'with_another' }
  }
  const wait = undoWait(change, since, further, before, now)
  if (wait === undefined) return { gives: 'at_once' }
  return wait.state === 'announced' ? { gives: 'later', from: wait.until } : { gives: 'in_seven_days' }
}

const quickestFirst: Record<UndoGives['gives'], number> = {
  at_once: 0,
  with_another: 1,
  later: 2,
  in_seven_days: 3,
  too_little: 4,
}

/** The quickest first; of those that give the same, as they come. */
export const byWhatItGives = <One extends { gives: UndoGives }>(all: readonly One[]): One[] =>
  all.toSorted((one, other) => quickestFirst[one.gives.gives] - quickestFirst[other.gives.gives])
