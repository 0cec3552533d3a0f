import { flowLasts, type SignedIn } from '../../core/people/flow.ts'
import { accept, type RefusalCode, type Result, refuse } from '../../core/refusal.ts'
import { parseAssertion, relyingPartyOf, requestOptions } from '../../core/security-info/passkey.ts'
import type { Instant } from '../../core/time.ts'
import { accountOfHandle, passkeyChallenge } from '../../secrets/passkey.ts'
import { newId } from '../../secrets/random.ts'
import { findAccount } from '../../storage/account.ts'
import { insertFlow } from '../../storage/flow.ts'
import { databaseClock, sqlState, uniqueViolation } from '../../storage/sql.ts'
import { noteRepeated, toldTo } from '../activity/note-activity.ts'
import type { Deps } from '../deps.ts'
import type { Source } from '../source.ts'
import type { FlowView } from './flow-step.ts'
import { noteRightProof } from './item-guesses.ts'
import { provePasskey } from './prove-passkey.ts'

/** What a sign-in page asks a browser for; `offer` goes along with the form and tells which challenge it was. */
export type PasskeyRequest = { offer: string; options: ReturnType<typeof requestOptions> }

/** Any passkey of this service, proved with a finger, a face or a PIN. Nothing is stored: the page is everybody's. */
export function requestPasskey(deps: Deps, source: Source, now: Instant): PasskeyRequest {
  const offer = `${newId()}.${now}`
  const rp = relyingPartyOf(source.origin, deps.operatorName)
  const challenge = challengeOf(deps, source, offer)
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
  source: Source,
  form: { offer: string; credential: string; keep: boolean; returnTo: string | undefined },
  now: Instant,
): Promise<Result<FlowView & { state: SignedIn }>> {
  const refused = refuse({ code: 'passkey_refused' })
  const [, flowId, at] = /^([0-9a-f-]{36})\.(\d{13})$/.exec(form.offer) ?? []
  if (flowId === undefined || now >= Number(at) + flowLasts) return refused
  const accountId = accountOfHandle(parseAssertion(form.credential)?.response.userHandle)
  if (accountId === undefined) return refused
  const asked = { challenge: challengeOf(deps, source, form.offer), verified: true }
  // By the database's clock, as every proof: a process whose own is ahead must not make it last longer.
  const provedAt = await databaseClock(deps.database.sql)
  const proved = await provePasskey(deps, accountId, form.credential, asked, source, provedAt)
  if (!proved.ok) {
    await noteRefused(deps, accountId, proved.refusal.code, source, now)
    return proved
  }
  await noteRightProof(deps, { accountId, proof: proved.value, others: [] }, source.browser, provedAt)
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
    await insertFlow(deps.database.sql, { id: flowId, browser: source.browser, state, lasts: flowLasts })
  } catch (fault) {
    if (sqlState(fault) === uniqueViolation) return refused
    throw fault
  }
  return accept({ id: flowId, state, revision: 0, now: provedAt })
}

/** Told to the account that the passkey named, where there is one: a copied key, or somebody who tries. */
async function noteRefused(
  deps: Deps,
  accountId: string,
  cause: RefusalCode,
  source: Source,
  now: Instant,
): Promise<void> {
  const { sql } = deps.database
  if ((await findAccount(sql, accountId)) === undefined) return
  await noteRepeated(
    deps,
    sql,
    toldTo(accountId),
    { kind: 'sign_in_refused', detail: { cause } },
    source,
    now,
  )
}

/** Of one page in one browser: what another browser was asked for is nothing here. */
const challengeOf = (deps: Deps, source: Source, offer: string): string =>
  passkeyChallenge(deps.keyring.current(), 'sign in', source.browser.toString('hex'), offer)
