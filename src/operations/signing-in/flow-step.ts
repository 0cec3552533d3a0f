import { setTimeout as sleep } from 'node:timers/promises'
import { type FlowState, flowLasts } from '../../core/people/flow.ts'
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

/** A flow as its pages show it; `revision` is what the next form must carry. */
export type FlowView = { id: string; state: FlowState; revision: number; now: Instant }

/** What one form came to: where the flow stands now, and why it was declined where it was. */
export type StepAnswer = { flow: FlowView; refusal: Refusal | undefined }

/** How long a form that is sent twice waits for the answer of the first. */
const patience = 4000
const lookEvery = 40

/** A living flow of this browser; nobody else's is found. */
export const findFlow = (deps: Deps, id: string, browser: Buffer): Promise<FlowView | undefined> =>
  findStored(deps.database.sql, id, browser)

/** What the form of a page carries that begins a flow. */
export const freshFormId = newId

/**
 * The flow that such a form begins for this browser or session, and for what was typed: nobody chooses the id of one, and
 * a form that is sent again with something else typed begins another. A page from before forms had an id begins a new one.
 */
export const flowIdOf = (deps: Deps, form: string | undefined, ...parts: string[]): string =>
  uuidOf(
    deps.keyring
      .current()
      .lookupHash('flow of a form', uuid.test(form ?? '') ? `${form}` : newId(), ...parts),
  )

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Begins a flow with a first step that sends something. A form sent twice begins one flow and sends one message.
 *
 * Refusals: those of `work`, and `flow_ended` where the form is older than a flow may be.
 *
 * @returns the id of the flow, which may have gone on since the form was shown
 */
export async function beginFlow<State extends FlowState>(
  deps: Deps,
  flow: { id: string; browser: Buffer; state: State },
  work: (state: State) => Promise<{ state: FlowState; refusal?: Refusal | undefined }>,
): Promise<Result<string>> {
  try {
    await insertFlow(deps.database.sql, { ...flow, lasts: flowLasts })
  } catch (fault) {
    if (sqlState(fault) !== uniqueViolation) throw fault
  }
  const begun = await takeFlowStep(deps, flow.id, flow.browser, 0, () => work(flow.state))
  if (!begun.ok) return begun.refusal.code === 'step_elsewhere' ? accept(flow.id) : begun
  return begun.value.refusal === undefined ? accept(flow.id) : refuse(begun.value.refusal)
}

/**
 * Works off one form of a flow. A form sent twice (a double click, two tabs, the back button) is worked off once, and
 * both get the same answer: a second try is never spent.
 *
 * Refusals besides those of `work`: `flow_ended` (not this browser's, or too old), `step_elsewhere` (the flow has gone
 * on since this form was shown).
 */
export async function takeFlowStep(
  deps: Deps,
  id: string,
  browser: Buffer,
  revision: number,
  work: (state: FlowState, now: Instant) => Promise<{ state: FlowState; refusal?: Refusal | undefined }>,
): Promise<Result<StepAnswer>> {
  const { sql } = deps.database
  const claimed = await claimStep(sql, id, browser, revision)
  if (claimed === undefined) return answerOfFirst(deps, id, browser, revision)
  const { state, refusal } = await work(claimed.state, claimed.now).catch(async (fault) => {
    // Where the database is the fault, it may not hear of this either: the form is then answered by its flow's page.
    await releaseStep(sql, id, revision).catch(() => {})
    throw fault
  })
  await settleStep(sql, id, state, { revision, refusal: refusal ?? null })
  return accept({ flow: { ...claimed, state }, refusal })
}

async function answerOfFirst(
  deps: Deps,
  id: string,
  browser: Buffer,
  revision: number,
): Promise<Result<StepAnswer>> {
  for (const until = performance.now() + patience; ; await sleep(lookEvery)) {
    const flow: Flow | undefined = await findStored(deps.database.sql, id, browser)
    if (flow === undefined) return refuse({ code: 'flow_ended' })
    if (flow.revision !== revision + 1) return refuse({ code: 'step_elsewhere' })
    if (flow.last?.revision === revision) return accept({ flow, refusal: flow.last.refusal ?? undefined })
    if (performance.now() > until) return refuse({ code: 'step_elsewhere' })
  }
}
