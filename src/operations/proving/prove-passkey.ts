import type { Proof } from '../../core/proving/proof.ts'
import type { FlowForm } from '../../core/proving/proving.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import {
  type CredentialName,
  parseAssertion,
  relyingPartyOf,
  requestOptions,
} from '../../core/security-info/passkey.ts'
import { credentialIdOf, judgeAssertion, passkeyChallenge, userHandleOf } from '../../secrets/passkey.ts'
import { passkeysOf, takeSignCount } from '../../storage/security-info.ts'
import type { Deps } from '../deps.ts'
import type { RequestContext } from '../requester.ts'

/** A browser's answer to a challenge. */
export type PasskeyAnswer = {
  credential: string
  challenge: string
  /** The authenticator must know its owner, because nothing else is proved. */
  verified: boolean
}

/**
 * A passkey, by the browser's answer to a challenge. What it proved is kept as it was: one that was only touched is less
 * than one whose authenticator knew its owner.
 *
 * Refusals: `passkey_refused`, `passkey_unverified`.
 */
export async function provePasskey(
  deps: Deps,
  accountId: string,
  answer: PasskeyAnswer,
  { requester, now }: RequestContext,
): Promise<Result<Proof>> {
  const { sql } = deps.database
  const refused = refuse({ code: 'passkey_refused' })
  const assertion = parseAssertion(answer.credential)
  if (assertion === undefined) return refused
  const { userHandle } = assertion.response
  if (userHandle !== undefined && userHandle !== userHandleOf(accountId)) return refused
  const credentialId = credentialIdOf(assertion)
  const stored = (await passkeysOf(sql, accountId)).find((one) => one.credentialId.equals(credentialId))
  if (stored === undefined) return refused
  const rp = relyingPartyOf(requester.origin, deps.operatorName)
  const judged = await judgeAssertion(assertion, stored, answer.challenge, rp)
  if (judged === undefined) return refused
  if (answer.verified && !judged.userVerified) return refuse({ code: 'passkey_unverified' })
  if (!(await takeSignCount(sql, accountId, stored.id, judged))) return refused
  return accept({ kind: judged.userVerified ? 'passkey' : 'passkey_touch', at: now, itemId: stored.id })
}

/** The same in a flow, whose page asked for it. Refusals: those of `provePasskey`. */
export const proveFlowPasskey = (
  deps: Deps,
  accountId: string,
  request: RequestContext & { flowId: string; form: FlowForm },
): Promise<Result<Proof>> => {
  const { flowId, form } = request
  const challenge = flowChallenge(deps, flowId, form.revision ?? '')
  return provePasskey(
    deps,
    accountId,
    { credential: form.credential ?? '', challenge, verified: false },
    request,
  )
}

/** What the page of a flow asks the browser for: any passkey of the account. */
export async function flowPasskeyOptions(
  deps: Deps,
  flow: { id: string; revision: number },
  accountId: string,
  origin: string,
) {
  const allow: CredentialName[] = (await passkeysOf(deps.database.sql, accountId)).map((one) => ({
    id: one.credentialId.toString('base64url'),
    transports: one.transports,
  }))
  const rp = relyingPartyOf(origin, deps.operatorName)
  const challenge = flowChallenge(deps, flow.id, String(flow.revision))
  return requestOptions({ rp, challenge, allow, verified: false })
}

/** Of a flow's form of one revision: as each is worked off once, its challenge is answered once. */
const flowChallenge = (deps: Deps, flowId: string, revision: string): string =>
  passkeyChallenge(deps.keyring.current(), 'flow', flowId, revision)
