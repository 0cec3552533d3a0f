import { type Duration, days, type Instant } from '../time.ts'
import { waitUntil } from '../verifications/limits.ts'
import type { ItemKind } from './security-info.ts'

/** For so long a change can be frozen by one old contact, and undone. */
export const changeOpenFor: Duration = days(30)
/** For so long a notice is tried: a mailbox that is away for a weekend hears of it. */
export const noticeLasts: Duration = days(3)
/** A phone is told of so many things a day: texts cost money, and somebody may change things to and fro all day. */
export const mostTextsADay = 10

/** What is told to all contacts of an account. A new sign-in changes nothing, but may be somebody else's. */
export const changeKinds = [
  'new_sign_in',
  'password_changed',
  'item_added',
  'item_removed',
  'two_step_on',
  'two_step_off',
  'recovery_code_made',
  'recovery_code_used',
] as const
export type ChangeKind = (typeof changeKinds)[number]
/** Of what was tried: by strangers who have the password, or in a browser that the account knows. There is nothing to freeze. */
export const warningKinds = [
  'codes_guessed',
  'item_closed',
  'known_browser_guesses',
  'browser_forgotten',
] as const
export type WarningKind = (typeof warningKinds)[number]
/** A notice tells of a change, of what became of one, that a number was proved on another account, or warns. */
export type NoticeKind =
  | ChangeKind
  | 'change_frozen'
  | 'change_undone'
  | 'change_kept'
  | 'undo_asked'
  | 'phone_taken'
  | WarningKind

export const isWarning = (kind: NoticeKind): boolean => warningKinds.some((warning) => warning === kind)

/** Whether there is something to stop by the page that a notice leads to; else it leads to the account. */
export const isStoppable = (kind: NoticeKind): boolean =>
  !isWarning(kind) && kind !== 'change_frozen' && kind !== 'change_undone' && kind !== 'phone_taken'

/**
 *     standing --an old contact--> frozen --proofs from before--> undone
 *        |                          |  ^----another old item------.
 *        |                          '---------proofs from before--> kept
 *        '--proofs from before--> undone
 *
 * Where an undo has to be announced first (core/security-info/undo.ts) the change keeps its state until then; whoever
 * may stop it makes it `kept`.
 */
export type ChangeState = 'standing' | 'frozen' | 'undone' | 'kept'

/** An item as a change remembers it: enough to put a contact back as it was. */
export type ChangedItem = {
  id: string
  kind: ItemKind
  /** Of a contact. */
  address?: string | undefined
  /** Of an authenticator app or a passkey. */
  name?: string | undefined
  addedAt: Instant
  provenAt: Instant | undefined
}

/** What happened; `lost` is an item removed as lost or stolen with two old proofs: it has no say in that and what follows. */
export type Change =
  | { kind: Exclude<ChangeKind, 'password_changed' | 'item_added' | 'item_removed'> }
  /** With the hash of the password that it took the place of: undoing it puts that back. */
  | { kind: 'password_changed'; before: string }
  | { kind: 'item_added'; item: ChangedItem }
  | { kind: 'item_removed'; item: ChangedItem; lost: boolean }

/** What is stored of it besides its kind. */
export type ChangeDetail = {
  item?: ChangedItem
  lost?: boolean
  ip?: string | undefined
  browser?: string | undefined
  system?: string | undefined
  /** When the oldest item was added that had freshly proved it. */
  proverAddedAt?: Instant | undefined
  /** Whether two-step verification was on before: what undoing asks for depends on it. */
  twoStep: boolean
}

export type StoredChange = {
  id: string
  kind: ChangeKind
  at: Instant
  sessionId: string | undefined
  state: ChangeState
  detail: ChangeDetail
  /** Since when it is announced that it will be undone, where it has to be. */
  undoAskedAt?: Instant | undefined
  /** Of a change of password: the hash of the one before. */
  passwordBefore?: string | undefined
  /** Of one that is kept: the items that can't freeze it again. */
  silenced?: readonly string[] | undefined
  /** When the oldest item was added that proved it, froze it or asked to undo it (core/security-info/seniority.ts). */
  seniorItemAt?: Instant | undefined
}

/**
 * Until when an account takes no more changes of a kind; undefined where it does. Each kind counts by itself: a thief who
 * adds and removes things all day keeps nobody from a new password, and where he changes that, undoing asks for a new one.
 * What was undone counts as well, or changing and undoing would have no end.
 *
 * @param newestFirst the changes of a day or more
 */
export const changesWait = (
  newestFirst: readonly Pick<StoredChange, 'kind' | 'at'>[],
  kind: ChangeKind,
  perDay: number,
  now: Instant,
): Instant | undefined =>
  waitUntil(
    newestFirst.filter((change) => change.kind === kind).map(({ at }) => at),
    [{ most: perDay, within: days(1) }],
    now,
  )

/** What a notice says of its change, besides when. */
export type NoticeDetail = {
  kind: NoticeKind
  /** The item that was added or removed, as a hint or a name. */
  item?: string | undefined
  itemKind?: ItemKind | undefined
  ip?: string | undefined
  browser?: string | undefined
  system?: string | undefined
  /** To a contact that was removed as lost or stolen: it can't stop its own removal. */
  lost?: true
  /** Of an undo that was asked for: from when on it can be done. */
  undoFrom?: Instant | undefined
}
