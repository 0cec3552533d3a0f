import type { Proof } from '../people/session.ts'
import type { Instant } from '../time.ts'
import {
  type ChangedItem,
  type ChangeKind,
  type ChangeState,
  changeOpenFor,
  type StoredChange,
} from './change.ts'
import type { ItemKind } from './security-info.ts'
import { isOnProbation, type SensitiveAct, stepUpLasts } from './step-up.ts'
import { undoAnnouncedFor, undoStaysOpen } from './undo.ts'

/**
 * Somebody whose contact was there before a change may freeze it, alone: nothing further can be changed, and what was
 * added by it or since proves nothing, until it is decided with the proofs that recovery would have asked for before it.
 * Undecided, a freeze ends with the 30 days of its change.
 */
export const isOpen = (change: Opened, now: Instant): boolean => now < openUntil(change)

type Opened = Pick<StoredChange, 'at' | 'undoAskedAt'>

/** Until when a change can be decided: thirty days, or for as long as an undo that is announced needs. */
export const openUntil = ({ at, undoAskedAt }: Opened): Instant =>
  Math.max(at + changeOpenFor, (undoAskedAt ?? 0) + undoAnnouncedFor + undoStaysOpen)

/** The change that holds an account still; of several the first, since deciding it decides what came after. */
export function frozenChange(changes: readonly StoredChange[], now: Instant): StoredChange | undefined {
  return changes.filter((change) => change.state === 'frozen' && isOpen(change, now)).sort(byTime)[0]
}

/** All that is held with it, newest first. */
export function heldChanges(changes: readonly StoredChange[], now: Instant): StoredChange[] {
  const first = frozenChange(changes, now)
  return first === undefined ? [] : sinceThen(changes, first)
}

const byTime = (one: StoredChange, other: StoredChange): number => one.at - other.at

/** What can still be done in an account that is held still. */
const openWhileFrozen: ReadonlySet<SensitiveAct> = new Set([
  'export_activity',
  'freeze_change',
  'undo_change',
])
export const isBlocked = (act: SensitiveAct): boolean => !openWhileFrozen.has(act)

/**
 * A change and what is decided with it: all that came after it, newest first, since after a hostile one nothing is taken
 * for the owner's. Once it is frozen nothing further changes; who signs in then, or uses a recovery code that nobody had
 * touched, is no part of it. One that was confirmed goes with what was confirmed beside it.
 */
export const sinceThen = (changes: readonly StoredChange[], first: StoredChange): StoredChange[] =>
  changes.filter(({ at, state }) => at >= first.at && goesWith[first.state].has(state))

const goesWith: Record<ChangeState, ReadonlySet<ChangeState>> = {
  standing: new Set<ChangeState>(['standing', 'frozen']),
  frozen: new Set<ChangeState>(['frozen']),
  kept: new Set<ChangeState>(['kept', 'standing', 'frozen']),
  undone: new Set<ChangeState>(['standing', 'frozen']),
}

/** Changes by which whoever made them holds the account's recovery code. */
const touchesRecoveryCode: ReadonlySet<ChangeKind> = new Set<ChangeKind>([
  'recovery_code_made',
  'recovery_code_used',
  'two_step_on',
])

/** Items that came with these changes, by their ids: their rows are a moment older than the changes' own. */
export function broughtBy(
  since: readonly StoredChange[],
  items: readonly { id: string; kind: ItemKind }[],
): Set<string> {
  const added = since.flatMap(({ kind, detail }) => (kind === 'item_added' ? [detail.item?.id] : []))
  const code = since.some(({ kind }) => touchesRecoveryCode.has(kind))
    ? items.filter(({ kind }) => kind === 'recovery_code').map(({ id }) => id)
    : []
  return new Set([...added, ...code].filter((id) => id !== undefined))
}

type Dated = Pick<ChangedItem, 'id' | 'kind' | 'addedAt'>
type Own = Dated & { frozen?: boolean | undefined }

/** Whether an item came by a change that can still be undone: for so long its coming is not settled. */
export const cameByOpenChange = (
  item: Pick<Own, 'id' | 'kind'>,
  { items, changes }: { items: readonly Pick<Own, 'id' | 'kind'>[]; changes: readonly StoredChange[] },
  now: Instant,
): boolean =>
  changes.some(
    (change) => change.state !== 'undone' && isOpen(change, now) && broughtBy([change], items).has(item.id),
  )

/** Whether an item was there before a change, and past its first week where the account was. */
export const isOlder = (
  item: { addedAt: Instant },
  change: { at: Instant },
  accountCreatedAt: Instant,
): boolean => item.addedAt < change.at && !isOnProbation(item, accountCreatedAt, change.at)

/** Whether an item has a say in a change. */
export const hasSay = (
  itemId: string,
  change: StoredChange,
  account: { items: readonly Own[]; changes: readonly StoredChange[]; createdAt: Instant },
): boolean =>
  itemsBefore(change, account.items, account.changes, account.createdAt).some(({ id }) => id === itemId)

/**
 * Items that have a say in a change: those of the account that are older than it, and contacts that were removed by it or
 * after it; but none that came with what is decided: a recovery code that was used since can't answer for itself. One that
 * was removed as lost or stolen keeps its say in what was changed before, and has none in its removal and what follows.
 */
export function itemsBefore<One extends Dated>(
  change: StoredChange,
  items: readonly (One & { frozen?: boolean | undefined })[],
  changes: readonly StoredChange[],
  accountCreatedAt: Instant,
): (One | ChangedItem)[] {
  const removed = changes.flatMap(({ id, kind, at, state, detail }) => {
    const isFrom = kind === 'item_removed' && at >= change.at && state !== 'undone'
    return isFrom && detail.item && !(detail.lost && id === change.id) ? [detail.item] : []
  })
  const inDispute = broughtBy(sinceThen(changes, change), items)
  const there = items.filter((item) => item.frozen !== true && !inDispute.has(item.id))
  return [...there, ...removed].filter((item) => isOlder(item, change, accountCreatedAt))
}

export type FreezeDecision = 'freeze' | 'frozen_already' | 'decided' | 'too_late' | 'no_say'

/**
 * Whether the holder of one item may freeze a change. One that was confirmed can be frozen again, by an item that the
 * account still has and that had no part in confirming it; a contact that was removed has its say once.
 */
export function decideFreeze(
  change: StoredChange,
  by: { id: string; isThere: boolean },
  before: readonly { id: string }[],
  now: Instant,
): FreezeDecision {
  if (!isOpen(change, now)) return 'too_late'
  if (!before.some(({ id }) => id === by.id)) return 'no_say'
  const states: Record<ChangeState, FreezeDecision> = {
    standing: 'freeze',
    frozen: 'frozen_already',
    undone: 'decided',
    kept: by.isThere && change.silenced?.includes(by.id) !== true ? 'freeze' : 'decided',
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
