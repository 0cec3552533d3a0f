import { parseEmail, parsePhone } from '../../core/address.ts'
import { flowLasts } from '../../core/flows/flow.ts'
import type { Proof } from '../../core/proving/proof.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { looksLikeCode } from '../../core/sign-in/password.ts'
import { afterPassword, type SignedIn, type SignIn } from '../../core/sign-in/sign-in.ts'
import { type Instant, seconds } from '../../core/time.ts'
import type { HashingPlace } from '../../secrets/hashing-line.ts'
import { newId } from '../../secrets/random.ts'
import { findAccount, findAccountId } from '../../storage/account.ts'
import { insertFlow } from '../../storage/flow.ts'
import { noteGuessing } from '../../storage/guessing.ts'
import { noteProven } from '../../storage/security-info.ts'
import { isFrozen } from '../changes/account-transaction.ts'
import type { Deps } from '../deps.ts'
import type { ChoosingCaller, FlowRequest, Step } from '../proving/caller.ts'
import { confirmContact } from '../proving/claim-number.ts'
import { elsewhere } from '../proving/prove.ts'
import { comparePassword, whyNotCompared, withoutWork } from '../proving/prove-password.ts'
import { recordRefused } from '../proving/record-step.ts'
import type { RequestContext } from '../requester.ts'
import { isTrustedBrowser } from '../security-info/trusted-browsers.ts'
import { beginningKeys, hashingPlace, passwordKeys } from '../trust-limits.ts'
import { usernameLookup } from '../usernames.ts'
import { guessesWait } from '../verifications/limits.ts'
import {
  accountOrNone,
  activityOwnerOf,
  mayConfirm,
  noticeGuesses,
  offerSignIn,
  signInTrust,
} from './sign-in-offer.ts'

/** Signing in, as the proof engine's caller: any item past the password, one typed contact before it. */
export const signIn: ChoosingCaller<SignIn> = {
  kind: 'sign_in',
  offer: offerSignIn,
  mustType: ({ passwordAt }) => passwordAt === undefined,
  code: ({ passwordAt }) => ({ purpose: 'sign_in', length: passwordAt === undefined ? 8 : 6 }),
  maySend: (state) => provedPasswordAt(state) !== undefined,
  accountOf: ({ accountId }) => accountId,
  told: activityOwnerOf,
  trust: signInTrust,
  mayReadStory: ({ passwordAt }) => passwordAt !== undefined,
  refusedAs: 'sign_in_refused',
  withForm: (state, form) => ({ ...state, trust: state.twoStep && form.trust === 'yes' }),
  async ownStep(deps, request, form) {
    const { step, passwordAt } = request.state
    // Before the password a contact alone is proved: what else an account has is nobody's to learn.
    if (passwordAt === undefined && itemSteps.has(step)) return elsewhere(request.state)
    if (step !== 'account_password') return undefined
    return form.act === 'password'
      ? answerPassword(deps, request, form.password ?? '')
      : elsewhere(request.state)
  },
  /** Beside the password a code also proves a number that proves nothing by itself. */
  async contactProved(deps, { state, now }, itemId) {
    const { accountId } = state
    if (accountId === undefined) return undefined
    const kind = await noteProven(deps.database.sql, accountId, itemId)
    return kind ?? (mayConfirm(state) ? confirmContact(deps, { accountId }, itemId, now) : undefined)
  },
  async proved(_deps, { state, now }, second) {
    const passwordAt = provedPasswordAt(state)
    if (passwordAt !== undefined) return { state: signedIn({ ...state, second, passwordAt }, now) }
    // The code of a decoy was guessed: it stands for no password.
    return { state: { ...state, step: 'account_password' }, refusal: { code: 'sign_in_wrong' } }
  },
  guessRefused: noticeGuesses,
}

const itemSteps: ReadonlySet<SignIn['step']> = new Set([
  'totp',
  'passkey',
  'recovery_code',
  'new_recovery_code',
  'password',
])

/**
 * Begins a sign-in. A name without an account gets a flow like any other. Refusals: `username_malformed`,
 * `sign_ins_limit`.
 *
 * @returns the id of the flow
 */
export async function beginSignIn(
  deps: Deps,
  { requester, now }: RequestContext,
  typed: string,
  given: { keep: boolean; returnTo: string | undefined },
): Promise<Result<string>> {
  const username = canonicalUsername(typed)
  if (username === undefined) return refuse({ code: 'username_malformed' })
  const accountId = await findAccountId(deps.database.sql, usernameLookup(username))
  const id = newId()
  const state: SignIn = {
    kind: 'sign_in',
    step: 'account_password',
    username,
    accountId,
    guarded: false,
    passwordAt: undefined,
    second: undefined,
    twoStep: false,
    trust: false,
    ...given,
  }
  const trust = await signInTrust(deps, { flowId: id, state, requester, now })
  const work = beginningKeys(deps, trust, requester)
  if ((await deps.guessSql.take(deps.database.sql, work)) === 'limited') {
    const retryAt = (await guessesWait(deps, work)) ?? now + seconds(60)
    return refuse({ code: 'sign_ins_limit', retryAt })
  }
  await insertFlow(deps.database.sql, { id, browser: requester.browser, state, lasts: flowLasts })
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
 * the browsers the account doesn't know or on this known browser's own.
 *
 * Refusals: `password_is_code`, `sign_in_wrong`, `passwords_limit`, `sign_ins_limit`.
 */
async function answerPassword(deps: Deps, request: FlowRequest<SignIn>, typed: string): Promise<Step> {
  const { sql } = deps.database
  const { state, requester, now } = request
  const trust = await signInTrust(deps, request)
  const keys = passwordKeys(deps, trust, requester)
  const { account: pool, origin, work } = keys
  if (looksLikeCode(typed)) {
    if (origin.length > 0) await deps.guessSql.take(sql, origin)
    return { state, refusal: { code: 'password_is_code' } }
  }
  const guess = await deps.guessSql.take(sql, [pool, ...origin, ...work])
  const place = hashingPlace(trust, requester)
  if (guess === 'limited') return limitedPassword(deps, request, typed, { ...keys, place })

  const accountId = accountOrNone(deps, state)
  const account = await findAccount(sql, accountId)
  const right = await comparePassword(deps, { typed, stored: account?.passwordHash, place }, guess)
  if (!right || account === undefined) return { state, refusal: { code: 'sign_in_wrong' } }
  await deps.guessSql.giveBack(sql, withoutWork(guess, work))
  const twoStep = account.twoStepAt !== undefined
  const trusted = twoStep && (await isTrustedBrowser(deps, accountId, requester.browser))
  const known = trust.level === 'known_browser'
  const proved: SignIn = { ...state, passwordAt: now, twoStep }
  // Who holds the account's password may be what the freeze is about: it opens nothing by itself.
  const frozen = await isFrozen(sql, accountId, now)
  const next = afterPassword({ known: known && !frozen, trusted: trusted && !frozen }, twoStep)
  return { state: next === 'done' ? signedIn(proved, now) : { ...proved, step: 'choose' } }
}

/**
 * The guesses are used up. A known browser, or a network that guesses everywhere, waits. Of strangers the password is
 * compared all the same, but its answer comes with a code's: a right one and a wrong one look alike and take the same
 * work, and only a right one sends, to a contact that has to be typed.
 */
async function limitedPassword(
  deps: Deps,
  request: FlowRequest<SignIn>,
  typed: string,
  { account: pool, origin, work, place }: ReturnType<typeof passwordKeys> & { place: HashingPlace },
): Promise<Step> {
  const { sql } = deps.database
  const { state, now } = request
  const isStrangers = pool.kind === 'strangers_passwords'
  const counted = isStrangers ? await deps.guessSql.take(sql, [...origin, ...work]) : 'limited'
  if (counted === 'limited') {
    const guesses = isStrangers ? origin : [pool]
    return { state, refusal: await whyNotCompared(deps, { guesses, work }, now) }
  }
  const told = activityOwnerOf(deps, state)
  const account = await findAccount(sql, told.accountId)
  const right = await comparePassword(deps, { typed, stored: account?.passwordHash, place }, counted)
  await recordRefused(deps, { told, kind: 'sign_in_refused' }, { code: 'passwords_limit' }, request)
  await noteGuessing(sql, told.accountId)
  const hiddenPasswordAt = right && account !== undefined ? now : undefined
  return { state: { ...state, guarded: true, step: 'choose', hiddenPasswordAt } }
}

/** When the password was proved, whether or not that may be told yet. */
const provedPasswordAt = ({ passwordAt, hiddenPasswordAt }: SignIn): Instant | undefined =>
  passwordAt ?? hiddenPasswordAt

function signedIn(state: SignIn, now: Instant): SignedIn {
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
