import { setTimeout as sleep } from 'node:timers/promises'
import type { FlowState } from '../../core/people/flow.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { claimStep, type Flow, findFlow as findStored, releaseStep, settleStep } from '../../storage/flow.ts'
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
