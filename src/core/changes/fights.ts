import type { ItemKind } from '../security-info/security-info.ts'

/** An item that was there before the thief came; `removed` by its owner or, from the account, by the thief. */
export type Held = { id: string; kind: ItemKind; removed?: true }

/** What a thief and an owner hold of one account, and who keeps it. What the thief added since is on neither's list. */
export type Fight = {
  thief: string
  owner: string
  twoStep: boolean
  /** Whether the change that is fought about turned two-step verification on. */
  turnedTwoStepOn?: true
  /** Whether the thief gets into a session at all: with the password and a code, or at a browser left open. */
  thiefIsIn: boolean
  thiefHolds: readonly Held[]
  ownerHolds: readonly Held[]
  /** What the thief added, and after how long they prove all of it to push the owner's out, as lost where that goes. */
  pushesOut?: { with: readonly Held[]; afterDays: number; accountDays: number }
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
const thiefsMailbox: Held = { id: 'thief’s mailbox', kind: 'email' }
const thiefsApp: Held = { id: 'thief’s app', kind: 'totp' }
const removedMailbox: Held = { id: 'mailbox', kind: 'email', removed: true }

/**
 * Who keeps an account, as docs/who-wins.md tells: six thieves, each against an owner who has an older item of any kind and
 * against one who has nothing but an old contact; and where two-step verification makes a difference. A test judges each by
 * the rules of core; stories play them (test/people/freezing.test.ts, undoing.test.ts).
 */
export const fights: readonly Fight[] = [
  {
    thief: 'has the password',
    owner: 'has an older item of any kind',
    twoStep: false,
    thiefIsIn: false,
    thiefHolds: [],
    ownerHolds: [app],
    winner: 'owner',
    takes: 'no time: a new browser is asked for a second proof',
  },
  {
    thief: 'has the password',
    owner: 'has nothing but an old contact',
    twoStep: false,
    thiefIsIn: false,
    thiefHolds: [],
    ownerHolds: [mailbox],
    winner: 'owner',
    takes: 'no time: a new browser is asked for a code to that contact',
  },
  {
    thief: 'has the password and the mailbox',
    owner: 'reads the same mailbox, and has an older item of any kind',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [mailbox],
    ownerHolds: [mailbox, phone],
    winner: 'both',
    takes:
      'until one of the two mailboxes’ passwords is changed: what one does, the other can freeze and undo within minutes. With two further items the owner removes the mailbox as stolen',
  },
  {
    thief: 'has the password and the mailbox',
    owner: 'reads the same mailbox, and nothing else',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [mailbox],
    ownerHolds: [mailbox],
    winner: 'both',
    takes: 'until the mailbox’s own password is changed: the service can’t tell the two apart',
  },
  {
    thief: 'has the password and the mailbox',
    owner: 'reads the same mailbox, and has an authenticator app; two-step verification is on',
    twoStep: true,
    thiefIsIn: true,
    thiefHolds: [mailbox],
    ownerHolds: [mailbox, app],
    winner: 'owner',
    takes: 'minutes, at any time in the 30 days after the notice',
  },
  {
    thief: 'has the phone',
    owner: 'has an older item of any kind',
    twoStep: false,
    thiefIsIn: false,
    thiefHolds: [phone],
    ownerHolds: [app],
    winner: 'owner',
    takes:
      'no time: without the password, a text can’t sign in. The thief can undo changes of the last 30 days, which brings back the owner’s password from before',
  },
  {
    thief: 'has the phone',
    owner: 'has nothing but an old contact',
    twoStep: false,
    thiefIsIn: false,
    thiefHolds: [phone],
    ownerHolds: [mailbox],
    winner: 'owner',
    takes: 'no time, as above',
  },
  {
    thief: 'has the password and phished one code',
    owner: 'has an older item of any kind',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [phone],
    winner: 'owner',
    takes:
      'minutes, at any time in the 30 days after the notice. In the first 7 days nothing of the owner’s can be removed at all',
  },
  {
    thief:
      'has the password and phished one code, and after a week put their own contact in place of the owner’s',
    owner: 'has nothing but that old contact',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [removedMailbox],
    winner: 'owner',
    takes: 'minutes, at any time in the 30 days after the notice: freezing brings the contact back',
  },
  {
    thief:
      'has the password, phished one code, added a mailbox and an app, and after a week proves both to remove the owner’s contact as lost',
    owner: 'has nothing but that old contact',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [mailbox],
    pushesOut: { with: [thiefsMailbox, thiefsApp], afterDays: 8, accountDays: 60 },
    winner: 'owner',
    takes:
      'minutes from any of the notices on, each of which can be read for 30 days: what came by a change that the contact can freeze never gives it up as lost, nor decides what the contact froze',
  },
  {
    thief: 'does the same in minutes, in an account of a day',
    owner: 'has nothing but the contact that it began with',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [mailbox],
    pushesOut: { with: [thiefsMailbox, thiefsApp], afterDays: 0, accountDays: 1 },
    winner: 'owner',
    takes:
      'minutes from any of the notices on, as above: in its first 30 days no younger item gives up an older one',
  },
  {
    thief: 'has the password and removed the owner’s contact',
    owner: 'has nothing but that contact; two-step verification is on',
    twoStep: true,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [removedMailbox],
    winner: 'held',
    takes: 'the thief is stopped when the owner reads the notice; undoing takes a second kind of proof',
  },
  {
    thief: 'has the password, phished one code and turned two-step verification on',
    owner: 'has nothing but an old contact',
    twoStep: false,
    turnedTwoStepOn: true,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [mailbox],
    winner: 'owner',
    takes: '7 days from when the owner asks for it: it is announced to every contact first',
  },
  {
    thief: 'has the mailbox, and wants to undo the two-step verification that protects against that',
    owner: 'has the password in a browser known for a long time, or an older item of another kind',
    twoStep: false,
    turnedTwoStepOn: true,
    thiefIsIn: false,
    thiefHolds: [mailbox],
    ownerHolds: [mailbox, app],
    winner: 'owner',
    takes: 'until the owner reads one of four notices, within the 7 days',
  },
  {
    thief: 'sits at an unlocked browser',
    owner: 'has an older item of any kind',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [app],
    winner: 'owner',
    takes: 'no time: each change asks for a fresh proof',
  },
  {
    thief: 'sits at an unlocked browser',
    owner: 'has nothing but an old contact',
    twoStep: false,
    thiefIsIn: true,
    thiefHolds: [],
    ownerHolds: [mailbox],
    winner: 'owner',
    takes: 'no time: each change asks for a fresh proof',
  },
  {
    thief: 'has nothing but an old contact, which the owner removed',
    owner: 'has an older item of any kind',
    twoStep: false,
    thiefIsIn: false,
    thiefHolds: [removedMailbox],
    ownerHolds: [app],
    winner: 'owner',
    takes:
      'a minute: for 30 days the thief can pause changes or bring the contact back, but never get in, and the owner confirms the removal',
  },
  {
    thief: 'has nothing but an old contact, which the owner removed',
    owner: 'has nothing but another old contact',
    twoStep: false,
    thiefIsIn: false,
    thiefHolds: [removedMailbox],
    ownerHolds: [{ ...mailbox, id: 'other mailbox' }],
    winner: 'owner',
    takes: 'a minute, as above',
  },
]
