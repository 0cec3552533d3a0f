import { type Address, parseEmail, parsePhone } from '../address.ts'
import type { Contact } from './security-info.ts'

/** The address of a stored contact. */
export function addressOf(item: Contact): Address {
  const email = item.kind === 'email' ? parseEmail(item.address) : undefined
  if (email?.ok) return { kind: 'email', email: email.value }
  const phone = item.kind === 'phone' ? parsePhone(item.address) : undefined
  if (phone?.ok) return { kind: 'phone', ...phone.value }
  throw new Error('A stored address is not one.')
}
