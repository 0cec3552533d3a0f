import { parseEmail, parsePhone } from '../../core/address.ts'
import { flowLasts } from '../../core/flow.ts'
import { canonicalPassword, looksLikeCode } from '../../core/people/password.ts'
import type { Proof } from '../../core/proving/proof.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { afterPassword, afterSecond, type SignedIn, type SignIn } from '../../core/sign-in/sign-in.ts'
import { type Instant, seconds } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { isRightPassword } from '../../secrets/password-hash.ts'
import { newId } from '../../secrets/random.ts'
import { findAccount, findAccountId } from '../../storage/account.ts'
import { insertFlow } from '../../storage/flow.ts'
import { noteProven } from '../../storage/security-info.ts'
import { isKnownBrowser } from '../../storage/session.ts'
import { isFrozen } from '../changes/held-still.ts'
import type { Deps } from '../deps.ts'
import type { ChoosingCaller, FlowRequest, Step } from '../proving/caller.ts'
import { confirmContact } from '../proving/claim-number.ts'
import { elsewhere } from '../proving/prove.ts'
import { recordRefused } from '../proving/record-step.ts'
import { isTrustedBrowser } from '../security-info/trusted-browsers.ts'
import { knownPasswordsKey, type Source, sourceGuessKey } from '../source.ts'
import { guessesWait } from '../verifications/limits.ts'
import {
  accountOrNone,
  mayConfirm,
  noticeGuesses,
  offerSignIn,
  signInGuessLimits,
  toldOf,
} from './sign-in-offer.ts'
import { usernameLookup } from './sign-up.ts'

/** Signing in, as the proof engine's caller: any item past the password, one typed contact before it. */
export const signIn: ChoosingCaller<SignIn> = {
  kind: 'sign_in',
  offer: offerSignIn,
  mustType: ({ passwordAt }) => passwordAt === undefined,
  code: ({ passwordAt }) =>
    passwordAt === undefined
      ? { purpose: 'sign_in', length: 8, pool: 'before the password' }
      : { purpose: 'sign_in', length: 6, pool: 'past the password' },
  accountOf: ({ accountId }) => accountId,
  told: toldOf,
  guessLimits: signInGuessLimits,
  mayReadStory: ({ passwordAt }) => passwordAt !== undefined,
  refusedAs: 'sign_in_refused',
  withForm: (state, form) => ({ ...state, trust: state.twoStep && form.trust === 'yes' }),
  async ownStep(deps, request, form) {
    if (request.state.step !== 'account_password') return undefined
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
    const proved: SignIn = { ...state, second, verificationId: undefined }
    const next = afterSecond(state)
    return { state: next === 'done' ? signedIn(proved, now) : { ...proved, step: next } }
  },
  guessRefused: noticeGuesses,
}

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
async function answerPassword(deps: Deps, request: FlowRequest<SignIn>, typed: string): Promise<Step> {
  const { sql } = deps.database
  const { state, source, now } = request
  if (looksLikeCode(typed)) {
    await deps.guessSql.take(sql, [sourceGuessKey(deps.keyring.current(), source)])
    return { state, refusal: { code: 'password_is_code' } }
  }
  const accountId = accountOrNone(deps, state)
  const known = await isKnownBrowser(sql, accountId, source.browser)
  const keys = passwordKeys(deps, state, source, known)
  const guess = await deps.guessSql.take(sql, keys)
  if (guess === 'limited') return limitedPassword(deps, request, keys, known)

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
  request: FlowRequest<SignIn>,
  keys: readonly LimitKey[],
  known: boolean,
): Promise<Step> {
  const { state, now } = request
  const strangers = keys.filter((key) => key.kind === 'strangers_passwords')
  const others = keys.filter((key) => key.kind !== 'strangers_passwords')
  const wait = await guessesWait(deps, others)
  if (wait !== undefined) return { state, refusal: { code: 'passwords_limit', retryAt: wait } }
  if (known || strangers.length === 0) {
    return { state, refusal: { code: 'passwords_limit', retryAt: now + seconds(60) } }
  }
  const record = { told: toldOf(deps, state), kind: 'sign_in_refused' } as const
  if (!state.guarded) await recordRefused(deps, record, { code: 'passwords_limit' }, request)
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
