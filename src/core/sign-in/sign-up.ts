import type { Email } from '../address.ts'
import type { Proving } from '../proving/proving.ts'
import type { Instant } from '../time.ts'

/**
 * Signing up: nothing exists before the address is proved, so that nobody can prepare an account for somebody else.
 *
 *     code --right code--> new_password --accepted--> signed in
 *
 * Where the address has an account already (`addressInUse`) the pages are the same; the mail says so instead of
 * carrying a code, and no code is right.
 */
export type SignUp = Proving<'new_password'> & {
  kind: 'sign_up'
  email: Email
  addressInUse: boolean
  provenAt?: Instant | undefined
  /** The hash of an invitation that makes the new account an administrator's. */
  invitation: string | undefined
  returnTo: string | undefined
}
