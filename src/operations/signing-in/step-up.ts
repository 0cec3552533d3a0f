import {
  type FlowState,
  flowLasts,
  type ItemChoice,
  type StepUp,
  signedInAgainFor,
} from '../../core/people/flow.ts'
import { type Proof, withProofs } from '../../core/people/session.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import { isContact } from '../../core/security-info/security-info.ts'
import {
  type Act,
  isSensitive,
  mayProve,
  needsStepUp,
  ruleFor,
  type SensitiveAct,
  type StepUpNeeded,
} from '../../core/security-info/step-up.ts'
import type { Instant } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { newId, newTimeId, uuidOf } from '../../secrets/random.ts'
import { newSessionSeed, risenSessionToken } from '../../secrets/tokens.ts'
import { findAccount } from '../../storage/account.ts'
import { insertFlow } from '../../storage/flow.ts'
import { ensureRows } from '../../storage/limits.ts'
import { itemsOf, noteProven } from '../../storage/security-info.ts'
import { proofsOf, raise } from '../../storage/session.ts'
import { sqlState, uniqueViolation } from '../../storage/sql.ts'
import { cancel } from '../../storage/verification.ts'
import { toldTo } from '../activity/note-activity.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession } from '../sessions.ts'
import { knownCodesKey, type Source } from '../source.ts'
import { checkCode } from '../verifications/check-code.ts'
import { tellPastCode } from '../verifications/past-code.ts'
import { type FlowForm, resend } from './flow-acts.ts'
import { issueFlowCode, ofFlow } from './flow-code.ts'
import { type FlowView, type StepAnswer, takeFlowStep } from './flow-step.ts'
import { addressOf, allChoices } from './item-choices.ts'
import { knownItemKey, noteRightProof } from './item-guesses.ts'
import { noteKnownGuess } from './known-guesses.ts'
import { noteCodeUsed, noteWrongProof } from './note-step.ts'
import { proveItem } from './prove-item.ts'
import { provePassword } from './prove-password.ts'

/** Whether a session has to prove something before an act; undefined where it may go on. */
export async function stepUpBefore(
  deps: Deps,
  session: SignedInSession,
  act: Act,
): Promise<StepUpNeeded | undefined> {
  if (!isSensitive(act)) return undefined
  const { items, createdAt } = await provingItems(deps, session.accountId)
  return needsStepUp(act, session.proofs, items, createdAt, session.now)
}

/** What may be proved before an act, by hints of the person's own items. */
export type StepUpChoices = { items: ItemChoice[]; password: boolean }

export async function stepUpChoices(
  deps: Deps,
  accountId: string,
  act: SensitiveAct,
  now: Instant,
): Promise<StepUpChoices> {
  const { items, createdAt } = await provingItems(deps, accountId)
  const rule = ruleFor(act, items, now)
  return {
    items: allChoices(items.filter((item) => mayProve(item, rule, createdAt, now))),
    password: rule.by.includes('password'),
  }
}

async function provingItems(deps: Deps, accountId: string) {
  const { sql } = deps.database
  const [account, items] = await Promise.all([findAccount(sql, accountId), itemsOf(sql, accountId)])
  return { items, createdAt: account?.createdAt ?? 0 }
}

/** What the form of a page carries that is about to begin a step-up. */
export const freshFlowId = newId

/** The flow that such a form begins, in this session alone: nobody chooses the id of one. */
export const stepUpFlowId = (deps: Deps, { accountId, sessionId }: SignedInSession, form: string): string =>
  uuidOf(deps.keyring.current().lookupHash('step up', accountId, sessionId, form))

type Begun = { act: SensitiveAct; returnTo: string; choice: string }

/**
 * Begins a step-up with what was chosen to prove. The flow's id comes with the form, so that a form sent twice begins
 * one flow and sends one code. Refusals: those of the first step.
 */
export async function beginStepUp(
  deps: Deps,
  flowId: string,
  session: SignedInSession,
  { act, returnTo, choice }: Begun,
  source: Source,
): Promise<Result<StepAnswer>> {
  const { accountId, sessionId } = session
  const state: StepUp = {
    kind: 'step_up',
    accountId,
    sessionId,
    act,
    step: 'choose',
    itemId: undefined,
    verificationId: undefined,
    returnTo,
  }
  try {
    await insertFlow(deps.database.sql, { id: flowId, browser: source.browser, state, lasts: flowLasts })
  } catch (fault) {
    if (sqlState(fault) !== uniqueViolation) throw fault
  }
  return answerStepUp(deps, flowId, session, 0, { act: 'choose', item: choice }, source)
}

/** Works off one form of a step-up of this session. Refusals: those of `takeFlowStep` and of each step. */
export async function answerStepUp(
  deps: Deps,
  flowId: string,
  session: SignedInSession,
  revision: number,
  form: FlowForm,
  source: Source,
): Promise<Result<StepAnswer>> {
  return takeFlowStep(deps, flowId, source.browser, revision, async (state, now) => {
    const isTheirs = state.kind === 'step_up' && isOf(state, session)
    if (!isTheirs) return { state, refusal: { code: 'step_elsewhere' } }
    const step = await actOnStepUp(deps, flowId, state, session, form, source, now)
    await noteWrongProof(deps, session.accountId, step.refusal, source, now)
    const { accountId, itemId } = state
    if (step.refusal !== undefined && itemId !== undefined) {
      await noteKnownGuess(deps, { accountId, itemId }, source, now)
    }
    return step
  })
}

/** Whether a flow belongs to this session: what is proved for one account is nothing to another. */
export const isOf = (
  state: { accountId: string; sessionId: string },
  session: Pick<SignedInSession, 'accountId' | 'sessionId'>,
): boolean => state.accountId === session.accountId && state.sessionId === session.sessionId

type Step = { state: FlowState; refusal?: Refusal | undefined }

async function actOnStepUp(
  deps: Deps,
  flowId: string,
  state: StepUp,
  session: SignedInSession,
  form: FlowForm,
  source: Source,
  now: Instant,
): Promise<Step> {
  const done = (proof: Proof): Step => ({ state: steppedUp(state, session, proof, now) })
  if (state.step === 'choose' && form.act === 'choose')
    return choose(deps, flowId, state, form.item ?? '', source, now)
  if (state.step !== 'choose' && state.step !== 'new_recovery_code' && form.act === 'other')
    return { state: { ...state, step: 'choose' } }
  if (state.step === 'password' && form.act === 'password') {
    const proved = await provePassword(deps, state.accountId, form.password ?? '', source, now)
    return proved.ok ? done({ kind: 'password', at: now }) : { state, refusal: proved.refusal }
  }
  if (state.step === 'code' && state.verificationId !== undefined) {
    if (form.act === 'resend') return resend(deps, flowId, state, state.verificationId, source)
    if (form.act === 'code') {
      const proved = await proveCode(deps, flowId, state, form.code ?? '', source, now)
      return proved.ok ? done(proved.value) : { state, refusal: proved.refusal }
    }
  }
  if (state.step === 'new_recovery_code') {
    return state.kept !== undefined && form.act === 'kept' ? done(state.kept.proof) : elsewhere(state)
  }
  return proveOther(deps, flowId, state, form, source, now, done)
}

const elsewhere = (state: StepUp): Step => ({ state, refusal: { code: 'step_elsewhere' } })

/** An authenticator app, a passkey or a recovery code. */
async function proveOther(
  deps: Deps,
  flowId: string,
  state: StepUp,
  form: FlowForm,
  source: Source,
  now: Instant,
  done: (proof: Proof) => Step,
): Promise<Step> {
  const guesses = guessKeys(deps, state, source)
  const proved = await proveItem(deps, { flowId, ...state }, form, guesses, source, now)
  if (!proved.ok) return { state, refusal: proved.refusal }
  const { proof, sealedCode } = proved.value
  await noteRight(deps, state, proof, source, now)
  return sealedCode === undefined
    ? done(proof)
    : { state: { ...state, step: 'new_recovery_code', kept: { proof, sealedCode } } }
}

/** What to prove: where a code goes, or the password. */
async function choose(
  deps: Deps,
  flowId: string,
  state: StepUp,
  choice: string,
  source: Source,
  now: Instant,
): Promise<Step> {
  const offered = await stepUpChoices(deps, state.accountId, state.act, now)
  if (choice === 'password' && offered.password) return { state: { ...state, step: 'password' } }
  const offer = offered.items.find(({ id }) => id === choice)
  if (offer !== undefined && offer.kind !== 'email' && offer.kind !== 'phone') {
    return { state: { ...state, step: offer.kind, itemId: offer.id } }
  }
  const items = await itemsOf(deps.database.sql, state.accountId)
  const item = items.filter(isContact).find((candidate) => candidate.id === choice)
  if (item === undefined || offer === undefined) {
    return { state, refusal: { code: 'choice_missing' } }
  }
  const issued = await issueFlowCode(
    deps,
    {
      flowId,
      purpose: 'step_up',
      address: addressOf(item),
      length: 6,
      messageKind: 'code',
      told: toldTo(state.accountId),
      pool: 'past the password',
    },
    source,
  )
  if (!issued.ok) return { state, refusal: issued.refusal }
  if (state.verificationId !== undefined) {
    await cancel(deps.database.sql, ofFlow(flowId, state.verificationId), newTimeId())
  }
  return { state: { ...state, step: 'code', itemId: item.id, verificationId: issued.value } }
}

async function proveCode(
  deps: Deps,
  flowId: string,
  state: StepUp,
  typed: string,
  source: Source,
  now: Instant,
): Promise<Result<Proof>> {
  const { accountId, itemId, verificationId } = state
  if (itemId === undefined || verificationId === undefined) return refuse({ code: 'step_elsewhere' })
  const guesses = guessKeys(deps, state, source)
  const { sql } = deps.database
  const awaited = ofFlow(flowId, verificationId)
  await ensureRows(sql, guesses)
  const checked = await checkCode(deps, awaited, typed, now, guesses)
  if (!checked.ok) {
    return refuse(await tellPastCode(deps, source.browser, typed, checked.refusal, awaited, now))
  }
  await noteCodeUsed(sql, accountId, verificationId, now)
  const kind = await noteProven(sql, accountId, itemId)
  if (kind === undefined) return refuse({ code: 'choice_missing' })
  const proof: Proof = { kind, at: checked.value.approvedAt, itemId }
  await noteRight(deps, state, proof, source, now)
  return accept(proof)
}

/** A browser's own wrong codes, and those in a row on the item there. */
function guessKeys(deps: Deps, { accountId, itemId }: StepUp, source: Source): LimitKey[] {
  const ring = deps.keyring.current()
  const own = knownCodesKey(ring, accountId, source)
  return itemId === undefined ? [own] : [own, knownItemKey(ring, accountId, itemId, source.browser)]
}

async function noteRight(
  deps: Deps,
  { accountId, sessionId }: StepUp,
  proof: Proof,
  source: Source,
  now: Instant,
): Promise<void> {
  const others = await proofsOf(deps.database.sql, accountId, sessionId)
  await noteRightProof(deps, { accountId, proof, others }, source.browser, now)
}

const steppedUp = (
  { accountId, sessionId, returnTo }: StepUp,
  session: SignedInSession,
  proof: Proof,
  now: Instant,
): FlowState => ({
  kind: 'stepped_up',
  seed: newSessionSeed(),
  accountId,
  sessionId,
  secretHash: session.secretHash.toString('base64url'),
  proof,
  returnTo,
  at: now,
})

/**
 * Raises the session of a step-up that was gone through: it remembers what was proved and gets a new secret, so that a
 * cookie that somebody had planted or copied before is worth nothing now. The last form, sent again with the old cookie,
 * is answered with the same new one.
 *
 * @returns undefined where it ended too long ago, or the session has changed since
 */
export async function raiseSession(
  deps: Deps,
  flow: FlowView,
  presented: Buffer,
): Promise<{ cookie: string; kept: boolean; returnTo: string } | undefined> {
  const { state, now } = flow
  if (state.kind !== 'stepped_up' || now > state.at + signedInAgainFor) return undefined
  if (state.seed === undefined) return undefined
  const from = Buffer.from(state.secretHash, 'base64url')
  const token = risenSessionToken(deps.keyring.current(), state, state.seed)
  if (!presented.equals(from) && !presented.equals(token.secretHash)) return undefined
  const raised = await deps.database.transaction((sql) =>
    raise(
      sql,
      { accountId: state.accountId, id: state.sessionId },
      { from, to: token.secretHash },
      (proofs) => withProofs(proofs, [state.proof]),
    ),
  )
  return raised && { cookie: token.text, kept: raised.kept, returnTo: state.returnTo }
}
