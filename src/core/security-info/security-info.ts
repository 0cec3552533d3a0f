import type { Instant } from '../time.ts'

/** An item that codes can be sent to. */
export type ContactKind = 'email' | 'phone'
export type ItemKind = ContactKind | 'totp' | 'passkey' | 'recovery_code'

type Common = {
  id: string
  addedAt: Instant
  provenAt: Instant | undefined
  lastUsedAt: Instant | undefined
  /** It was added by a change that is frozen, or after it: it proves nothing. */
  frozen: boolean
}

export type Contact = Common & { kind: ContactKind; address: string }
/** `name` is what its owner calls it. */
export type Authenticator = Common & { kind: 'totp' | 'passkey'; name: string }
export type RecoveryCode = Common & { kind: 'recovery_code' }

/** One of the ways in which an account can prove it is its owner. */
export type Item = Contact | Authenticator | RecoveryCode

export const isContact = (item: Item): item is Contact => item.kind === 'email' || item.kind === 'phone'
