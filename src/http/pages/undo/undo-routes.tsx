import { Hono } from 'hono'
import { isFinal } from '../../../core/flows/flow.ts'
import { type Refusal, refuse } from '../../../core/refusal.ts'
import { callers } from '../../../operations/flows/callers.ts'
import { answerFlow, type FlowView, findFlow } from '../../../operations/proving/answer-flow.ts'
import { answerNotice, hintIn, readUndoing } from '../../../operations/undo/undo-from-notice.ts'
import type { Answering, Exchange } from '../../exchange/exchange.ts'
import { readId, readRevision } from '../../exchange/read-id.ts'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import { readBoundForm } from '../frame/bound-form.ts'
import type { PagesContext } from '../frame/pages-context.ts'
import { formTokenOf, openVisit, scopeOfFlow, scopeOfLink, type Visit } from '../frame/visit.ts'
import { flowStep, provingPage, showFlowPage } from '../proving/flow-page.tsx'
import { flowUpdates } from '../proving/flow-updates.ts'
import { NoticeAnsweredPage, NoticePage } from './notice-page.tsx'
import { ChooseProofPage, ConfirmContactPage, DecideUndoPage, UndoingOverPage } from './undo-pages.tsx'

/**
 * `/changes/{token}`, where a notice's link leads, and `/undo/{id}`, where its reader goes on: what was changed is frozen
 * by the reference, and undone by proofs of what the account had before. No session is needed: a thief may have changed
 * the password.
 */
export function undoRoutes(given: PagesContext) {
  const { deps, site } = given
  const pages = new Hono<Exchange>()

  /** Opening it changes nothing and tells nothing. */
  pages.get('/changes/:token', (c) => {
    const form = formTokenOf(given, openVisit(given, c), scopeOfLink(c.req.param('token')))
    return answerPage(c, site, <NoticePage form={form} />)
  })

  pages.post('/changes/:token', async (c) => {
    const visit = openVisit(given, c)
    const scope = scopeOfLink(c.req.param('token'))
    const read = await readBoundForm(given, c, visit, scope)
    if (!read.ok) return read.answer
    const { requester } = visit
    const { reference: typed = '', change } = read.form
    const answered =
      typed.length > 64
        ? refuse({ code: 'reference_wrong' })
        : await answerNotice(
            deps,
            c.req.param('token'),
            { reference: typed, changeId: readId(change) },
            requester,
            c.var.now,
          )
    if (answered.ok) return answerPage(c, site, <NoticeAnsweredPage {...answered.value} reference={typed} />)
    const { refusal } = answered
    return answerFormAgain(
      c,
      site,
      refusal,
      <NoticePage form={formTokenOf(given, visit, scope)} typed={typed} refusal={refusal} />,
    )
  })

  pages.get('/undo/:id', async (c) => {
    const visit = openVisit(given, c)
    const flow = await flowOf(visit, c.req.param('id'))
    return flow === undefined ? refusePage(c, site, { code: 'flow_ended' }) : show(c, { visit, flow })
  })

  pages.post('/undo/:id', async (c) => {
    const visit = openVisit(given, c)
    const flowId = readId(c.req.param('id'))
    if (flowId === undefined) return refusePage(c, site, { code: 'flow_ended' })
    const taken = await readBoundForm(given, c, visit, scopeOfFlow(flowId))
    if (!taken.ok) return taken.answer
    const { form } = taken
    const { requester } = visit
    const sent = { flowId, revision: readRevision(form.revision), form, requester }
    const answered = await answerFlow(deps, [callers.undoing], sent)
    if (!answered.ok) {
      const flow = await flowOf(visit, flowId)
      return flow === undefined || isFinal(flow.state)
        ? refusePage(c, site, answered.refusal)
        : show(c, { visit, flow, refusal: answered.refusal })
    }
    const { flow, refusal } = answered.value
    if (refusal !== undefined) return show(c, { visit, flow, refusal, chosen: form.item })
    return c.redirect(`/undo/${flowId}`, 303)
  })

  pages.get('/undo/:id/news', async (c) => {
    const visit = openVisit(given, c)
    return flowUpdates(c, given, () => flowOf(visit, c.req.param('id')))
  })

  /** A living flow of this browser that began with a notice; no other is found. */
  async function flowOf(visit: Visit, text: string): Promise<FlowView | undefined> {
    const id = readId(text)
    if (id === undefined || visit.browser.isNew) return undefined
    const flow = await findFlow(deps, id, visit.browser.hash)
    const kind = flow?.state.kind
    return kind === 'undoing' || kind === 'undoing_over' ? flow : undefined
  }

  type Shown = {
    visit: Visit
    flow: FlowView
    refusal?: Refusal | undefined
    chosen?: string | undefined
  }

  const show = async (c: Answering, shown: Shown): Promise<Response> =>
    showFlowPage(c, given, await pageOf(c, shown), shown.refusal)

  async function pageOf(c: Answering, { visit, flow, refusal, chosen }: Shown) {
    const { state } = flow
    if (state.kind === 'undoing_over') return <UndoingOverPage over={state} />
    if (state.kind !== 'undoing') return undefined
    const shown = await readUndoing(deps, state, visit.requester, flow.now)
    if (shown === undefined) return undefined
    const step = flowStep(given, visit, flow, { here: `/undo/${flow.id}`, refusal })
    switch (state.step) {
      case 'choose':
        return <ChooseProofPage {...step} {...{ shown, state, chosen }} />
      case 'confirm':
        return <ConfirmContactPage {...step} hint={hintIn(shown, state)} />
      case 'decide':
        return <DecideUndoPage {...step} {...{ shown, state }} />
      default:
        return provingPage(given, c, { ...flow, state }, { ...step, to: hintIn(shown, state) })
    }
  }

  return pages
}
