import { type Email, parsePhone } from '../address.ts'
import { withoutMarksAtEnds } from '../copied-marks.ts'
import type { ItemKind } from '../security-info/security-info.ts'
import type { SensitiveAct } from '../security-info/step-up.ts'
import { type Duration, type Instant, minutes, seconds } from '../time.ts'
import type { Proof } from './session.ts'

/** A flow is given up after this long: longer than a code lives, and than a person looks for one. */
export const flowLasts: Duration = minutes(60)

/**
 * Signing up: nothing exists before the address is proved, so that nobody can prepare an account for somebody else.
 *
 *     begin --code sent--> code --right code--> password --accepted--> done
 *
 * Where the address has an account already (`taken`) the pages are the same; the mail says so instead of carrying a
 * code, and no code is right.
 */
export type SignUp =
  | ({ step: 'begin' } & SigningUp)
  | ({ step: 'code'; verificationId: string; taken: boolean } & SigningUp)
  | ({ step: 'password'; provenAt: Instant; verificationId?: string | undefined } & SigningUp)

type SigningUp = {
  kind: 'sign_up'
  email: Email
  /** The hash of an invitation that makes the new account an administrator's. */
  invitation: string | undefined
  returnTo: string | undefined
}

/**
 * Signing in. `accountId` is undefined for a name that has no account: every step is the same for it.
 *
 *     password --right, known browser (with two-step: trusted)--> done
 *       |------right, any other--> choose --item--> code, totp, passkey --right--> done
 *       |                            '----------> recovery_code --right--> new_recovery_code --kept--> done
 *       '--strangers guessed too often--> choose --item--> confirm --hidden part--> code --right--> password
 *
 * `guarded` marks the last way: a code before the password, since strangers have used up their guesses.
 */
export type SignIn = {
  kind: 'sign_in'
  username: string
  accountId: string | undefined
  step: SignInStep
  guarded: boolean
  passwordAt: Instant | undefined
  /** What was proved besides the password: after it, or before it where that is guarded. */
  second: Proof | undefined
  /** Whether the account asks for a second proof at every sign-in; known once the password is proved. */
  twoStep: boolean
  /** "Don't ask again in this browser." */
  trust: boolean
  itemId: string | undefined
  /** The contact that was typed before the password, where a code went to one: the pages go on naming the chosen one. */
  typedItemId: string | undefined
  /** Which address was typed, hashed: what is guessed at for one that is no contact is counted by it. */
  typedHash?: string | undefined
  verificationId: string | undefined
  /** The recovery code that took the place of the one that was used, sealed, until its owner has kept it. */
  sealedCode: string | undefined
  /** Whether the session outlives the browser's window. */
  keep: boolean
  returnTo: string | undefined
}

type SignInStep =
  | 'password'
  | 'choose'
  | 'confirm'
  | 'code'
  | 'totp'
  | 'passkey'
  | 'recovery_code'
  | 'new_recovery_code'

/** A flow that has been gone through to its end: for a moment its last form, sent again, is answered with the same. */
export type SignedIn = {
  kind: 'signed_in'
  accountId: string
  proofs: Proof[]
  /** Whether this browser is trusted from now on. */
  trust: boolean
  keep: boolean
  returnTo: string | undefined
  at: Instant
  /** The account was made by this flow: its first browser is no news to anybody. */
  signedUp?: true
}

/**
 * Proving again, freshly, before a sensitive act. It begins with the choice of what to prove; each kind that can be
 * proved has a step of its own.
 *
 *     choose --email, phone--> code --right code--> done
 *       |----password, totp, passkey--> … --right--> done
 *       '----recovery_code--> … --right--> new_recovery_code --kept--> done
 */
export type StepUp = {
  kind: 'step_up'
  /** Whose, and the one session that rises: a proof for this account is nothing to any other. */
  accountId: string
  sessionId: string
  act: SensitiveAct
  step: Exclude<SignInStep, 'confirm'>
  itemId: string | undefined
  verificationId: string | undefined
  /** By a recovery code: what it proved, and the one that took its place, sealed, until its owner has kept it. */
  kept?: { proof: Proof; sealedCode: string } | undefined
  returnTo: string
}

/** A step-up that has been gone through: for a moment its last form, sent again, is answered with the same. */
export type SteppedUp = {
  kind: 'stepped_up'
  accountId: string
  sessionId: string
  /** The hash of the session's secret that the last form came with, in base64url: only that one may send it again. */
  secretHash: string
  /** What the session's new token is made of; gone after a minute. */
  seed: string | undefined
  proof: Proof
  returnTo: string
  at: Instant
}

/**
 * Proving a contact within a session: a new one, which is added by it, or one that the account has, which is confirmed.
 *
 *     begin (no verification yet) --code sent--> code --right code--> done
 */
export type ProveContact = {
  kind: 'prove_contact'
  accountId: string
  sessionId: string
  /** The item to confirm; undefined for a new one. */
  itemId: string | undefined
  contact: { kind: 'email' | 'phone'; address: string }
  verificationId: string | undefined
  returnTo: string
}

export type ContactProved = { kind: 'contact_proved'; accountId: string; sessionId: string; returnTo: string }

/**
 * Undoing a change from its notice, without a session: begun by whoever typed the reference in it, and gone on with by
 * proofs of items that are older than the change. With `aim` `stop` it stops an undo that is announced.
 *
 *     choose --email, phone--> code --right code--.
 *       |----another contact--> confirm --typed--> code
 *       |----totp, passkey--> … --right------------+--> choose (too little is proved) | decide --> done
 *       |----recovery_code--> … --right--> new_recovery_code --kept-'
 *       '----password (aim stop, browser known for long)--> right -'
 */
export type Undoing = {
  kind: 'undoing'
  aim: 'undo' | 'stop'
  accountId: string
  changeId: string
  /** The contact that the notice went to: its reader knows it. Of any other the rest must be typed. */
  contactId: string
  step: SignInStep | 'decide'
  proofs: Proof[]
  itemId: string | undefined
  verificationId: string | undefined
  /** By a recovery code: what it proved, and the one that took its place, sealed, until its owner has kept it. */
  kept?: { proof: Proof; sealedCode: string } | undefined
}

/** What came of it. */
export type UndoingOver = {
  kind: 'undoing_over'
  accountId: string
  outcome: 'undone' | 'announced' | 'stopped'
  /** Of one that is announced: from when on it can be done. */
  from?: Instant | undefined
}

/** The key that a session's page offers to an authenticator app: the same one until it is taken up. */
export type TotpOffered = { kind: 'totp_offered'; accountId: string; sessionId: string; sealed: string }

/** What leads to a session; the rest happens within one. */
export type EntryState = SignUp | SignIn | SignedIn
export type FlowState =
  | EntryState
  | StepUp
  | SteppedUp
  | ProveContact
  | ContactProved
  | TotpOffered
  | Undoing
  | UndoingOver

/** What has been gone through to its end waits for nothing any more, and a key that is offered never did. */
export const isOver = (
  state: FlowState,
): state is SignedIn | SteppedUp | ContactProved | TotpOffered | UndoingOver =>
  state.kind === 'totp_offered' ||
  state.kind === 'signed_in' ||
  state.kind === 'stepped_up' ||
  state.kind === 'contact_proved' ||
  state.kind === 'undoing_over'

export const isEntry = (state: FlowState): state is EntryState =>
  state.kind === 'sign_up' || state.kind === 'sign_in' || state.kind === 'signed_in'

/** How long the last form may be sent again (a double click) and still sign in. */
export const signedInAgainFor: Duration = seconds(60)

/** What an item looks like to somebody who chooses what to prove: a contact by its hint, an app by its name. */
export type ItemChoice = {
  id: string
  kind: ItemKind
  hint: string
  /** Too many wrong codes in a row: browsers that the account doesn't know can't prove it just now. */
  closed?: boolean
}

/**
 * What comes after the right password: a browser that the account knows is let in, any other is asked for a second proof;
 * with two-step verification on, only one that it trusts is let in.
 */
export const afterPassword = (
  flow: SignIn,
  browser: { known: boolean; trusted: boolean },
  twoStep: boolean,
): 'done' | 'choose' =>
  flow.second !== undefined || (twoStep ? browser.trusted : browser.known) ? 'done' : 'choose'

/** What comes after the second proof: the session, or the password where the code had to come first. */
export const afterSecond = (flow: SignIn): 'done' | 'password' =>
  flow.passwordAt === undefined ? 'password' : 'done'

/**
 * Whether a typed address completes a hint. Whoever has not proved the password must know the address that a code goes
 * to; the answer to a wrong one is the same page and takes the same work.
 */
export const completesHint = (address: string, typed: string): boolean => {
  const at = address.lastIndexOf('@')
  if (at < 0) {
    const phone = parsePhone(typed)
    return phone.ok && phone.value.phone === address
  }
  const wanted = withoutMarksAtEnds(typed).toLowerCase()
  return wanted === address || wanted === address.slice(0, at)
}

/** The address that somebody means who completes a hint by its hidden part alone, or by the whole. */
export function completedHint(hint: string, typed: string): string {
  const meant = withoutMarksAtEnds(typed).toLowerCase()
  const at = hint.lastIndexOf('@')
  return at < 0 || meant.includes('@') ? meant : meant + hint.slice(at)
}

/**
 * Whether a waiting page may say what became of the message: to somebody who has proved the password, or whose own
 * typed address it is. Anybody else could tell by it whether there is an account, or which contacts it has.
 */
export function mayBeTold(flow: SignUp | SignIn | StepUp | ProveContact | Undoing): boolean {
  if (flow.kind === 'undoing') return flow.itemId === flow.contactId
  return flow.kind !== 'sign_in' || flow.passwordAt !== undefined
}
