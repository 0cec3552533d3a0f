import { type Address, parsePhone } from '../../core/address.ts'
import {
  completesHint,
  type FlowState,
  flowLasts,
  type ItemChoice,
  type Undoing,
  type UndoingOver,
} from '../../core/people/flow.ts'
import { type Proof, withProofs } from '../../core/people/session.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import type { StoredChange } from '../../core/security-info/change.ts'
import type { FreezeDecision } from '../../core/security-info/freeze.ts'
import { type Contact, type Item, isContact } from '../../core/security-info/security-info.ts'
import { standsAlone, stepUpLasts } from '../../core/security-info/step-up.ts'
import { isLongKnown, undoAnnouncedFor } from '../../core/security-info/undo.ts'
import { byWhatItGives, type UndoGives, undoGives } from '../../core/security-info/undo-gives.ts'
import type { Instant } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { newId, newTimeId } from '../../secrets/random.ts'
import { insertFlow } from '../../storage/flow.ts'
import { ensureRows } from '../../storage/limits.ts'
import { noteProven } from '../../storage/security-info.ts'
import { isKnownBrowser, knownSince } from '../../storage/session.ts'
import { cancel } from '../../storage/verification.ts'
import { toldTo } from '../activity/note-activity.ts'
import type { Deps } from '../deps.ts'
import { type FlowForm, resend } from '../signing-in/flow-acts.ts'
import { issueFlowCode, ofFlow } from '../signing-in/flow-code.ts'
import { type StepAnswer, takeFlowStep } from '../signing-in/flow-step.ts'
import { addressOf, allChoices, choiceOf, decoyFor } from '../signing-in/item-choices.ts'
import { knownItemKey, noteRightProof, undoingItemKey } from '../signing-in/item-guesses.ts'
import { noteKnownGuess } from '../signing-in/known-guesses.ts'
import { noteCodeUsed, noteWrongProof } from '../signing-in/note-step.ts'
import { proveItem } from '../signing-in/prove-item.ts'
import { provePassword } from '../signing-in/prove-password.ts'
import { knownCodesKey, type Source } from '../source.ts'
import { checkCode } from '../verifications/check-code.ts'
import { tellPastCode } from '../verifications/past-code.ts'
import { type Decider, type Decision, readDecision, stopUndo, undoByProofs } from './decide-change.ts'
import { freezableByLost, freezeChange, type ReadNotice, readNotice } from './freeze.ts'
import { readHeld } from './held-still.ts'

/** What pressing the button of a notice's page came to. */
export type NoticeOutcome = Exclude<FreezeDecision, 'no_say'> | 'undo_asked' | 'removed_as_lost'

/** How it goes on: by a flow, where there is something to undo or to stop, or by what else this contact can freeze. */
export type AnsweredNotice = {
  outcome: NoticeOutcome
  flowId: string | undefined
  /** Where it is frozen, all that is held with it. */
  held?: StoredChange[]
  freezable?: StoredChange[]
}

/**
 * What somebody does who reads a notice, had a contact before its change, and types the reference printed in it: the
 * change is frozen, and a flow begins that undoes it. The notice of an undo that is announced begins one that stops it; that
 * of a removal as lost or stolen says what else the removed contact can freeze.
 *
 * Refusal: `reference_wrong`, that of `readNotice`, and the same for a contact that has no say.
 *
 * @param typed `changeId` is one of what else it can freeze
 */
export async function answerNotice(
  deps: Deps,
  token: string,
  typed: { reference: string; changeId?: string | undefined },
  source: Source,
  now: Instant,
): Promise<Result<AnsweredNotice>> {
  const read = await readNotice(deps, token, typed.reference)
  if (!read.ok) return read
  const notice = { ...read.value, changeId: typed.changeId ?? read.value.changeId }
  if (notice.kind === 'undo_asked') return answerAnnouncement(deps, notice, source, now)
  const outcome = await freezeChange(deps, notice, source, now)
  if (outcome === 'no_say') {
    const freezable = await freezableByLost(deps, notice, now)
    return freezable
      ? accept({ outcome: 'removed_as_lost', flowId: undefined, freezable })
      : refuse({ code: 'reference_wrong' })
  }
  const isHeld = outcome === 'freeze' || outcome === 'frozen_already'
  if (!isHeld) return accept({ outcome, flowId: undefined })
  const held = await readHeld(deps, notice.accountId, now)
  return accept({ outcome, flowId: await begin(deps, notice, 'undo', source), held })
}

async function answerAnnouncement(
  deps: Deps,
  notice: ReadNotice,
  source: Source,
  now: Instant,
): Promise<Result<AnsweredNotice>> {
  const decision = await readDecision(deps, { ...notice, proofs: [], now }, notice.changeId)
  if (decision === undefined) return accept({ outcome: 'too_late', flowId: undefined })
  const { state, undoAskedAt } = decision.change
  if (state === 'undone' || state === 'kept') return accept({ outcome: 'decided', flowId: undefined })
  if (undoAskedAt === undefined) return accept({ outcome: 'too_late', flowId: undefined })
  return accept({ outcome: 'undo_asked', flowId: await begin(deps, notice, 'stop', source) })
}

async function begin(
  deps: Deps,
  { accountId, changeId, itemId }: ReadNotice,
  aim: Undoing['aim'],
  source: Source,
): Promise<string> {
  const id = newId()
  const state: Undoing = {
    kind: 'undoing',
    aim,
    accountId,
    changeId,
    contactId: itemId,
    step: 'choose',
    proofs: [],
    itemId: undefined,
    verificationId: undefined,
  }
  await insertFlow(deps.database.sql, { id, browser: source.browser, state, lasts: flowLasts })
  return id
}

/** Which additions a form leaves: each by a field of its own. */
export const sparedIn = (form: FlowForm): string[] =>
  Object.keys(form).flatMap((name) => (name.startsWith(sparePrefix) ? [name.slice(sparePrefix.length)] : []))
export const sparePrefix = 'spare-'

const deciderOf = ({ accountId, proofs }: Undoing, now: Instant): Decider => ({ accountId, proofs, now })

/** What a page of the flow shows. */
export type UndoingShown = {
  decision: Decision
  /** What may be proved; the password only where it stops an undo in this browser. */
  items: (ItemChoice & { gives: UndoGives })[]
  password: boolean
  /** How many proofs are missing before it can be decided. */
  missing: number
}

/** @returns undefined where the change can't be decided any more */
export async function readUndoing(
  deps: Deps,
  state: Undoing,
  source: Source,
  now: Instant,
): Promise<UndoingShown | undefined> {
  const decision = await readDecision(deps, deciderOf(state, now), state.changeId)
  if (decision === undefined) return undefined
  const items = byWhatItGives(
    allChoices(provable(state, decision, now)).map((choice) => ({
      ...choice,
      gives: undoGives(choice, decision, state.proofs, now),
    })),
  )
  const known = await knownSince(deps.database.sql, state.accountId, source.browser)
  const password = state.aim === 'stop' && isLongKnown(known, decision.change, decision.accountCreatedAt)
  return { decision, items, password, missing: missingFor(state, decision, now) }
}

/** Older items that are still to prove: with two-step verification each proof must be of another kind. */
function provable(state: Undoing, { before }: Decision, now: Instant): Item[] {
  const proved = freshIds(state, now)
  const kinds = new Set(before.filter(({ id }) => proved.has(id)).map(({ kind }) => kind))
  return before.filter((item) => standsAlone(item, now) && !kinds.has(item.kind))
}

const freshIds = ({ proofs }: Undoing, now: Instant): Set<string | undefined> =>
  new Set(proofs.filter((proof) => now < proof.at + stepUpLasts).map(({ itemId }) => itemId))

/** An undo takes what recovery would have asked for; one that is announced is stopped by one older item, or the password. */
function missingFor(state: Undoing, { before, proofsMissing }: Decision, now: Instant): number {
  if (state.aim === 'undo') return proofsMissing
  const proved = freshIds(state, now)
  const byPassword = state.proofs.some(({ kind, at }) => kind === 'password' && now < at + stepUpLasts)
  return byPassword || before.some(({ id }) => proved.has(id)) ? 0 : 1
}

type Step = { state: FlowState; refusal?: Refusal | undefined }

/** Works off one form of the flow. Refusals: those of `takeFlowStep` and of each step. */
export async function answerUndoing(
  deps: Deps,
  flowId: string,
  revision: number,
  form: FlowForm,
  source: Source,
): Promise<Result<StepAnswer>> {
  return takeFlowStep(deps, flowId, source.browser, revision, async (state, now) => {
    if (state.kind !== 'undoing') return elsewhere(state)
    const shown = await readUndoing(deps, state, source, now)
    if (shown === undefined) return { state, refusal: { code: 'flow_ended' } }
    const step = await takeStep(deps, flowId, state, shown, form, source, now)
    await noteWrongProof(deps, state.accountId, step.refusal, source, now)
    const { accountId, itemId } = state
    if (step.refusal !== undefined && itemId !== undefined) {
      await noteKnownGuess(deps, { accountId, itemId }, source, now)
    }
    return step
  })
}

const elsewhere = (state: FlowState): Step => ({ state, refusal: { code: 'step_elsewhere' } })

async function takeStep(
  deps: Deps,
  flowId: string,
  state: Undoing,
  shown: UndoingShown,
  form: FlowForm,
  source: Source,
  now: Instant,
): Promise<Step> {
  const { step, verificationId } = state
  if (step === 'choose' && form.act === 'choose') return choose(deps, flowId, state, shown, form, source)
  if (step === 'confirm' && form.act === 'confirm') {
    return confirm(deps, flowId, state, shown, form.address ?? '', source)
  }
  if (step === 'decide' && form.act !== 'other') {
    return form.act === 'decide' ? decide(deps, state, form, source, now) : elsewhere(state)
  }
  if (step === 'new_recovery_code') {
    return state.kept !== undefined && form.act === 'kept'
      ? proved(deps, state, state.kept.proof, source, now)
      : elsewhere(state)
  }
  if (step !== 'choose' && form.act === 'other') return { state: { ...state, step: 'choose' } }
  if (step === 'password' && form.act === 'password' && shown.password) {
    const right = await provePassword(deps, state.accountId, form.password ?? '', source, now)
    return right.ok
      ? proved(deps, state, { kind: 'password', at: now }, source, now)
      : { state, refusal: right.refusal }
  }
  if (step === 'code' && verificationId !== undefined) {
    if (form.act === 'resend') return resend(deps, flowId, state, verificationId, source)
    if (form.act === 'code') return takeCode(deps, flowId, state, verificationId, form, source, now)
  }
  return proveOther(deps, flowId, state, form, source, now)
}

/** What to prove. A code goes at once to the contact that the notice came to; of any other the rest must be typed. */
async function choose(
  deps: Deps,
  flowId: string,
  state: Undoing,
  shown: UndoingShown,
  form: FlowForm,
  source: Source,
): Promise<Step> {
  if (form.item === 'password' && shown.password) return { state: { ...state, step: 'password' } }
  const chosen = shown.items.find(({ id }) => id === form.item)
  if (chosen === undefined) return { state, refusal: { code: 'choice_missing' } }
  const { id, kind } = chosen
  if (kind !== 'email' && kind !== 'phone') return { state: { ...state, step: kind, itemId: id } }
  if (id !== state.contactId) return { state: { ...state, step: 'confirm', itemId: id } }
  const contact = shown.decision.before.filter(isContact).find((item) => item.id === id)
  if (contact === undefined) return { state, refusal: { code: 'choice_missing' } }
  return sendCode(deps, flowId, { ...state, itemId: id }, addressOf(contact), 'code', source, state)
}

/** Whether what was typed is right shows nowhere: a wrong one makes a decoy that takes the same work. */
async function confirm(
  deps: Deps,
  flowId: string,
  state: Undoing,
  shown: UndoingShown,
  typed: string,
  source: Source,
): Promise<Step> {
  const contact = shown.decision.before.filter(isContact).find(({ id }) => id === state.itemId)
  if (contact === undefined) return { state: { ...state, step: 'choose' } }
  const isRight = isTyped(contact, typed)
  const to = isRight ? addressOf(contact) : decoyFor(choiceOf(contact), typed, flowId)
  return sendCode(deps, flowId, state, to, isRight ? 'code' : 'decoy', source, state)
}

function isTyped(contact: Contact, typed: string): boolean {
  if (contact.kind === 'email') return completesHint(contact.address, typed)
  const phone = parsePhone(typed)
  return phone.ok && phone.value.phone === contact.address
}

async function sendCode(
  deps: Deps,
  flowId: string,
  chosen: Undoing,
  address: Address,
  messageKind: 'code' | 'decoy',
  source: Source,
  before: Undoing,
): Promise<Step> {
  // It undoes something with no password beside it, so it has eight digits.
  const code = { purpose: 'undo_change', length: 8, pool: 'undoing' } as const
  const told = toldTo(chosen.accountId)
  const issued = await issueFlowCode(deps, { flowId, address, messageKind, told, ...code }, source)
  if (!issued.ok) return { state: before, refusal: issued.refusal }
  if (before.verificationId !== undefined) {
    await cancel(deps.database.sql, ofFlow(flowId, before.verificationId), newTimeId())
  }
  return { state: { ...chosen, step: 'code', verificationId: issued.value } }
}

async function takeCode(
  deps: Deps,
  flowId: string,
  state: Undoing,
  verificationId: string,
  form: FlowForm,
  source: Source,
  now: Instant,
): Promise<Step> {
  const { accountId, itemId } = state
  const { sql } = deps.database
  const awaited = ofFlow(flowId, verificationId)
  const typed = form.code ?? ''
  const guesses = await guessKeys(deps, state, source)
  await ensureRows(sql, guesses)
  const checked = await checkCode(deps, awaited, typed, now, guesses)
  if (!checked.ok) {
    return { state, refusal: await tellPastCode(deps, source.browser, typed, checked.refusal, awaited, now) }
  }
  await noteCodeUsed(sql, accountId, verificationId, now)
  const kind =
    itemId === undefined
      ? undefined
      : ((await noteProven(sql, accountId, itemId)) ?? (await provedGone(deps, deciderOf(state, now), state)))
  if (kind === undefined) return { state: { ...state, step: 'choose' }, refusal: { code: 'choice_missing' } }
  const proof: Proof = { kind, at: checked.value.approvedAt, itemId }
  return proved(deps, { ...state, verificationId: undefined }, proof, source, now)
}

/** A contact that was removed and has its say all the same is proved by a code, though it is no item any more. */
async function provedGone(
  deps: Deps,
  decider: Decider,
  { changeId, itemId }: Undoing,
): Promise<'email_code' | 'text_code' | undefined> {
  const gone = (await readDecision(deps, decider, changeId))?.gone.find(({ id }) => id === itemId)
  return gone && (gone.kind === 'email' ? 'email_code' : 'text_code')
}

/**
 * Whose wrong codes are counted together: nobody on the way to a sign-in uses up what is needed here, or closes an item to
 * its owner who would undo what they did.
 */
async function guessKeys(deps: Deps, { accountId, itemId }: Undoing, source: Source): Promise<LimitKey[]> {
  const ring = deps.keyring.current()
  if (await isKnownBrowser(deps.database.sql, accountId, source.browser)) {
    const own = knownCodesKey(ring, accountId, source)
    return itemId === undefined ? [own] : [own, knownItemKey(ring, accountId, itemId, source.browser)]
  }
  return [
    { kind: 'strangers_codes', key: ring.lookupHash('strangers codes', accountId, 'undoing') },
    ...(itemId === undefined ? [] : [undoingItemKey(ring, accountId, itemId)]),
  ]
}

async function proveOther(
  deps: Deps,
  flowId: string,
  state: Undoing,
  form: FlowForm,
  source: Source,
  now: Instant,
): Promise<Step> {
  const guesses = await guessKeys(deps, state, source)
  const right = await proveItem(deps, { flowId, ...state }, form, guesses, source, now)
  if (!right.ok) return { state, refusal: right.refusal }
  const { proof, sealedCode } = right.value
  return sealedCode === undefined
    ? proved(deps, state, proof, source, now)
    : { state: { ...state, step: 'new_recovery_code', kept: { proof, sealedCode } } }
}

/** On to the decision where enough was proved, else to the next proof. */
async function proved(deps: Deps, state: Undoing, proof: Proof, source: Source, now: Instant): Promise<Step> {
  const right = { accountId: state.accountId, proof, others: state.proofs }
  await noteRightProof(deps, right, source.browser, now)
  const further: Undoing = { ...state, proofs: withProofs(state.proofs, [proof]), kept: undefined }
  const shown = await readUndoing(deps, further, source, now)
  if (shown === undefined) return { state, refusal: { code: 'flow_ended' } }
  return { state: { ...further, step: shown.missing > 0 ? 'choose' : 'decide' } }
}

async function decide(
  deps: Deps,
  state: Undoing,
  form: FlowForm,
  source: Source,
  now: Instant,
): Promise<Step> {
  const { accountId, changeId, aim } = state
  const shown = await readUndoing(deps, state, source, now)
  // The first proof has run out while the second was looked for.
  if (shown !== undefined && shown.missing > 0) return { state: { ...state, step: 'choose' } }
  const over = (outcome: UndoingOver['outcome'], from?: Instant): Step => ({
    state: { kind: 'undoing_over', accountId, outcome, from },
  })
  const decider = { ...deciderOf(state, now), spares: sparedIn(form) }
  if (aim === 'stop') {
    const stopped = await stopUndo(deps, decider, changeId, source)
    return stopped.ok ? over('stopped') : { state, refusal: stopped.refusal }
  }
  const undone = await undoByProofs(deps, decider, changeId, source)
  if (!undone.ok) return { state, refusal: undone.refusal }
  return undone.value === 'announced' ? over('announced', now + undoAnnouncedFor) : over('undone')
}

/** Where a code goes, as much as this flow's reader may see of it. */
export const hintIn = ({ items }: UndoingShown, { itemId }: Undoing): string =>
  items.find(({ id }) => id === itemId)?.hint ?? ''
