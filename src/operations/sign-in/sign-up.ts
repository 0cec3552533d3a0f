import { hintOf, parseEmail } from '../../core/address.ts'
import { isBlank } from '../../core/copied-marks.ts'
import type { Trust } from '../../core/proving/trust.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { decideNewPassword } from '../../core/sign-in/password.ts'
import type { SignUp } from '../../core/sign-in/sign-up.ts'
import type { Instant } from '../../core/time.ts'
import { commonPasswords } from '../../secrets/common-passwords.ts'
import { hashPassword } from '../../secrets/password-hash.ts'
import { newId } from '../../secrets/random.ts'
import { findAccountId, hasAdministrator, insertAccount, setRole } from '../../storage/account.ts'
import { endInvitations, useInvitation } from '../../storage/invitation.ts'
import { sqlState, uniqueViolation } from '../../storage/sql.ts'
import { ownedBy, recordActivity } from '../activity/record-activity.ts'
import type { Deps } from '../deps.ts'
import { beginFlow, flowIdOf } from '../proving/answer-flow.ts'
import type { CodeCaller, FlowRequest, Step } from '../proving/caller.ts'
import { issueFlowCode } from '../proving/codes.ts'
import { elsewhere } from '../proving/prove.ts'
import { type Requester, signUpGuessKeys } from '../requester.ts'
import { hashingPlace } from '../trust-limits.ts'
import { usernameLookup } from '../usernames.ts'
import { nobody } from './sign-in-offer.ts'

/** Signing up, as the proof engine's caller: a code to the one address that was typed, then a password. */
export const signUp: CodeCaller<SignUp> = {
  kind: 'sign_up',
  accountOf: () => undefined,
  told: (deps, { email }) => ({ accountId: nobody(deps, email), decoy: true }),
  trust: async (_deps, { state }) => strangerOf(state.email),
  guessLimits: (deps, { requester }) => signUpGuessKeys(deps.keyring.current(), requester),
  mayReadStory: () => true,
  async ownStep(deps, request, form) {
    const { state } = request
    if (state.step !== 'new_password') return undefined
    return form.act === 'password' ? choosePassword(deps, request, form.password ?? '') : elsewhere(state)
  },
  /** No code was sent to an address that has an account: whoever guessed it has proved nothing. */
  async codeApproved(_deps, { state }, provenAt) {
    if (state.addressInUse) return { state, refusal: { code: 'code_tries_spent' } }
    return { state: { ...state, step: 'new_password', provenAt } }
  },
}

const strangerOf = (email: string): Trust => ({
  level: 'stranger',
  stage: 'before the password',
  of: `name ${email}`,
})

/**
 * Begins a sign-up by sending a code to the address; nothing of an account exists yet. An address that has an account
 * gets a mail that says so, and everything else is the same. A form sent twice sends one mail.
 *
 * Refusals: `address_missing`, `email_malformed`, `sends_limit`.
 *
 * @returns the id of the flow
 */
export async function beginSignUp(
  deps: Deps,
  requester: Requester,
  typed: string,
  given: { formId: string | undefined; returnTo: string | undefined; invitation: string | undefined },
): Promise<Result<string>> {
  if (isBlank(typed)) return refuse({ code: 'address_missing' })
  const email = parseEmail(typed)
  if (!email.ok) return email
  const { formId, returnTo, invitation } = given
  const accountId = await findAccountId(deps.database.sql, usernameLookup(email.value))
  const state: SignUp = {
    kind: 'sign_up',
    step: 'code',
    email: email.value,
    addressInUse: accountId !== undefined,
    returnTo,
    invitation,
  }
  const id = flowIdOf(deps, formId, 'sign up', requester.browser.toString('hex'), email.value)
  return beginFlow(deps, { id, state, requester }, async () => {
    const issued = await issueFlowCode(
      deps,
      {
        flowId: id,
        purpose: 'sign_up',
        address: { kind: 'email', email: email.value },
        length: 6,
        messageKind: state.addressInUse ? 'account_exists' : 'code',
        told: { accountId: accountId ?? nobody(deps, email.value), decoy: !state.addressInUse },
        trust: strangerOf(email.value),
      },
      requester,
    )
    return issued.ok ? { state: { ...state, ...issued.value } } : { state, refusal: issued.refusal }
  })
}

/**
 * The password, and with it the account. Refusals: those of `decideNewPassword`; `flow_ended` where the address got an
 * account meanwhile.
 */
async function choosePassword(deps: Deps, request: FlowRequest<SignUp>, typed: string): Promise<Step> {
  const { state, now } = request
  const { provenAt } = state
  if (provenAt === undefined) return elsewhere(state)
  const ownWords = [state.email, deps.operatorName]
  const decision = decideNewPassword(typed, { twoStep: false, isCommon: await commonPasswords(), ownWords })
  if (!decision.ok) return { state, refusal: decision.refusal }
  const place = hashingPlace(strangerOf(state.email), request.requester)
  const passwordHash = await hashPassword(decision.value, place)
  const itemId = newId()
  const created = await createAccount(deps, request, { itemId, passwordHash, provenAt })
  if (!created.ok) return { state, refusal: created.refusal }
  const proofs = [
    { kind: 'email_code' as const, at: provenAt, itemId },
    { kind: 'password' as const, at: now },
  ]
  return {
    state: {
      kind: 'signed_in',
      accountId: created.value,
      proofs,
      trust: false,
      keep: true,
      returnTo: state.returnTo,
      at: now,
      signedUp: true,
    },
  }
}

/** Names and accounts may live on two shards; the transaction holds both, and is safe to repeat. */
async function createAccount(
  deps: Deps,
  { flowId, state, requester, now }: FlowRequest<SignUp>,
  made: { itemId: string; passwordHash: string; provenAt: Instant },
): Promise<Result<string>> {
  const id = newId()
  try {
    await deps.database.transaction(async (sql) => {
      await insertAccount(sql, {
        id,
        locale: requester.locale,
        ...made,
        passwordSetAt: now,
        username: state.email,
        usernameLookup: usernameLookup(state.email),
      })
      const detail = {
        purpose: 'sign_up',
        channel: 'email',
        hint: hintOf({ kind: 'email', email: state.email }),
        flow: flowId,
      } as const
      const created = { kind: 'account_created', verificationId: state.verificationId, detail } as const
      // A millisecond before the sign-in that follows at once, so that it stands before it.
      await recordActivity(sql, ownedBy(id), created, requester, now - 1)
      if (state.invitation === undefined) return
      const invited = await useInvitation(sql, Buffer.from(state.invitation, 'base64url'))
      if (!invited || (await hasAdministrator(sql))) return
      await setRole(sql, id, 'administrator')
      await endInvitations(sql)
    })
  } catch (fault) {
    if (sqlState(fault) === uniqueViolation) return refuse({ code: 'flow_ended' })
    throw fault
  }
  return accept(id)
}
