import type { Proof } from '../../core/people/session.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { parseAssertion, relyingPartyOf } from '../../core/security-info/passkey.ts'
import type { Instant } from '../../core/time.ts'
import { credentialIdOf, judgeAssertion, userHandleOf } from '../../secrets/passkey.ts'
import { passkeysOf, takeSignCount } from '../../storage/security-info.ts'
import type { Deps } from '../deps.ts'
import type { Source } from '../source.ts'

/**
 * A passkey, by the browser's answer to a challenge. What it proved is kept as it was: one that was only touched is less
 * than one whose authenticator knew its owner.
 *
 * @param asked the challenge, and whether the authenticator must know its owner because nothing else is proved
 *
 * Refusals: `passkey_refused`, `passkey_unverified`.
 */
export async function provePasskey(
  deps: Deps,
  accountId: string,
  typed: string,
  asked: { challenge: string; verified: boolean },
  source: Source,
  now: Instant,
): Promise<Result<Proof>> {
  const { sql } = deps.database
  const refused = refuse({ code: 'passkey_refused' })
  const assertion = parseAssertion(typed)
  if (assertion === undefined) return refused
  const { userHandle } = assertion.response
  if (userHandle !== undefined && userHandle !== userHandleOf(accountId)) return refused
  const credentialId = credentialIdOf(assertion)
  const stored = (await passkeysOf(sql, accountId)).find((one) => one.credentialId.equals(credentialId))
  if (stored === undefined) return refused
  const rp = relyingPartyOf(source.origin, deps.operatorName)
  const judged = await judgeAssertion(assertion, stored, asked.challenge, rp)
  if (judged === undefined) return refused
  if (asked.verified && !judged.userVerified) return refuse({ code: 'passkey_unverified' })
  if (!(await takeSignCount(sql, accountId, stored.id, judged))) return refused
  return accept({ kind: judged.userVerified ? 'passkey' : 'passkey_touch', at: now, itemId: stored.id })
}
