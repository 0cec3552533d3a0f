import type { Proof } from '../proving/proof.ts'
import type { Proving } from '../proving/proving.ts'
import type { Instant } from '../time.ts'

/**
 * Signing in. `accountId` is undefined for a name that has no account: every step is the same for it.
 *
 *     account_password --right, known browser (with two-step: trusted)--> signed in
 *       |--right, any other browser--> proving --proved--> signed in
 *       '--any, where strangers guessed too often (`guarded`)--> proving, by a contact typed in full --proved--> signed in
 *
 * On the last way only a right password sends a code (`hiddenPasswordAt`): nothing tells it from a wrong one before.
 */
export type SignIn = Proving<'account_password'> & {
  kind: 'sign_in'
  username: string
  accountId: string | undefined
  guarded: boolean
  passwordAt: Instant | undefined
  /** The password was right, and nobody may learn that before a code has come back. */
  hiddenPasswordAt?: Instant | undefined
  /** What was proved besides the password. */
  second: Proof | undefined
  /** Whether the account asks for a second proof at every sign-in; known once the password is proved. */
  twoStep: boolean
  /** "Don't ask again in this browser." */
  trust: boolean
  /** Whether the session outlives the browser's window. */
  keep: boolean
  returnTo: string | undefined
}

/** A flow that has led to a session: for a moment its last form, sent again, is answered with the same. */
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
  /** The session that was opened, and what its token is made of; the seed is gone after a minute. */
  sessionId?: string | undefined
  seed?: string | undefined
}

/**
 * What comes after the right password: a browser that the account knows is let in, any other is asked for a second
 * proof; with two-step verification on, only one that it trusts is let in.
 */
export const afterPassword = (
  browser: { known: boolean; trusted: boolean },
  twoStep: boolean,
): 'done' | 'choose' => ((twoStep ? browser.trusted : browser.known) ? 'done' : 'choose')
