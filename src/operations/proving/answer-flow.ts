import { setTimeout as sleep } from 'node:timers/promises'
import { type FlowState, isFinal, type OpenFlow } from '../../core/flow.ts'
import type { FlowForm } from '../../core/proving/proving.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { claimStep, type Flow, findFlow as findStored, releaseStep, settleStep } from '../../storage/flow.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession, Source } from '../source.ts'
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
  source: Source
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
  const { sql } = deps.database
  const { flowId, revision, source } = sent
  const claimed = await claimStep(sql, flowId, source.browser, revision)
  if (claimed === undefined) return answerOfFirst(deps, sent)
  const { state, refusal } = await work(deps, callers, claimed, sent).catch(async (fault) => {
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
  { flowId, form, source, session }: SentForm,
): Promise<Step> {
  const caller = callers.find(({ kind }) => kind === state.kind)
  if (caller === undefined || isFinal(state)) return elsewhere(state)
  if (caller.belongsTo?.(state, session) === false) return elsewhere(state)
  const request: FlowRequest = { flowId, state, source, now, session }
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
  { flowId, revision, source }: SentForm,
): Promise<Result<StepAnswer>> {
  for (const until = performance.now() + patience; ; await sleep(lookEvery)) {
    const flow: Flow | undefined = await findStored(deps.database.sql, flowId, source.browser)
    if (flow === undefined) return refuse({ code: 'flow_ended' })
    // No page has carried a revision below 0: there is no first form to wait for.
    if (revision < 0 || flow.revision !== revision + 1) return refuse({ code: 'step_elsewhere' })
    if (flow.last?.revision === revision) return accept({ flow, refusal: flow.last.refusal ?? undefined })
    if (performance.now() > until) return refuse({ code: 'step_elsewhere' })
  }
}
