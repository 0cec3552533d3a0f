import type { ItemKind } from './security-info.ts'

/** An item that was there before the thief came; `removed` by its owner or, from the account, by the thief. */
export type Held = { id: string; kind: ItemKind; removed?: true }

/** What a thief and an owner hold of one account, and who keeps it. What the thief added since is on nobody's list. */
export type Fight = {
  thief: string
  owner: string
  twoStep: boolean
  /** Whether the thief gets into a session at all: with the password and a code, or at a browser left open. */
  thiefIsIn: boolean
  thiefHolds: readonly Held[]
  ownerHolds: readonly Held[]
  /**
   * `owner`: the thief can change nothing, or the owner alone can undo it. `both` can undo what the other does. `held`: the
   * thief's changes are stopped, and nobody can decide them before recovery does.
   */
  winner: 'owner' | 'both' | 'held'
  takes: string
}

const mailbox: Held = { id: 'mailbox', kind: 'email' }
const phone: Held = { id: 'phone', kind: 'phone' }
const app: Held = { id: 'app', kind: 'totp' }
const oldMailbox: Held = { id: 'old mailbox', kind: 'email', removed: true }

/**
 * Who keeps an account, as docs/who-wins.md tells. A test judges each by the rules of core; stories play them
 * (test/people/freezing.test.ts).
 */
export const fights: readonly Fight[] = [
  {
    thief: 'has the password',
    owner: 'has the mailbox',
    twoStep: false,
    thiefIsIn: false,
    thiefHolds: [],
    ownerHolds: [mailbox],
    winner: 'owner',
    takes: 'nothing: a new browser is asked for a code',
  },
  {
    thief: 'has the phone',
    owner: 'has the mailbox',
    twoStep: false,
    thiefIsIn: false,
    thiefHolds: [phone],
    ownerHolds: [mailbox],
    winner: 'owner',
    takes: 'nothing: without the password no text is sent for signing in',
  },
  {
    thief: 'sits at an unlocked browser',
    owner: 'has the mailbox',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [mailbox],
    winner: 'owner',
    takes: 'nothing: each change asks for a fresh proof',
  },
  {
    thief: 'has the password and phished one code',
    owner: 'has the mailbox that the code came to',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [mailbox],
    winner: 'owner',
    takes:
      'until the owner reads a notice, 30 days at most. In the first 7 the mailbox can’t be pushed out at all',
  },
  {
    thief: 'has the password and the mailbox',
    owner: 'reads the same mailbox, and has a phone',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [mailbox],
    ownerHolds: [mailbox, phone],
    winner: 'both',
    takes:
      'until one of the two mailboxes’ passwords is changed: what either does, the other can freeze and undo',
  },
  {
    thief: 'has the password and the mailbox',
    owner: 'reads the same mailbox, and has an authenticator app; two-step verification is on',
    twoStep: true,
    thiefIsIn: true,
    thiefHolds: [mailbox],
    ownerHolds: [mailbox, app],
    winner: 'owner',
    takes: 'until the owner reads a notice, 30 days at most',
  },
  {
    thief: 'has nothing but a contact that its owner removed',
    owner: 'has what remained',
    twoStep: false,
    thiefIsIn: false,
    thiefHolds: [oldMailbox],
    ownerHolds: [mailbox],
    winner: 'owner',
    takes:
      'a minute: the thief can hold the account still for 30 days after the removal, and the owner ends that',
  },
  {
    thief: 'has the password and put their own contacts in place of all others',
    owner: 'has any item from before',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [phone],
    winner: 'owner',
    takes: 'until the owner notices, 30 days at most',
  },
  {
    thief: 'has the password and removed the owner’s contact',
    owner: 'has nothing but that contact',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [{ ...mailbox, removed: true }],
    winner: 'owner',
    takes: 'until the owner reads the notice, 30 days at most: freezing puts the contact back',
  },
  {
    thief: 'has the password and removed the owner’s contact',
    owner: 'has nothing but that contact; two-step verification is on',
    twoStep: true,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [{ ...mailbox, removed: true }],
    winner: 'held',
    takes: 'the thief is stopped when the owner reads the notice; undoing takes a second kind of proof',
  },
]
