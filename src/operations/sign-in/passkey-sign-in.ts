import { flowLasts } from '../../core/flows/flow.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import { parseAssertion, relyingPartyOf, requestOptions } from '../../core/security-info/passkey.ts'
import type { SignedIn } from '../../core/sign-in/sign-in.ts'
import type { Instant } from '../../core/time.ts'
import { accountOfHandle, passkeyChallenge } from '../../secrets/passkey.ts'
import { newId } from '../../secrets/random.ts'
import { findAccount } from '../../storage/account.ts'
import { insertFlow } from '../../storage/flow.ts'
import { databaseClock, sqlState, uniqueViolation } from '../../storage/sql.ts'
import { ownedBy } from '../activity/record-activity.ts'
import type { Deps } from '../deps.ts'
import type { FlowView } from '../proving/answer-flow.ts'
import { reopenItems } from '../proving/guess-limits.ts'
import { provePasskey } from '../proving/prove-passkey.ts'
import { recordRefused } from '../proving/record-step.ts'
import type { RequestContext, Requester } from '../requester.ts'

/** What a sign-in page asks a browser for; `offer` goes along with the form and tells which challenge it was. */
export type PasskeyRequest = { offer: string; options: ReturnType<typeof requestOptions> }

/** Any passkey of this service, proved with a finger, a face or a PIN. Nothing is stored: the page is everybody's. */
export function requestPasskey(deps: Deps, requester: Requester, now: Instant): PasskeyRequest {
  const offer = `${newId()}.${now}`
  const rp = relyingPartyOf(requester.origin, deps.operatorName)
  const challenge = challengeOf(deps, requester, offer)
  return { offer, options: requestOptions({ rp, challenge, allow: [], verified: true }) }
}

/**
 * Signs in with a passkey alone, also where two-step verification is on: it is two proofs in one. The account is the one
 * that the passkey itself names. The offer's id becomes that of the flow, so that one challenge signs in once.
 *
 * Refusals: `passkey_refused`, `passkey_unverified`.
 *
 * @returns the flow, gone through
 */
export async function signInByPasskey(
  deps: Deps,
  form: { offer: string; credential: string; keep: boolean; returnTo: string | undefined },
  { requester, now }: RequestContext,
): Promise<Result<FlowView<SignedIn>>> {
  const refused = refuse({ code: 'passkey_refused' })
  const [, flowId, at] = /^([0-9a-f-]{36})\.(\d{13})$/.exec(form.offer) ?? []
  if (flowId === undefined || now >= Number(at) + flowLasts) return refused
  const accountId = accountOfHandle(parseAssertion(form.credential)?.response.userHandle)
  if (accountId === undefined) return refused
  const challenge = challengeOf(deps, requester, form.offer)
  // By the database's clock, as every proof: a process whose own is ahead must not make it last longer.
  const provedAt = await databaseClock(deps.database.sql)
  const answer = { credential: form.credential, challenge, verified: true }
  const proved = await provePasskey(deps, accountId, answer, { requester, now: provedAt })
  if (!proved.ok) {
    await noteRefused(deps, accountId, proved.refusal, { requester, now })
    return proved
  }
  await reopenItems(deps, accountId)
  const state: SignedIn = {
    kind: 'signed_in',
    accountId,
    proofs: [proved.value],
    trust: false,
    keep: form.keep,
    returnTo: form.returnTo,
    at: provedAt,
  }
  try {
    await insertFlow(deps.database.sql, { id: flowId, browser: requester.browser, state, lasts: flowLasts })
  } catch (fault) {
    if (sqlState(fault) === uniqueViolation) return refused
    throw fault
  }
  return accept({ id: flowId, state, revision: 0, now: provedAt })
}

/** ActivityOwner to the account that the passkey named, where there is one: a copied key, or somebody who tries. */
async function noteRefused(
  deps: Deps,
  accountId: string,
  refusal: Refusal,
  request: RequestContext,
): Promise<void> {
  if ((await findAccount(deps.database.sql, accountId)) === undefined) return
  await recordRefused(deps, { told: ownedBy(accountId), kind: 'sign_in_refused' }, refusal, request)
}

/** Of one page in one browser: what another browser was asked for is nothing here. */
const challengeOf = (deps: Deps, requester: Requester, offer: string): string =>
  passkeyChallenge(deps.keyring.current(), 'sign in', requester.browser.toString('hex'), offer)
