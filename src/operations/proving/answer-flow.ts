import { setTimeout as sleep } from 'node:timers/promises'
import { type FlowState, flowLasts, isFinal, type OpenFlow } from '../../core/flows/flow.ts'
import type { FlowForm } from '../../core/proving/proving.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { newId, uuidOf } from '../../secrets/random.ts'
import {
  claimStep,
  type Flow,
  findFlow as findStored,
  insertFlow,
  releaseStep,
  settleStep,
} from '../../storage/flow.ts'
import { sqlState, uniqueViolation } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import type { Requester, SignedInSession } from '../requester.ts'
import type { Caller, FlowRequest, Step } from './caller.ts'
import { elsewhere, prove } from './prove.ts'
import { recordRefused } from './record-step.ts'

/** A flow as its pages show it; `revision` is what the next form must carry. */
export type FlowView<State extends FlowState = FlowState> = {
  id: string
  state: State
  revision: number
  now: Instant
}

/** One form as it was sent: to which flow, at which revision of it, from where. */
export type SentForm = {
  flowId: string
  revision: number
  form: FlowForm
  requester: Requester
  session?: SignedInSession | undefined
}

/** What one form came to: where the flow stands now, and why it was declined where it was. */
export type StepAnswer = { flow: FlowView; refusal: Refusal | undefined }

/** A living flow of this browser; nobody else's is found. */
export const findFlow = (deps: Deps, id: string, browser: Buffer): Promise<FlowView | undefined> =>
  findStored(deps.database.sql, id, browser)

/**
 * Works off one form of a flow. A form sent twice (a double click, two tabs, the back button) is worked off once, and
 * both get the same answer: a second try is never spent.
 *
 * Refusals besides those of each step: `flow_ended` (not this browser's, or too old), `step_elsewhere` (the flow has gone
 * on since this form was shown, or it is another's).
 *
 * @param callers whose flows the page serves
 */
export async function answerFlow(
  deps: Deps,
  callers: readonly Caller<OpenFlow>[],
  sent: SentForm,
): Promise<Result<StepAnswer>> {
  return workOffOnce(deps, sent, (flow) => work(deps, callers, flow, sent))
}

/** What the form of a page carries that begins a flow. */
export const freshFormId = newId

/**
 * The flow that such a form begins for this browser or session, and for what was typed: nobody chooses the id of one, and
 * a form that is sent again with something else typed begins another.
 *
 * @param formId undefined for the form of a page that was shown before forms had one
 */
export const flowIdOf = (deps: Deps, formId: string | undefined, ...parts: string[]): string =>
  uuidOf(deps.keyring.current().lookupHash('flow of a form', formId ?? newId(), ...parts))

/**
 * Begins a flow whose first step sends something. A form sent twice begins one flow and sends one message.
 *
 * Refusals: those of `send`, and `flow_ended` where the form is older than a flow may be.
 *
 * @returns the id of the flow, which may have gone on since the form was shown
 */
export async function beginFlow<State extends OpenFlow>(
  deps: Deps,
  { id: flowId, state, requester }: { id: string; state: State; requester: Requester },
  send: () => Promise<Step>,
): Promise<Result<string>> {
  const { browser } = requester
  try {
    await insertFlow(deps.database.sql, { id: flowId, browser, state, lasts: flowLasts })
  } catch (fault) {
    if (sqlState(fault) !== uniqueViolation) throw fault
  }
  const begun = await workOffOnce(deps, { flowId, revision: 0, requester }, send)
  if (!begun.ok) return begun.refusal.code === 'step_elsewhere' ? accept(flowId) : begun
  return begun.value.refusal === undefined ? accept(flowId) : refuse(begun.value.refusal)
}

type FormOfFlow = Pick<SentForm, 'flowId' | 'revision' | 'requester'>

async function workOffOnce(
  deps: Deps,
  form: FormOfFlow,
  work: (flow: Flow) => Promise<Step>,
): Promise<Result<StepAnswer>> {
  const { sql } = deps.database
  const { flowId, revision, requester } = form
  const claimed = await claimStep(sql, flowId, requester.browser, revision)
  if (claimed === undefined) return answerOfFirst(deps, form)
  const { state, refusal } = await work(claimed).catch(async (fault) => {
    // Where the database is the fault, it may not hear of this either: the form is then answered by its flow's page.
    await releaseStep(sql, flowId, revision).catch(() => {})
    throw fault
  })
  await settleStep(sql, flowId, state, { revision, refusal: refusal ?? null })
  return accept({ flow: { ...claimed, state }, refusal })
}

async function work(
  deps: Deps,
  callers: readonly Caller<OpenFlow>[],
  { state, now }: Flow,
  { flowId, form, requester, session }: SentForm,
): Promise<Step> {
  const caller = callers.find(({ kind }) => kind === state.kind)
  if (caller === undefined || isFinal(state)) return elsewhere(state)
  if (caller.belongsTo?.(state, session) === false) return elsewhere(state)
  const request: FlowRequest = { flowId, state, requester, now, session }
  const own = await caller.ownStep?.(deps, request, form)
  const step = own ?? (await prove(deps, caller, request, form))
  const { refusedAs: kind } = caller
  if (kind !== undefined) {
    await recordRefused(deps, { told: caller.told(deps, state), kind }, step.refusal, request)
  }
  return step
}

/** How long a form that is sent twice waits for the answer of the first. */
const patience = 4000
const lookEvery = 40

async function answerOfFirst(
  deps: Deps,
  { flowId, revision, requester }: FormOfFlow,
): Promise<Result<StepAnswer>> {
  for (const until = performance.now() + patience; ; await sleep(lookEvery)) {
    const flow: Flow | undefined = await findStored(deps.database.sql, flowId, requester.browser)
    if (flow === undefined) return refuse({ code: 'flow_ended' })
    // No page has carried a revision below 0: there is no first form to wait for.
    if (revision < 0 || flow.revision !== revision + 1) return refuse({ code: 'step_elsewhere' })
    if (flow.last?.revision === revision) return accept({ flow, refusal: flow.last.refusal ?? undefined })
    if (performance.now() > until) return refuse({ code: 'step_elsewhere' })
  }
}
