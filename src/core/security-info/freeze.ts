import type { Proof } from '../people/session.ts'
import { type Duration, days, type Instant } from '../time.ts'
import { type ChangedItem, type ChangeState, changeOpenFor, type StoredChange } from './change.ts'
import { isOnProbation, type SensitiveAct, stepUpLasts } from './step-up.ts'

/**
 * Somebody whose contact was there before a change may freeze it, alone: nothing further can be changed, and what was
 * added by it or since proves nothing, until it is decided with the proofs that recovery would have asked for before it.
 * Undecided, a freeze ends with the 30 days of its change.
 */
export const isOpen = (change: { at: Instant }, now: Instant): boolean => now < change.at + changeOpenFor

/** The change that holds an account still; of several the first, since deciding it decides what came after. */
export function frozenChange(changes: readonly StoredChange[], now: Instant): StoredChange | undefined {
  return changes.filter((change) => change.state === 'frozen' && isOpen(change, now)).sort(byTime)[0]
}

const byTime = (one: StoredChange, other: StoredChange): number => one.at - other.at

/** What can still be done in an account that is held still. */
const openWhileFrozen: ReadonlySet<SensitiveAct> = new Set([
  'export_activity',
  'freeze_change',
  'undo_change',
])
export const isBlocked = (act: SensitiveAct): boolean => !openWhileFrozen.has(act)

type Dated = Pick<ChangedItem, 'id' | 'kind' | 'addedAt'>

/** Whether an item was there before a change, and past its first week where the account was. */
export const isOlder = (item: Dated, change: { at: Instant }, accountCreatedAt: Instant): boolean =>
  item.addedAt < change.at && !isOnProbation(item, accountCreatedAt, change.at)

/**
 * Items that have a say in a change: those of the account that are older than it, and contacts that were removed by it or
 * after it; but none that was removed as lost or stolen.
 */
export function itemsBefore<One extends Dated>(
  change: StoredChange,
  items: readonly (One & { frozen?: boolean | undefined })[],
  changes: readonly StoredChange[],
  accountCreatedAt: Instant,
): (One | ChangedItem)[] {
  const removed = changes.flatMap(({ kind, at, state, detail }) =>
    kind === 'item_removed' && at >= change.at && state !== 'undone' && detail.lost !== true && detail.item
      ? [detail.item]
      : [],
  )
  const there = items.filter((item) => item.frozen !== true && !isInDispute(item, change))
  return [...there, ...removed].filter((item) => isOlder(item, change, accountCreatedAt))
}

/** Whether a recovery code was used by its owner is what the change is about: it can't answer that itself. */
const isInDispute = (item: Dated, change: StoredChange): boolean =>
  change.kind === 'recovery_code_used' && item.kind === 'recovery_code'

export type FreezeDecision = 'freeze' | 'frozen_already' | 'decided' | 'too_late' | 'no_say'

/** Whether the holder of one item may freeze a change. */
export function decideFreeze(
  change: StoredChange,
  by: { id: string },
  before: readonly { id: string }[],
  now: Instant,
): FreezeDecision {
  if (!isOpen(change, now)) return 'too_late'
  if (!before.some(({ id }) => id === by.id)) return 'no_say'
  const states: Record<ChangeState, FreezeDecision> = {
    standing: 'freeze',
    frozen: 'frozen_already',
    undone: 'decided',
    kept: 'decided',
  }
  return states[change.state]
}

/**
 * How many more proofs deciding a change takes: one by an item older than it, or with two-step verification before it
 * two of different kinds; all of them fresh.
 */
export function proofsMissing(
  change: StoredChange,
  proofs: readonly Proof[],
  before: readonly Dated[],
  now: Instant,
): number {
  const fresh = proofs.filter((proof) => now < proof.at + stepUpLasts)
  const proved = before.filter(({ id }) => fresh.some((proof) => proof.itemId === id))
  const kinds = new Set(proved.map(({ kind }) => kind))
  return Math.max(0, (change.detail.twoStep ? 2 : 1) - kinds.size)
}

/** Two-step verification stands for so long against whoever has nothing but a contact from before it. */
export const twoStepStands: Duration = days(7)

/**
 * From when on contacts alone may undo: where two-step verification was turned on by what would be undone, not before all
 * contacts have known of it for a week. Whoever got into a mailbox must not be able to take it away at once.
 *
 * @param since the change that is decided and all that came after it
 * @returns undefined where there is nothing to wait for, or anything but a contact was proved
 */
export function undoWaitsUntil(
  since: readonly StoredChange[],
  proofs: readonly Proof[],
  before: readonly Dated[],
  now: Instant,
): Instant | undefined {
  const turnedOn = since.filter(({ kind }) => kind === 'two_step_on').map(({ at }) => at + twoStepStands)
  const until = Math.max(0, ...turnedOn)
  if (now >= until) return undefined
  const fresh = proofs.filter((proof) => now < proof.at + stepUpLasts).map(({ itemId }) => itemId)
  const isStrong = ({ id, kind }: Dated) => kind !== 'email' && kind !== 'phone' && fresh.includes(id)
  return before.some(isStrong) ? undefined : until
}
