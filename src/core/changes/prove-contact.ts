import type { Proving } from '../proving/proving.ts'

/**
 * Proving a contact within a session: a new one, which is added by it, or one that the account has, which is confirmed.
 *
 *     code --right code--> proved
 */
export type ProveContact = Proving & {
  kind: 'prove_contact'
  accountId: string
  sessionId: string
  /** The item to confirm; undefined for a new one. */
  itemId: string | undefined
  contact: { kind: 'email' | 'phone'; address: string }
  returnTo: string
}

export type ContactProved = { kind: 'contact_proved'; accountId: string; sessionId: string; returnTo: string }
