import { hintOf, parseEmail, parsePhone } from '../address.ts'

/** What a name without an account shows: the hint of what was typed, as an account with one item would. */
export function inventedHint(username: string): { kind: 'email' | 'phone'; hint: string } {
  const email = parseEmail(username)
  if (email.ok) return { kind: 'email', hint: hintOf({ kind: 'email', email: email.value }) }
  const phone = parsePhone(username)
  if (phone.ok) return { kind: 'phone', hint: hintOf({ kind: 'phone', ...phone.value }) }
  throw new Error('A username is an email address or a phone number.')
}
