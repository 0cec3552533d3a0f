import { hintOf, parseEmail } from '../../core/address.ts'
import { isBlank } from '../../core/copied-marks.ts'
import type { FlowState, SignUp } from '../../core/people/flow.ts'
import { decideNewPassword } from '../../core/people/password.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { commonPasswords } from '../../secrets/common-passwords.ts'
import { sha256 } from '../../secrets/digest.ts'
import { hashPassword } from '../../secrets/password-hash.ts'
import { newId } from '../../secrets/random.ts'
import { findAccountId, hasAdministrator, insertAccount, setRole } from '../../storage/account.ts'
import { endInvitations, useInvitation } from '../../storage/invitation.ts'
import { sqlState, uniqueViolation } from '../../storage/sql.ts'
import { noteActivity, toldTo } from '../activity/note-activity.ts'
import type { Deps } from '../deps.ts'
import type { Source } from '../source.ts'
import { checkCode } from '../verifications/check-code.ts'
import { tellPastCode } from '../verifications/past-code.ts'
import { issueFlowCode, ofFlow } from './flow-code.ts'
import { beginFlow, flowIdOf } from './flow-step.ts'
import { nobody } from './item-choices.ts'

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
  source: Source,
  typed: string,
  given: { form: string | undefined; returnTo: string | undefined; invitation: string | undefined },
): Promise<Result<string>> {
  if (isBlank(typed)) return refuse({ code: 'address_missing' })
  const email = parseEmail(typed)
  if (!email.ok) return email
  const { form, returnTo, invitation } = given
  const id = flowIdOf(deps, form, 'sign up', source.browser.toString('hex'), email.value)
  const state = { kind: 'sign_up', step: 'begin', email: email.value, returnTo, invitation } as const
  return beginFlow(deps, { id, browser: source.browser, state }, () => sendCode(deps, id, state, source))
}

async function sendCode(
  deps: Deps,
  flowId: string,
  state: SignUp & { step: 'begin' },
  source: Source,
): Promise<Step> {
  const { email } = state
  const accountId = await findAccountId(deps.database.sql, usernameLookup(email))
  const taken = accountId !== undefined
  const issued = await issueFlowCode(
    deps,
    {
      flowId,
      purpose: 'sign_up',
      address: { kind: 'email', email },
      length: 6,
      messageKind: taken ? 'account_exists' : 'code',
      told: { accountId: accountId ?? nobody(deps, email), decoy: !taken },
      pool: 'before the password',
    },
    source,
  )
  if (!issued.ok) return { state, refusal: issued.refusal }
  return { state: { ...state, step: 'code', verificationId: issued.value, taken } }
}

type Step = { state: FlowState; refusal?: Refusal }

/** The code that proves the address. Refusals: those of `checkCode`, and of `tellPastCode`. */
export async function answerSignUpCode(
  deps: Deps,
  flowId: string,
  state: SignUp & { step: 'code' },
  typed: string,
  source: Source,
  now: Instant,
): Promise<Step> {
  const awaited = ofFlow(flowId, state.verificationId)
  const checked = await checkCode(deps, awaited, typed, now)
  if (!checked.ok) {
    return { state, refusal: await tellPastCode(deps, source.browser, typed, checked.refusal, awaited, now) }
  }
  // No code was sent to an address that has an account: whoever guessed it has proved nothing.
  if (state.taken) return { state, refusal: { code: 'code_tries_spent' } }
  const { kind, email, invitation, returnTo, verificationId } = state
  const provenAt = checked.value.approvedAt
  return { state: { kind, step: 'password', email, invitation, returnTo, provenAt, verificationId } }
}

/**
 * The password, and with it the account. Refusals: those of `decideNewPassword`; `flow_ended` where the address got an
 * account meanwhile.
 */
export async function choosePassword(
  deps: Deps,
  flowId: string,
  state: SignUp & { step: 'password' },
  typed: string,
  source: Source,
  now: Instant,
): Promise<Step> {
  const ownWords = [state.email, deps.operatorName]
  const decision = decideNewPassword(typed, { twoStep: false, isCommon: await commonPasswords(), ownWords })
  if (!decision.ok) return { state, refusal: decision.refusal }
  const passwordHash = await hashPassword(decision.value)
  const itemId = newId()
  const created = await createAccount(
    deps,
    flowId,
    state,
    itemId,
    { passwordHash, passwordSetAt: now },
    source,
  )
  if (!created.ok) return { state, refusal: created.refusal }
  const proofs = [
    { kind: 'email_code' as const, at: state.provenAt, itemId },
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
  flowId: string,
  state: SignUp & { step: 'password' },
  itemId: string,
  password: { passwordHash: string; passwordSetAt: Instant },
  source: Source,
): Promise<Result<string>> {
  const id = newId()
  try {
    await deps.database.transaction(async (sql) => {
      await insertAccount(sql, {
        id,
        locale: source.locale,
        ...password,
        username: state.email,
        usernameLookup: usernameLookup(state.email),
        itemId,
        provenAt: state.provenAt,
      })
      const detail = {
        purpose: 'sign_up',
        channel: 'email',
        hint: hintOf({ kind: 'email', email: state.email }),
        flow: flowId,
      } as const
      const created = { kind: 'account_created', verificationId: state.verificationId, detail } as const
      // A millisecond before the sign-in that follows at once, so that it stands before it.
      await noteActivity(sql, toldTo(id), created, source, password.passwordSetAt - 1)
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

/** The row from which a name leads to its account. Not keyed: names stand beside it, and must be found if a ring is lost. */
export const usernameLookup = (name: string): Buffer => sha256(`username ${name}`)
