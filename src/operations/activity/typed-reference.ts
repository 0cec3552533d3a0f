import { canonicalReference } from '../../core/verifications/message-reference.ts'
import type { Deps } from '../deps.ts'
import type { Requester } from '../requester.ts'
import { limitKey, passwordKeys } from '../trust-limits.ts'

/** A notice or a message by its reference, and the two ids that its link names. */
type Referenced = { subject: string; id: string; reference: string }

/**
 * Whether somebody typed the reference that is printed in a notice or message. A right one counts nothing; each browser
 * has five wrong ones a day of its own, within those of its network, so that nobody uses up the reader's.
 */
export async function isTypedReference(
  deps: Deps,
  { subject, id, reference }: Referenced,
  typed: string,
  requester: Requester,
): Promise<boolean> {
  const canonical = canonicalReference(typed)
  // A scanner that presses the button with nothing typed must not use up what the reader needs.
  if (canonical === undefined) return false
  const ring = deps.keyring.current()
  const name = ['reference', subject, id, requester.browser.toString('hex')]
  const stranger = { level: 'stranger', stage: 'undoing', of: subject } as const
  const keys = [
    limitKey(ring, { kind: 'reference_tries', name }),
    ...passwordKeys(deps, stranger, requester).origin,
  ]
  const guess = await deps.guessSql.take(deps.database.sql, keys)
  if (guess === 'limited' || canonical !== canonicalReference(reference)) return false
  await deps.guessSql.giveBack(deps.database.sql, guess)
  return true
}
