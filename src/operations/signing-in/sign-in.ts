import { type Address, destinationOf, parseEmail, parsePhone } from '../../core/address.ts'
import { afterPassword, afterSecond, type FlowState, flowLasts, type SignIn } from '../../core/people/flow.ts'
import { canonicalPassword, looksLikeCode } from '../../core/people/password.ts'
import type { Proof } from '../../core/people/session.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { isRightPassword } from '../../secrets/password-hash.ts'
import { newId, newTimeId } from '../../secrets/random.ts'
import { findAccount, findAccountId } from '../../storage/account.ts'
import { insertFlow } from '../../storage/flow.ts'
import { ensureRows } from '../../storage/limits.ts'
import { noteProven } from '../../storage/security-info.ts'
import { isKnownBrowser } from '../../storage/session.ts'
import { cancel } from '../../storage/verification.ts'
import { isFrozen } from '../changes/held-still.ts'
import type { Deps } from '../deps.ts'
import { confirmContact } from '../security-info/claim-number.ts'
import { isTrustedBrowser } from '../security-info/trusted-browsers.ts'
import { knownPasswordsKey, type Source, sourceGuessKey } from '../source.ts'
import { checkCode } from '../verifications/check-code.ts'
import { fullOf, guessesWait } from '../verifications/limits.ts'
import { tellPastCode } from '../verifications/past-code.ts'
import type { FlowForm } from './flow-acts.ts'
import { issueFlowCode, ofFlow } from './flow-code.ts'
import {
  accountOrNone,
  choicesForSignIn,
  decoyFor,
  itemAddress,
  itemsForSignIn,
  mayConfirm,
  toldOf,
  typedContact,
} from './item-choices.ts'
import { reopenItems } from './item-guesses.ts'
import { proveItem } from './prove-item.ts'
import { codeKeys, tellOfStrangers } from './sign-in-guesses.ts'
import { usernameLookup } from './sign-up.ts'

type Step = { state: FlowState; refusal?: Refusal }

/**
 * Begins a sign-in. A name without an account gets a flow like any other. Refusal: `username_malformed`.
 *
 * @returns the id of the flow
 */
export async function beginSignIn(
  deps: Deps,
  source: Source,
  typed: string,
  given: { keep: boolean; returnTo: string | undefined },
): Promise<Result<string>> {
  const username = canonicalUsername(typed)
  if (username === undefined) return refuse({ code: 'username_malformed' })
  const accountId = await findAccountId(deps.database.sql, usernameLookup(username))
  const id = newId()
  const state: SignIn = {
    kind: 'sign_in',
    step: 'password',
    username,
    accountId,
    guarded: false,
    passwordAt: undefined,
    second: undefined,
    twoStep: false,
    trust: false,
    itemId: undefined,
    typedItemId: undefined,
    verificationId: undefined,
    sealedCode: undefined,
    ...given,
  }
  await insertFlow(deps.database.sql, { id, browser: source.browser, state, lasts: flowLasts })
  return accept(id)
}

function canonicalUsername(typed: string): string | undefined {
  const email = parseEmail(typed)
  if (email.ok) return email.value
  const phone = parsePhone(typed)
  return phone.ok ? phone.value.phone : undefined
}

/**
 * The password. What looks like a code is never looked up. A guess is counted before it is compared, on the pool of
 * the browsers the account doesn't know or on this known browser's own; when strangers have used up theirs, a code
 * comes first.
 *
 * Refusals: `password_is_code`, `sign_in_wrong`, `passwords_limit`.
 */
export async function answerPassword(
  deps: Deps,
  state: SignIn,
  typed: string,
  source: Source,
  now: Instant,
): Promise<Step> {
  const { sql } = deps.database
  if (looksLikeCode(typed)) {
    await deps.guessSql.take(sql, [sourceGuessKey(deps.keyring.current(), source)])
    return { state, refusal: { code: 'password_is_code' } }
  }
  const accountId = accountOrNone(deps, state)
  const known = await isKnownBrowser(sql, accountId, source.browser)
  const keys = passwordKeys(deps, state, source, known)
  const guess = await deps.guessSql.take(sql, keys)
  if (guess === 'limited') return limitedPassword(deps, state, keys, known, now)

  const account = await findAccount(sql, accountId)
  const right = await isRightPassword(canonicalPassword(typed), account?.passwordHash)
  if (!right || account === undefined) {
    const again: SignIn = state.guarded ? { ...state, step: 'choose', second: undefined } : state
    return { state: again, refusal: { code: 'sign_in_wrong' } }
  }
  await deps.guessSql.giveBack(sql, guess)
  const twoStep = account.twoStepAt !== undefined
  const trusted = twoStep && (await isTrustedBrowser(deps, accountId, source.browser))
  const proved: SignIn = { ...state, passwordAt: now, twoStep }
  // Who holds the account's password may be what the freeze is about: it opens nothing by itself.
  const frozen = await isFrozen(sql, accountId, now)
  const next = afterPassword(state, { known: known && !frozen, trusted: trusted && !frozen }, twoStep)
  return { state: next === 'done' ? signedIn(proved, now) : { ...proved, step: 'choose' } }
}

/** Strangers' guesses used up: a code first. A browser that is known, or a network that guesses everywhere, waits. */
async function limitedPassword(
  deps: Deps,
  state: SignIn,
  keys: readonly LimitKey[],
  known: boolean,
  now: Instant,
): Promise<Step> {
  const strangers = keys.filter((key) => key.kind === 'strangers_passwords')
  const others = keys.filter((key) => key.kind !== 'strangers_passwords')
  const wait = await guessesWait(deps, others)
  if (wait !== undefined) return { state, refusal: { code: 'passwords_limit', ...wait } }
  if (known || strangers.length === 0) {
    return { state, refusal: { code: 'passwords_limit', retryAt: now + seconds(60), judgedAt: now } }
  }
  return { state: { ...state, guarded: true, step: 'choose' } }
}

/** Whose guesses are counted together. A name without an account has its pool too: it must behave like any other. */
function passwordKeys(deps: Deps, state: SignIn, source: Source, known: boolean): LimitKey[] {
  const ring = deps.keyring.current()
  const whose = state.accountId ?? `name ${state.username}`
  if (known) return [knownPasswordsKey(ring, whose, source)]
  const perSource = sourceGuessKey(ring, source)
  if (state.second !== undefined) return [perSource]
  return [{ kind: 'strangers_passwords', key: ring.lookupHash('strangers passwords', whose) }, perSource]
}

/**
 * What to prove. Past the password that may be anything the account has, and a code to a contact is sent at once; before
 * it only a contact, whose hidden part must be typed.
 *
 * Refusals: `choice_missing`, `item_closed`, those of `issueFlowCode`.
 */
export async function chooseItem(
  deps: Deps,
  flowId: string,
  state: SignIn,
  itemId: string,
  source: Source,
  now: Instant,
): Promise<Step> {
  const chosen = (await choicesForSignIn(deps, state, source)).find((item) => item.id === itemId)
  if (chosen === undefined) return { state, refusal: { code: 'choice_missing' } }
  if (chosen.closed) return closed(deps, state, itemId, source, now)
  const { kind } = chosen
  if (kind !== 'email' && kind !== 'phone') return { state: { ...state, step: kind, itemId } }
  if (state.passwordAt === undefined)
    return { state: { ...state, step: 'confirm', itemId, typedItemId: undefined } }
  const address = await itemAddress(deps, state, itemId)
  if (address === undefined) return { state, refusal: { code: 'choice_missing' } }
  return sendCode(deps, flowId, { ...state, itemId }, address, 'code', source, state)
}

async function closed(
  deps: Deps,
  state: SignIn,
  itemId: string,
  source: Source,
  now: Instant,
): Promise<Step> {
  const guesses = await codeKeys(deps, state, itemId, source)
  const refusal: Refusal = { code: 'item_closed' }
  await tellOfStrangers(deps, state, itemId, guesses, refusal, source, now)
  return { state, refusal }
}

/**
 * The hidden part of the address that was chosen, or the whole of another contact. Whether it was right shows nowhere: a
 * wrong one, or one of an account that does not exist, makes a decoy that takes the same work, and so does a contact that
 * is closed to strangers.
 */
export async function confirmItem(
  deps: Deps,
  flowId: string,
  state: SignIn,
  typed: string,
  source: Source,
): Promise<Step> {
  if (state.itemId === undefined) return { state: { ...state, step: 'choose' } }
  const named = await typedContact(deps, state, typed)
  const decoy = await decoyAddress(deps, flowId, state, typed)
  const typedHash = deps.keyring.current().lookupHash('typed', destinationOf(decoy)).toString('base64url')
  const chosen = { ...state, typedItemId: named?.id, typedHash }
  const guesses = await codeKeys(deps, chosen, undefined, source)
  const isClosed = (await fullOf(deps, guesses)).some(({ hushed }) => hushed)
  const contact = isClosed ? undefined : named
  const [to, kind] = contact ? [contact.address, 'code' as const] : [decoy, 'decoy' as const]
  return sendCode(deps, flowId, chosen, to, kind, source, state)
}

/**
 * What was typed, in place of the address that it is not: a decoy counts on the limits that a code would have counted
 * on, or those would tell the two apart.
 */
async function decoyAddress(deps: Deps, flowId: string, state: SignIn, typed: string): Promise<Address> {
  const items = await itemsForSignIn(deps, state)
  return decoyFor(
    items.find(({ id }) => id === state.itemId),
    typed,
    flowId,
  )
}

async function sendCode(
  deps: Deps,
  flowId: string,
  chosen: SignIn,
  address: Address,
  messageKind: 'code' | 'decoy',
  source: Source,
  before: SignIn,
): Promise<Step> {
  const pastPassword = chosen.passwordAt !== undefined
  const length = pastPassword ? 6 : 8
  const pool = pastPassword ? 'past the password' : 'before the password'
  const issued = await issueFlowCode(
    deps,
    { flowId, purpose: 'sign_in', address, length, messageKind, told: toldOf(deps, chosen), pool },
    source,
  )
  if (!issued.ok) return { state: before, refusal: issued.refusal }
  // The code before is replaced: it opens nothing any more, and where it wasn't sent yet it isn't.
  if (before.verificationId !== undefined) {
    await cancel(deps.database.sql, ofFlow(flowId, before.verificationId), newTimeId())
  }
  return { state: { ...chosen, step: 'code', verificationId: issued.value } }
}

/** The code. Refusals: those of `checkCode`, and of `tellPastCode`. */
export async function answerSignInCode(
  deps: Deps,
  flowId: string,
  state: SignIn,
  typed: string,
  source: Source,
  now: Instant,
): Promise<Step> {
  if (state.verificationId === undefined) return { state: { ...state, step: 'choose' } }
  const awaited = ofFlow(flowId, state.verificationId)
  const provenItem = state.typedItemId ?? state.itemId
  const guesses = await codeKeys(deps, state, provenItem, source)
  await ensureRows(deps.database.sql, guesses)
  const checked = await checkCode(deps, awaited, typed, now, guesses)
  if (!checked.ok) {
    await tellOfStrangers(deps, state, provenItem, guesses, checked.refusal, source, now)
    return { state, refusal: await tellPastCode(deps, source.browser, typed, checked.refusal, awaited, now) }
  }
  const itemId = provenItem
  if (state.accountId === undefined || itemId === undefined) return { state: { ...state, step: 'choose' } }
  const kind =
    (await noteProven(deps.database.sql, state.accountId, itemId)) ??
    (mayConfirm(state) ? await confirmContact(deps, { accountId: state.accountId }, itemId, now) : undefined)
  if (kind === undefined) return { state: { ...state, step: 'choose' }, refusal: { code: 'choice_missing' } }
  await reopenItems(deps, state.accountId)
  return { state: afterProof(state, { kind, at: checked.value.approvedAt, itemId }, now) }
}

/** Where a sign-in goes on once something besides the password was proved. */
function afterProof(state: SignIn, second: Proof, now: Instant): FlowState {
  const proved: SignIn = { ...state, second, verificationId: undefined }
  return afterSecond(state) === 'done' ? signedIn(proved, now) : { ...proved, step: 'password' }
}

/**
 * The second proof, past the password, by anything but a code to a contact. Refusals: those of `proveItem`.
 */
export async function answerItem(
  deps: Deps,
  flowId: string,
  before: SignIn,
  form: FlowForm,
  source: Source,
  now: Instant,
): Promise<Step> {
  const { accountId, itemId, step } = before
  if (accountId === undefined || before.passwordAt === undefined) return elsewhere(before)
  if (step === 'new_recovery_code') {
    return form.act === 'kept'
      ? { state: signedIn({ ...before, sealedCode: undefined }, now) }
      : elsewhere(before)
  }
  const state = withTrust(before, form)
  const guesses = await codeKeys(deps, state, itemId, source)
  const proved = await proveItem(deps, { flowId, step, accountId, itemId }, form, guesses, source, now)
  if (!proved.ok) {
    await tellOfStrangers(deps, state, itemId, guesses, proved.refusal, source, now)
    return { state, refusal: proved.refusal }
  }
  await reopenItems(deps, accountId)
  const { proof, sealedCode } = proved.value
  return sealedCode === undefined
    ? { state: afterProof(state, proof, now) }
    : { state: { ...state, step: 'new_recovery_code', second: proof, sealedCode } }
}

const elsewhere = (state: SignIn): Step => ({ state, refusal: { code: 'step_elsewhere' } })

/** "Don't ask again in this browser", as the form says it: only where two-step verification would ask. */
export const withTrust = (state: SignIn, form: FlowForm): SignIn => ({
  ...state,
  trust: state.twoStep && form.trust === 'yes',
})

function signedIn(state: SignIn, now: Instant): FlowState {
  if (state.accountId === undefined) throw new Error('A sign-in without an account cannot end.')
  const proofs: Proof[] = []
  if (state.second !== undefined) proofs.push(state.second)
  if (state.passwordAt !== undefined) proofs.push({ kind: 'password', at: state.passwordAt })
  return {
    kind: 'signed_in',
    accountId: state.accountId,
    proofs,
    trust: state.trust && state.second !== undefined,
    keep: state.keep,
    returnTo: state.returnTo,
    at: now,
  }
}
