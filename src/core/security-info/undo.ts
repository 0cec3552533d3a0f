import type { Proof } from '../people/session.ts'
import { type Duration, days, type Instant, minutes } from '../time.ts'
import { type ChangedItem, changeOpenFor, type StoredChange } from './change.ts'
import type { ItemKind } from './security-info.ts'
import { probation, stepUpLasts } from './step-up.ts'

/**
 * An undo of two-step verification that rests on contacts alone is announced for so long to every contact there is. Whoever
 * got into a mailbox must not be able to take it away unseen.
 */
export const undoAnnouncedFor: Duration = days(7)
/** Once it may be done it can be for so long, even where the thirty days of its change have passed. */
export const undoStaysOpen: Duration = days(7)
/** When it is told of, counted from when it was asked for. */
export const undoToldAt: readonly Duration[] = [0, days(1), days(3), days(6)]

/** Why an undo can't be done yet: it was not asked for, or only since too short. */
export type UndoWait = { state: 'to_be_asked' } | { state: 'announced'; until: Instant }

type Dated = Pick<ChangedItem, 'id' | 'kind'>
const isContactKind = (kind: ItemKind): boolean => kind === 'email' || kind === 'phone'

/**
 *     nothing to wait for --> undo
 *     to_be_asked --asked--> announced --7 days--> undo
 *                               '--an older item, or the password in a browser known for long--> kept
 *
 * @param since the change that is decided and all that came after it
 * @param before the items that have a say in it
 * @returns undefined where it can be done now: two-step verification was not turned on by any of them, or anything but a
 *   contact is among the fresh proofs
 */
export function undoWait(
  change: Pick<StoredChange, 'undoAskedAt'>,
  since: readonly StoredChange[],
  proofs: readonly Proof[],
  before: readonly Dated[],
  now: Instant,
): UndoWait | undefined {
  if (!since.some(({ kind }) => kind === 'two_step_on')) return undefined
  const fresh = proofs.filter((proof) => now < proof.at + stepUpLasts).map(({ itemId }) => itemId)
  if (before.some(({ id, kind }) => !isContactKind(kind) && fresh.includes(id))) return undefined
  if (change.undoAskedAt === undefined) return { state: 'to_be_asked' }
  const until = change.undoAskedAt + undoAnnouncedFor
  return now < until ? { state: 'announced', until } : undefined
}

/** Between signing up and the first session there is one form, which can be sent again for a minute. */
const signUpTakes: Duration = minutes(5)

/**
 * Whether the password, typed in this browser, stops an undo that is announced: only in one that the account had known for
 * a week when the change was made, and whose first sign-in nobody could undo any more; that of signing up nobody ever
 * could. A thief's own is known from their first sign-in on, and a week is soon over.
 */
export const isLongKnown = (
  knownSince: Instant | undefined,
  change: { at: Instant },
  accountCreatedAt: Instant,
): boolean => {
  if (knownSince === undefined) return false
  const isFirst = knownSince < accountCreatedAt + signUpTakes
  return knownSince + (isFirst ? probation : changeOpenFor) <= change.at
}

/** What undoing comes to: an account as it was before the first of the changes, as far as that can be had back. */
export type UndoPlan = {
  /** Items that came since, to be removed. */
  removes: string[]
  /** Items that went since, to be put back. */
  putsBack: ChangedItem[]
  twoStep: 'on' | 'off' | undefined
  /** A recovery code that was made or used since is nobody's any more. */
  endsRecoveryCode: boolean
  /** The hash of the password before, where it was changed and that is known. */
  passwordBefore: string | undefined
  passwordChanged: boolean
}

type Present = { id: string; kind: ItemKind; provenAt: Instant | undefined }

/**
 * What was removed as lost or stolen stays away, since whoever holds it has no say; but where nothing else would remain
 * that a code can be sent to, it is put back too, as it was there before.
 *
 * @param since the change that is undone and all that came after it, newest first
 * @returns undefined where even so no proved contact would remain: an account always has one
 */
export function planUndo(items: readonly Present[], since: readonly StoredChange[]): UndoPlan | undefined {
  const present = new Map<string, Present>(items.map((item) => [item.id, item]))
  const putsBack = new Map<string, ChangedItem>()
  const lost = new Map<string, ChangedItem>()
  const plan: UndoPlan = {
    removes: [],
    putsBack: [],
    twoStep: undefined,
    endsRecoveryCode: false,
    passwordBefore: undefined,
    passwordChanged: false,
  }
  for (const change of since) {
    const { item } = change.detail
    switch (change.kind) {
      case 'item_added':
        if (item === undefined) break
        if (present.delete(item.id)) plan.removes.push(item.id)
        putsBack.delete(item.id)
        lost.delete(item.id)
        break
      case 'item_removed':
        if (item === undefined || present.has(item.id)) break
        if (change.detail.lost === true) lost.set(item.id, item)
        else putsBack.set(item.id, item)
        break
      case 'two_step_on':
        plan.twoStep = 'off'
        plan.endsRecoveryCode = true
        break
      case 'two_step_off':
        plan.twoStep = 'on'
        break
      case 'recovery_code_made':
      case 'recovery_code_used':
        plan.endsRecoveryCode = true
        break
      case 'password_changed':
        plan.passwordChanged = true
        plan.passwordBefore = change.passwordBefore
        break
      case 'new_sign_in':
        break
    }
  }
  const remains = (back: Iterable<Present>) =>
    [...present.values(), ...back].some((item) => isContactKind(item.kind) && item.provenAt !== undefined)
  if (remains(putsBack.values())) return { ...plan, putsBack: [...putsBack.values()] }
  const all = [...putsBack.values(), ...lost.values()]
  return remains(all) ? { ...plan, putsBack: all } : undefined
}

/** What confirming comes to: an account as its changes had left it, before a freeze put back what they removed. */
export type KeepPlan = { removes: string[]; putsBack: string[] }

/**
 * @param since the changes that are confirmed together, newest first
 * @returns undefined where no proved contact would remain
 */
export function planKeep(items: readonly Present[], since: readonly StoredChange[]): KeepPlan | undefined {
  const last = new Map<string, 'there' | 'gone'>()
  for (const { kind, detail } of since) {
    if (detail.item === undefined || last.has(detail.item.id)) continue
    if (kind === 'item_added') last.set(detail.item.id, 'there')
    if (kind === 'item_removed') last.set(detail.item.id, 'gone')
  }
  const removes = items.filter(({ id }) => last.get(id) === 'gone').map(({ id }) => id)
  const added = since.flatMap(({ kind, detail }) =>
    kind === 'item_added' && detail.item ? [detail.item] : [],
  )
  const back = added.filter(({ id }) => last.get(id) === 'there' && !items.some((item) => item.id === id))
  const left = [...items.filter(({ id }) => !removes.includes(id)), ...back]
  const remains = left.some((item) => isContactKind(item.kind) && item.provenAt !== undefined)
  return remains ? { removes, putsBack: back.map(({ id }) => id) } : undefined
}
