import { type Address, hintOf, parseEmail, parsePhone } from '../address.ts'
import { withoutMarksAtEnds } from '../copied-marks.ts'

/** What a name without an account shows: the hint of what was typed, as an account with one item would. */
export function inventedHint(username: string): { kind: 'email' | 'phone'; hint: string } {
  const email = parseEmail(username)
  if (email.ok) return { kind: 'email', hint: hintOf({ kind: 'email', email: email.value }) }
  const phone = parsePhone(username)
  if (phone.ok) return { kind: 'phone', hint: hintOf({ kind: 'phone', ...phone.value }) }
  throw new Error('A username is an email address or a phone number.')
}

/**
 * Whether a typed address completes a hint. Whoever has not proved the password must know the address that a code goes
 * to; the answer to a wrong one is the same page and takes the same work.
 */
export function completesHint(address: string, typed: string): boolean {
  const at = address.lastIndexOf('@')
  if (at < 0) return phoneIn(typed) === address
  const wanted = withoutMarksAtEnds(typed).toLowerCase()
  return wanted === address || (at > 0 && wanted === address.slice(0, at))
}

function phoneIn(typed: string): string | undefined {
  const phone = parsePhone(typed)
  return phone.ok ? phone.value.phone : undefined
}

/**
 * The address that somebody means who completes a hint by its hidden part alone, or by the whole: where a decoy goes.
 *
 * @returns undefined where no address can be meant
 */
export function completedAddress(hint: string, typed: string): Address | undefined {
  const at = hint.lastIndexOf('@')
  const phone = at < 0 ? parsePhone(typed) : undefined
  if (phone?.ok) return { kind: 'phone', ...phone.value }
  const wanted = withoutMarksAtEnds(typed).toLowerCase()
  const email = parseEmail(at < 0 || wanted.includes('@') ? wanted : wanted + hint.slice(at))
  return email.ok ? { kind: 'email', email: email.value } : undefined
}
