import type { Hono } from 'hono'
import type { Refusal } from '../../../core/refusal.ts'
import { returnPath } from '../../../core/sign-in/return-path.ts'
import { isSensitive, type SensitiveAct } from '../../../core/sign-in/step-up.ts'
import { translate } from '../../../locales/catalogue.ts'
import { callers } from '../../../operations/flows/callers.ts'
import { answerFlow, type FlowView, findFlow } from '../../../operations/proving/answer-flow.ts'
import { isOf, type SignedInSession } from '../../../operations/requester.ts'
import { readAccount } from '../../../operations/sign-in/sessions.ts'
import {
  beginStepUp,
  freshFlowId,
  offerStepUp,
  rotateSession,
  stepUpFlowId,
} from '../../../operations/sign-in/step-up.ts'
import type { Answering, Exchange } from '../../exchange/exchange.ts'
import { readId, readRevision } from '../../exchange/read-id.ts'
import { Way } from '../components/ways.tsx'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import { readBoundForm, toSignIn } from '../frame/bound-form.ts'
import type { PagesContext } from '../frame/pages-context.ts'
import {
  addSessionCookie,
  openVisit,
  presentedSecret,
  scopeOfFlow,
  sessionOf,
  type Visit,
} from '../frame/visit.ts'
import { flowStep, provingPage, showFlowPage } from '../proving/flow-page.tsx'
import { flowUpdates } from '../proving/flow-updates.ts'
import type { AccountRoutes } from '../session/signed-in-routes.ts'
import { StepUpPage } from './step-up-pages.tsx'

/** What a step-up is for, and where it comes back to: a page of the same account. */
function askedFor(
  { handle }: SignedInSession,
  act: string | undefined,
  to: string | undefined,
): { act: SensitiveAct; returnTo: string } | undefined {
  const home = `/account/${handle}`
  const path = returnPath(to)
  return isSensitive(act) ? { act, returnTo: path?.startsWith(`${home}/`) ? path : home } : undefined
}

/**
 * Proving again before something sensitive: the choice of what to prove, then the code or the password, then back to
 * where one was.
 */
export function stepUpRoutes(given: PagesContext, pages: Hono<Exchange>, routes: AccountRoutes): void {
  const { deps, site } = given

  routes.get('/account/:handle/stepup', async ({ c, session, token }) => {
    const asked = askedFor(session, c.req.query('for'), c.req.query('return_to'))
    if (asked === undefined) return c.redirect(`/account/${session.handle}`, 303)
    const hidden = { form: token, flow: freshFlowId(), for: asked.act, return_to: asked.returnTo }
    return answerPage(c, site, await choicePage(session, asked.act, { hidden }))
  })

  routes.post('/account/:handle/stepup', async ({ c, visit, session, form, token }) => {
    const asked = askedFor(session, form.for, form.return_to)
    const formId = readId(form.flow)
    if (asked === undefined || formId === undefined) return refusePage(c, site, { code: 'flow_ended' })
    const flowId = stepUpFlowId(deps, session, formId)
    const begun = await beginStepUp(
      deps,
      session,
      { flowId, ...asked, choice: form.item ?? '' },
      visit.requester,
    )
    if (!begun.ok) return refusePage(c, site, begun.refusal)
    const { refusal } = begun.value
    if (refusal === undefined) return c.redirect(`/account/${session.handle}/stepup/${flowId}`, 303)
    const hidden = { form: token, flow: freshFlowId(), for: asked.act, return_to: asked.returnTo }
    const page = await choicePage(session, asked.act, { hidden, refusal, chosen: form.item })
    return answerFormAgain(c, site, refusal, page)
  })

  routes.get('/account/:handle/stepup/:id', async ({ c, visit, session }) => {
    const flow = await flowOf(visit, c.req.param('id'), session)
    if (flow?.state.kind === 'stepped_up') return c.redirect(flow.state.returnTo, 303)
    return show(c, { visit, session, flow })
  })

  // Not among the account's other forms: its last one may come twice, the second time with the cookie of before.
  pages.post('/account/:handle/stepup/:id', async (c) => {
    const visit = openVisit(given, c)
    const flowId = readId(c.req.param('id'))
    if (flowId === undefined) return refusePage(c, site, { code: 'flow_ended' })
    const presented = presentedSecret(given, visit, c.req.param('handle'))
    if (presented === undefined) return toSignIn(c)
    const taken = await readBoundForm(given, c, visit, scopeOfFlow(flowId))
    const session = await sessionOf(given, visit, c.req.param('handle'))
    if (session === undefined) {
      const flow = taken.ok ? await findFlow(deps, flowId, visit.browser.hash) : undefined
      return flow?.state.kind === 'stepped_up' ? finish(c, flow, presented) : toSignIn(c)
    }
    if (!taken.ok) return taken.answer
    const { form } = taken
    if ((await flowOf(visit, flowId, session)) === undefined) {
      return refusePage(c, site, { code: 'flow_ended' })
    }
    const sent = { flowId, revision: readRevision(form.revision), form, requester: visit.requester, session }
    const answered = await answerFlow(deps, [callers.step_up], sent)
    if (!answered.ok) return refusePage(c, site, answered.refusal)
    const { flow, refusal } = answered.value
    if (flow.state.kind === 'stepped_up') return finish(c, flow, session.secretHash)
    if (refusal !== undefined) return show(c, { visit, session, flow, refusal, chosen: form.item })
    return c.redirect(`/account/${session.handle}/stepup/${flowId}`, 303)
  })

  routes.get('/account/:handle/stepup/:id/news', ({ c, visit, session }) =>
    flowUpdates(c, given, () => flowOf(visit, c.req.param('id'), session)),
  )

  async function finish(c: Answering, flow: FlowView, presented: Buffer): Promise<Response> {
    if (flow.state.kind !== 'stepped_up') throw new Error('The step-up has not ended.')
    const handle = c.req.param('handle') ?? ''
    const raised = await rotateSession(deps, flow, presented)
    if (raised !== undefined) addSessionCookie(given, c, handle, raised.cookie, raised.kept)
    return c.redirect(flow.state.returnTo, 303)
  }

  /** A living step-up of this browser and this session; no other is found. */
  async function flowOf(
    visit: Visit,
    text: string | undefined,
    session: SignedInSession,
  ): Promise<FlowView | undefined> {
    const id = readId(text)
    const flow = id === undefined ? undefined : await findFlow(deps, id, visit.browser.hash)
    const { state } = flow ?? {}
    const isStepUp = state?.kind === 'step_up' || state?.kind === 'stepped_up'
    return isStepUp && isOf(state, session) ? flow : undefined
  }

  type Shown = {
    visit: Visit
    session: SignedInSession
    flow: FlowView | undefined
    refusal?: Refusal | undefined
    chosen?: string | undefined
  }

  const show = async (c: Answering, shown: Shown): Promise<Response> =>
    showFlowPage(c, given, await pageOf(c, shown), shown.refusal)

  async function pageOf(c: Answering, { visit, session, flow, refusal, chosen }: Shown) {
    if (flow?.state.kind !== 'step_up') return undefined
    const { state, now } = flow
    const back = `/account/${session.handle}`
    const step = flowStep(given, visit, flow, { here: `${back}/stepup/${flow.id}`, refusal })
    if (state.step === 'choose') {
      const hidden = { ...step.hidden, act: 'choose' }
      return choicePage(session, state.act, { hidden, refusal, chosen }, step.here)
    }
    const { choices } = await offerStepUp(deps, state.accountId, state.act, now)
    const name = await nameOf(session)
    return provingPage(
      given,
      c,
      { ...flow, state },
      {
        ...step,
        to: choices.find(({ id }) => id === state.itemId)?.hint ?? '',
        account: name,
        name,
        lead: translate(c.var.locale, `stepUp.before.${state.act}`),
        ways: <Way href={back}>{translate(c.var.locale, 'stepUp.back')}</Way>,
      },
    )
  }

  async function choicePage(
    session: SignedInSession,
    act: SensitiveAct,
    form: {
      hidden: Readonly<Record<string, string>>
      refusal?: Refusal | undefined
      chosen?: string | undefined
    },
    action = `/account/${session.handle}/stepup`,
  ) {
    const { choices, password } = await offerStepUp(deps, session.accountId, act, session.now)
    return (
      <StepUpPage
        {...{ action, items: choices, password, ...form }}
        name={await nameOf(session)}
        before={`stepUp.before.${act}`}
        back={`/account/${session.handle}`}
      />
    )
  }

  const nameOf = async ({ accountId }: SignedInSession) =>
    (await readAccount(deps, accountId))?.names[0]?.name ?? ''
}
