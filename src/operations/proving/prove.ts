import { type Address, destinationOf } from '../../core/address.ts'
import type { FlowState, OpenFlow } from '../../core/flows/flow.ts'
import type { LimitKey } from '../../core/limits.ts'
import { completedAddress, completesHint } from '../../core/proving/hint.ts'
import type { Proof } from '../../core/proving/proof.ts'
import {
  actAt,
  afterChoice,
  type FlowForm,
  type ItemChoice,
  type ProvingAct,
  proofActs,
} from '../../core/proving/proving.ts'
import { type Refusal, type Result, refuse } from '../../core/refusal.ts'
import { addressOf } from '../../core/security-info/contact-address.ts'
import type { Contact } from '../../core/security-info/security-info.ts'
import type { Instant } from '../../core/time.ts'
import { newTimeId } from '../../secrets/random.ts'
import { ensureRows } from '../../storage/limits.ts'
import { noteProven } from '../../storage/security-info.ts'
import { cancel } from '../../storage/verification.ts'
import type { Deps } from '../deps.ts'
import type { Requester } from '../requester.ts'
import { codeKeys, decoyCodeKeys } from '../trust-limits.ts'
import { checkCode } from '../verifications/check-code.ts'
import { fullOf } from '../verifications/limits.ts'
import { explainPastCode } from '../verifications/past-code.ts'
import type { Caller, ChoosingCaller, FlowRequest, Offer, Step } from './caller.ts'
import { issueFlowCode, ofFlow, resendFlowCode } from './codes.ts'
import { reopenItems } from './guess-limits.ts'
import { proveFlowPasskey } from './prove-passkey.ts'
import { provePassword } from './prove-password.ts'
import { proveRecoveryCode } from './prove-recovery-code.ts'
import { proveTotp } from './prove-totp.ts'
import { noteCodeUsed } from './record-step.ts'

/**
 * Does what a form asks of a flow that proves something. Refusals: `step_elsewhere` for a form of another step,
 * `choice_missing`, `item_closed`, and those of sending and checking a code and of each kind of proof.
 */
export async function prove<State extends OpenFlow>(
  deps: Deps,
  caller: Caller<State>,
  request: FlowRequest<State>,
  form: FlowForm,
): Promise<Step> {
  const act = actAt(request.state, form.act)
  if (act === undefined) return elsewhere(request.state)
  const sending = caller.mayReadStory(request.state) ? deps : withoutWaking(deps)
  if ('offer' in caller) {
    const state = proofActs.has(act)
      ? (caller.withForm?.(request.state, form) ?? request.state)
      : request.state
    return choosingActs[act]({ deps, sending, caller, request: { ...request, state } }, form)
  }
  const at = { deps, sending, caller, request }
  if (act === 'code') return answerCode(at, form.code ?? '')
  return act === 'resend' ? resend(at) : elsewhere(request.state)
}

/**
 * Sending takes this process longer than not sending a decoy, and whoever asks for a page right after could see it by
 * that time. So where the story may not be read the outbox is not woken: it comes to the message by itself, within a
 * second.
 */
const withoutWaking = (deps: Deps): Deps => ({ ...deps, wakeOutbox() {} })

export const elsewhere = (state: FlowState): Step => ({ state, refusal: { code: 'step_elsewhere' } })

/** What every act works with; `sending` are the dependencies that a code is sent with. */
type At<State extends OpenFlow, Of = Caller<State>> = {
  deps: Deps
  sending: Deps
  caller: Of
  request: FlowRequest<State>
}
type Choosing<State extends OpenFlow> = At<State, ChoosingCaller<State>>

const choosingActs: Record<
  ProvingAct,
  <State extends OpenFlow>(at: Choosing<State>, form: FlowForm) => Promise<Step>
> = {
  choose: (at, form) => choose(at, form.item ?? ''),
  back: async ({ request }) => ({ state: { ...request.state, step: 'code' } }),
  other: async ({ request }) => backToChoice(request.state),
  confirm: (at, form) => confirm(at, form.address ?? ''),
  resend,
  code: (at, form) => answerCode(at, form.code ?? ''),
  password: (at, form) => answerPassword(at, form.password ?? ''),
  async totp(at, form) {
    const right = await proveItem(at, (item) => proveTotp(at.deps, item, form.code ?? ''))
    return provedOrRefused(at, right)
  },
  async passkey(at, form) {
    const asked = { ...at.request, form }
    const right = await proveItem(at, ({ accountId }) => proveFlowPasskey(at.deps, accountId, asked))
    return provedOrRefused(at, right)
  },
  async recovery_code(at, form) {
    const { state } = at.request
    const right = await proveItem(at, (item) => proveRecoveryCode(at.deps, item, form.recovery_code ?? ''))
    return right.ok
      ? { state: { ...state, step: 'new_recovery_code', replacement: right.value } }
      : { state, refusal: right.refusal }
  },
  async saved({ caller, deps, request }) {
    const { replacement, ...state } = request.state
    if (replacement === undefined) return elsewhere(request.state)
    return caller.proved(deps, { ...request, state: state as typeof request.state }, replacement.proof)
  },
}

const backToChoice = (state: OpenFlow, refusal?: Refusal): Step => ({
  state: { ...state, step: 'choose' },
  refusal,
})

/** What to prove. A code goes at once to a contact whose hidden part need not be typed. */
async function choose<State extends OpenFlow>(at: Choosing<State>, choice: string): Promise<Step> {
  const { deps, caller, request } = at
  const { state } = request
  const offer = await caller.offer(deps, request)
  const chosen = chosenIn(offer, choice)
  if (chosen === undefined) return { state, refusal: { code: 'choice_missing' } }
  if (chosen === 'password') return { state: { ...state, step: 'password' } }
  const { id: itemId } = chosen
  const next = { ...state, itemId, typedItemId: undefined }
  if (chosen.closed) return refuseClosed(at, next)
  const step = afterChoice(chosen, caller.mustType(state, itemId))
  if (step !== 'send') return { state: { ...next, step } }
  const contact = offer.contacts.find(({ id }) => id === itemId)
  if (contact === undefined) return { state, refusal: { code: 'choice_missing' } }
  return send(at, next, { address: addressOf(contact), messageKind: 'code' })
}

function chosenIn(offer: Offer, choice: string): ItemChoice | 'password' | undefined {
  if (choice === 'password' && offer.password) return 'password'
  return offer.choices.find(({ id }) => id === choice)
}

async function refuseClosed<State extends OpenFlow>(at: Choosing<State>, chosen: State): Promise<Step> {
  const refusal: Refusal = { code: 'item_closed' }
  await at.caller.guessRefused?.(at.deps, { ...at.request, state: chosen }, refusal)
  return { state: at.request.state, refusal }
}

/**
 * The hidden part of the address that was chosen, or the whole of another contact. Whether it was right shows nowhere: a
 * wrong one, or one of an account that does not exist, makes a decoy that takes the same work, and so does a contact that
 * is closed to strangers.
 */
async function confirm<State extends OpenFlow>(at: Choosing<State>, typed: string): Promise<Step> {
  const { deps, caller, request } = at
  const { state, flowId } = request
  const offer = await caller.offer(deps, request)
  const named = typedContact(offer, state.itemId, typed)
  const hint = offer.choices.find(({ id }) => id === state.itemId)?.hint ?? ''
  const decoy = completedAddress(hint, typed) ?? decoyAddress(flowId)
  const typedHash = deps.keyring.current().lookupHash('typed', destinationOf(decoy)).toString('base64url')
  const chosen = { ...state, typedItemId: named?.id, typedHash }
  const limits = await guessLimits({ ...at, request: { ...request, state: chosen } })
  const isClosed = (await fullOf(deps, limits)).some(({ hidden }) => hidden)
  return named === undefined || isClosed || !maySend(caller, state)
    ? send(at, chosen, { address: decoy, messageKind: 'decoy' })
    : send(at, chosen, { address: addressOf(named), messageKind: 'code' })
}

/** The contact that somebody means who types the hidden part of the chosen one, or the whole of any other. */
const typedContact = ({ contacts }: Offer, itemId: string | undefined, typed: string): Contact | undefined =>
  contacts.find(({ id, address }) => id === itemId && completesHint(address, typed)) ??
  contacts.find(({ address }) => isWhole(address, typed))

const isWhole = (address: string, typed: string): boolean => {
  const meant = completedAddress(address.includes('@') ? '@' : '', typed)
  return meant !== undefined && destinationOf(meant) === address
}

/** Where a decoy goes that was typed as no address at all. */
const decoyAddress = (flowId: string): Address => {
  const address = completedAddress('@', `decoy-${flowId}@decoy.invalid`)
  if (address === undefined) throw new Error('The decoy has no address.')
  return address
}

async function send<State extends OpenFlow>(
  { sending, caller, request }: Choosing<State>,
  chosen: State,
  to: { address: Address; messageKind: 'code' | 'decoy' },
): Promise<Step> {
  const { flowId, state, requester } = request
  const asked = {
    flowId,
    told: caller.told(sending, state),
    trust: await caller.trust(sending, request),
    hidden: !caller.mayReadStory(chosen),
    ...to,
    ...caller.code(state),
  }
  const issued = await issueFlowCode(sending, asked, requester)
  if (!issued.ok) return { state, refusal: issued.refusal }
  // The code before is replaced: it opens nothing any more, and where it wasn't sent yet it isn't.
  if (state.verificationId !== undefined) {
    await cancel(sending.database.sql, ofFlow(flowId, state.verificationId), newTimeId())
  }
  return { state: { ...chosen, step: 'code', ...issued.value } }
}

/** "I don't have a code." A code that the item no longer takes from this browser is not sent again. */
async function resend<State extends OpenFlow>({ deps, sending, caller, request }: At<State>): Promise<Step> {
  const { flowId, state, requester } = request
  if ('offer' in caller && caller.mayReadStory(state)) {
    const { choices } = await caller.offer(deps, request)
    if (choices.some(({ id, closed }) => closed && id === state.itemId)) {
      return { state, refusal: { code: 'item_closed' } }
    }
  }
  const { verificationId = '', decoy = false } = state
  const trust = await caller.trust(sending, request)
  const code = { flowId, verificationId, decoy, trust, hidden: !caller.mayReadStory(state) }
  const sent = await resendFlowCode(sending, code, requester)
  return sent.ok ? { state } : { state, refusal: sent.refusal }
}

async function answerCode<State extends OpenFlow>(at: At<State>, typed: string): Promise<Step> {
  const { deps, caller, request } = at
  const { flowId, state, requester, now } = request
  const { sql } = deps.database
  const awaited = ofFlow(flowId, state.verificationId ?? '')
  const guesses = await guessLimits(at)
  await ensureRows(sql, guesses)
  const checked = await checkCode(deps, awaited, typed, now, guesses)
  if (!checked.ok) {
    await caller.guessRefused?.(deps, request, checked.refusal)
    return {
      state,
      refusal: await explainPastCode(deps, requester.browser, typed, checked.refusal, awaited, now),
    }
  }
  const { approvedAt } = checked.value
  const accountId = caller.accountOf(state)
  if (accountId !== undefined) await noteCodeUsed(sql, accountId, awaited.id, now)
  if ('codeApproved' in caller) return caller.codeApproved(deps, request, approvedAt)
  const itemId = state.typedItemId ?? state.itemId
  if (accountId === undefined || itemId === undefined) return backToChoice(state)
  const kind = await (caller.contactProved?.(deps, request, itemId) ?? noteProven(sql, accountId, itemId))
  if (kind === undefined) return backToChoice(state, { code: 'choice_missing' })
  await reopenItems(deps, accountId)
  const done = { ...request, state: { ...state, verificationId: undefined } }
  return caller.proved(deps, done, { kind, at: approvedAt, itemId })
}

/**
 * What a wrong answer counts against besides its destination; for a decoy as many rows that nothing depends on. Who asks is
 * looked up in any case: nothing may take more work for a code than for a decoy.
 */
async function guessLimits<State extends OpenFlow>({
  deps,
  caller,
  request,
}: At<State>): Promise<LimitKey[]> {
  const { state, requester } = request
  if (caller.guessLimits !== undefined) return caller.guessLimits(deps, request)
  const trust = await caller.trust(deps, request)
  return isDecoy(caller, state)
    ? decoyCodeKeys(deps, caller.told(deps, state).accountId, state.typedHash ?? '')
    : codeKeys(deps, trust, requester, state.typedItemId ?? state.itemId)
}

/** Whether the code is a decoy's, or would be one's: of an address that was typed and may get none. */
const isDecoy = <State extends OpenFlow>(caller: Caller<State>, state: State): boolean =>
  state.decoy === true ||
  (state.step === 'confirm' && (state.typedItemId === undefined || !maySend(caller, state)))

const maySend = <State extends OpenFlow>(caller: Caller<State>, state: State): boolean =>
  !('offer' in caller) || caller.maySend?.(state) !== false

async function answerPassword<State extends OpenFlow>(at: Choosing<State>, typed: string): Promise<Step> {
  const { deps, caller, request } = at
  const { state, now } = request
  const accountId = caller.accountOf(state)
  const offer = await caller.offer(deps, request)
  if (accountId === undefined || !offer.password) return elsewhere(state)
  const right = await provePassword(deps, accountId, typed, {
    ...request,
    trust: await caller.trust(deps, request),
  })
  if (!right.ok) return { state, refusal: right.refusal }
  return caller.proved(deps, request, { kind: 'password', at: now })
}

/** The chosen item, whose it is, and what a wrong answer counts against. */
type ItemToProve = {
  accountId: string
  itemId: string
  flowId: string
  guesses: readonly LimitKey[]
  requester: Requester
  now: Instant
}

/** Proves an item that is no contact; once it is proved, what strangers typed counts no more. */
async function proveItem<State extends OpenFlow, Value>(
  at: Choosing<State>,
  proveIt: (item: ItemToProve) => Promise<Result<Value>>,
): Promise<Result<Value>> {
  const { deps, caller, request } = at
  const { state, flowId, requester, now } = request
  const accountId = caller.accountOf(state)
  if (accountId === undefined || state.itemId === undefined) return refuse({ code: 'step_elsewhere' })
  const guesses = await guessLimits(at)
  const right = await proveIt({ accountId, itemId: state.itemId, flowId, guesses, requester, now })
  if (right.ok) await reopenItems(deps, accountId)
  else await caller.guessRefused?.(deps, request, right.refusal)
  return right
}

const provedOrRefused = async <State extends OpenFlow>(
  { deps, caller, request }: Choosing<State>,
  right: Result<Proof>,
): Promise<Step> =>
  right.ok ? caller.proved(deps, request, right.value) : { state: request.state, refusal: right.refusal }
