import type { StoredChange } from '../../core/changes/change.ts'
import type { FreezeDecision } from '../../core/changes/freeze.ts'
import { isLongKnown, undoAnnouncedFor } from '../../core/changes/undo.ts'
import { flowLasts } from '../../core/flows/flow.ts'
import { stepUpLasts, withProofs } from '../../core/proving/proof.ts'
import { accept, type Result } from '../../core/refusal.ts'
import { standsAlone } from '../../core/security-info/item-standing.ts'
import { type Item, isContact } from '../../core/security-info/security-info.ts'
import type { Instant } from '../../core/time.ts'
import type { Undoing, UndoingOver } from '../../core/undo/undo-flow.ts'
import { newId } from '../../secrets/random.ts'
import { insertFlow } from '../../storage/flow.ts'
import { knownSince } from '../../storage/session.ts'
import { ownedBy } from '../activity/record-activity.ts'
import { readHeld } from '../changes/account-transaction.ts'
import {
  type Decider,
  type Decision,
  readDecision,
  stopUndo,
  undoByProofs,
} from '../changes/decide-change.ts'
import { freezableByLost, freezeChange, isForgotten, type ReadNotice, readNotice } from '../changes/freeze.ts'
import type { Deps } from '../deps.ts'
import type { ChoosingCaller, FlowRequest, Offer, Step } from '../proving/caller.ts'
import { allChoices } from '../proving/item-choices.ts'
import { elsewhere } from '../proving/prove.ts'
import type { Requester } from '../requester.ts'
import { trustOf } from '../trust-limits.ts'

/** What pressing the button of a notice's page came to. */
export type NoticeOutcome = FreezeDecision | 'undo_asked' | 'removed_as_lost'

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
 * Why it is too late, or why this contact has no say, is told to whoever typed the reference; of a notice that is as old as
 * none is kept, to everybody, since its link tells its age. Refusal: `reference_wrong`, that of `readNotice`.
 *
 * @param typed `changeId` is one of what else it can freeze
 */
export async function answerNotice(
  deps: Deps,
  token: string,
  typed: { reference: string; changeId?: string | undefined },
  requester: Requester,
  now: Instant,
): Promise<Result<AnsweredNotice>> {
  const read = await readNotice(deps, token, typed.reference, requester)
  if (!read.ok) return isForgotten(token, now) ? accept({ outcome: 'too_late', flowId: undefined }) : read
  const notice = { ...read.value, changeId: typed.changeId ?? read.value.changeId }
  if (notice.kind === 'undo_asked') return answerAnnouncement(deps, notice, requester, now)
  const outcome = await freezeChange(deps, notice, requester, now)
  const freezable = outcome === 'no_say' ? await freezableByLost(deps, notice, now) : undefined
  if (freezable !== undefined) return accept({ outcome: 'removed_as_lost', flowId: undefined, freezable })
  const isHeld = outcome === 'freeze' || outcome === 'frozen_already'
  if (!isHeld) return accept({ outcome, flowId: undefined })
  const held = await readHeld(deps, notice.accountId, now)
  return accept({ outcome, flowId: await begin(deps, notice, 'undo', requester), held })
}

async function answerAnnouncement(
  deps: Deps,
  notice: ReadNotice,
  requester: Requester,
  now: Instant,
): Promise<Result<AnsweredNotice>> {
  const decision = await readDecision(deps, { ...notice, proofs: [], now }, notice.changeId)
  if (decision === undefined) return accept({ outcome: 'too_late', flowId: undefined })
  const { state, undoAskedAt } = decision.change
  if (state === 'undone' || state === 'kept') return accept({ outcome: 'decided', flowId: undefined })
  if (undoAskedAt === undefined) return accept({ outcome: 'too_late', flowId: undefined })
  return accept({ outcome: 'undo_asked', flowId: await begin(deps, notice, 'stop', requester) })
}

async function begin(
  deps: Deps,
  { accountId, changeId, itemId }: ReadNotice,
  aim: Undoing['aim'],
  requester: Requester,
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
  }
  await insertFlow(deps.database.sql, { id, browser: requester.browser, state, lasts: flowLasts })
  return id
}

const deciderOf = ({ accountId, proofs }: Undoing, now: Instant): Decider => ({ accountId, proofs, now })

/** What a page of the flow shows. */
export type UndoingShown = {
  decision: Decision
  /** What may be proved; the password only where it stops an undo in this browser. */
  offer: Offer
  /** How many proofs are missing before it can be decided. */
  missing: number
}

/** @returns undefined where the change can't be decided any more */
export async function readUndoing(
  deps: Deps,
  state: Undoing,
  requester: Requester,
  now: Instant,
): Promise<UndoingShown | undefined> {
  const decision = await readDecision(deps, deciderOf(state, now), state.changeId)
  if (decision === undefined) return undefined
  const items = provable(state, decision, now)
  const known = await knownSince(deps.database.sql, state.accountId, requester.browser)
  const password = state.aim === 'stop' && isLongKnown(known, decision.change)
  const offer: Offer = { choices: allChoices(items), contacts: items.filter(isContact), password }
  return { decision, offer, missing: missingFor(state, decision, now) }
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

/** Undoing from a notice, as the proof engine's caller: items older than the change, until enough of them are proved. */
export const undoing: ChoosingCaller<Undoing> = {
  kind: 'undoing',
  async offer(deps, { state, requester, now }) {
    const shown = await readUndoing(deps, state, requester, now)
    return shown?.offer ?? { choices: [], contacts: [], password: false }
  },
  mustType: ({ contactId }, itemId) => itemId !== contactId,
  // It undoes something with no password beside it, so it has eight digits.
  code: () => ({ purpose: 'undo_change', length: 8 }),
  accountOf: ({ accountId }) => accountId,
  told: (_deps, { accountId }) => ownedBy(accountId),
  trust: (deps, { state: { accountId }, requester }) =>
    trustOf(
      deps,
      { accountId, otherwise: { level: 'stranger', stage: 'undoing', of: accountId } },
      requester,
    ),
  mayReadStory: ({ itemId, contactId }) => itemId === contactId,
  refusedAs: 'proof_refused',
  async ownStep(deps, request, form) {
    const { state, requester, now } = request
    const shown = await readUndoing(deps, state, requester, now)
    if (shown === undefined) return { state, refusal: { code: 'flow_ended' } }
    if (state.step !== 'decide') return undefined
    return form.act === 'decide' ? decide(deps, request, shown) : elsewhere(state)
  },
  /** On to the decision where enough was proved, else to the next proof. */
  async proved(deps, { state, requester, now }, proof) {
    const further: Undoing = { ...state, proofs: withProofs(state.proofs, [proof]) }
    const shown = await readUndoing(deps, further, requester, now)
    if (shown === undefined) return { state, refusal: { code: 'flow_ended' } }
    return { state: { ...further, step: shown.missing > 0 ? 'choose' : 'decide' } }
  },
}

async function decide(
  deps: Deps,
  { state, requester, now }: FlowRequest<Undoing>,
  { missing }: UndoingShown,
): Promise<Step> {
  const { accountId, changeId, aim } = state
  // The first proof has run out while the second was looked for.
  if (missing > 0) return { state: { ...state, step: 'choose' } }
  const over = (outcome: UndoingOver['outcome'], from?: Instant): Step => ({
    state: { kind: 'undoing_over', accountId, outcome, from },
  })
  const decider = deciderOf(state, now)
  if (aim === 'stop') {
    const stopped = await stopUndo(deps, decider, changeId, requester)
    return stopped.ok ? over('stopped') : { state, refusal: stopped.refusal }
  }
  const undone = await undoByProofs(deps, decider, changeId, requester)
  if (!undone.ok) return { state, refusal: undone.refusal }
  return undone.value === 'announced' ? over('announced', now + undoAnnouncedFor) : over('undone')
}

/** Where a code goes, as much as this flow's reader may see of it. */
export const hintIn = ({ offer }: UndoingShown, { itemId }: Undoing): string =>
  offer.choices.find(({ id }) => id === itemId)?.hint ?? ''
