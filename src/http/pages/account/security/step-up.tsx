import type { Hono } from 'hono'
import { returnPath } from '../../../../core/people/return-path.ts'
import type { Refusal } from '../../../../core/refusal.ts'
import { isSensitive, type SensitiveAct } from '../../../../core/security-info/step-up.ts'
import { translate } from '../../../../locales/catalogue.ts'
import { readAccount, type SignedInSession } from '../../../../operations/sessions.ts'
import { waitingMark } from '../../../../operations/signing-in/flow-code.ts'
import { type FlowView, findFlow, type StepAnswer } from '../../../../operations/signing-in/flow-step.ts'
import { flowPasskeyOptions, openSealedCode } from '../../../../operations/signing-in/prove-item.ts'
import {
  answerStepUp,
  beginStepUp,
  freshFlowId,
  isOf,
  raiseSession,
  stepUpChoices,
  stepUpFlowId,
} from '../../../../operations/signing-in/step-up.ts'
import type { Answering, Exchange } from '../../../exchange.ts'
import { streamNews } from '../../../stream.ts'
import { answerFormAgain, answerPage, refusePage } from '../../answer-page.tsx'
import { Way } from '../../components/ways.tsx'
import { takeForm, toSignIn } from '../../own-form.ts'
import {
  NextRecoveryCodePage,
  PasskeyPage,
  type ProofStep,
  RecoveryCodePage,
  TotpPage,
} from '../../proof-pages.tsx'
import { waitingPage } from '../../signin/flow-page.tsx'
import type { SignInSite } from '../../signin/site.ts'
import {
  addSessionCookie,
  formTokenOf,
  openVisit,
  presentedSecret,
  scopeOfFlow,
  sessionOf,
  type Visit,
} from '../../visit.ts'
import type { AccountRoutes } from '../account-routes.ts'
import { StepUpPage, StepUpPasswordPage } from './step-up-pages.tsx'

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

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Proving again before something sensitive: the choice of what to prove, then the code or the password, then back to
 * where one was.
 */
export function stepUpPages(given: SignInSite, pages: Hono<Exchange>, routes: AccountRoutes): void {
  const { deps, site } = given

  routes.get('/account/:handle/stepup', async ({ c, session, token }) => {
    const asked = askedFor(session, c.req.query('for'), c.req.query('return_to'))
    if (asked === undefined) return c.redirect(`/account/${session.handle}`, 303)
    const hidden = { form: token, flow: freshFlowId(), for: asked.act, return_to: asked.returnTo }
    return answerPage(c, site, await choicePage(session, asked, hidden, undefined))
  })

  routes.post('/account/:handle/stepup', async ({ c, visit, session, form, token }) => {
    const asked = askedFor(session, form.for, form.return_to)
    if (asked === undefined || !uuid.test(form.flow ?? '')) return refusePage(c, site, { code: 'flow_ended' })
    const flow = stepUpFlowId(deps, session, form.flow ?? '')
    const begun = await beginStepUp(deps, flow, session, { ...asked, choice: form.item ?? '' }, visit.source)
    if (!begun.ok) return refusePage(c, site, begun.refusal)
    const { refusal } = begun.value
    if (refusal === undefined) return c.redirect(`/account/${session.handle}/stepup/${flow}`, 303)
    const hidden = { form: token, flow: freshFlowId(), for: asked.act, return_to: asked.returnTo }
    return answerFormAgain(c, site, refusal, await choicePage(session, asked, hidden, refusal, form.item))
  })

  routes.get('/account/:handle/stepup/:id', async ({ c, visit, session }) => {
    const flow = await flowOf(visit, c.req.param('id') ?? '', session)
    if (flow?.state.kind === 'stepped_up') return c.redirect(flow.state.returnTo, 303)
    return flow === undefined
      ? refusePage(c, site, { code: 'flow_ended' })
      : show(c, visit, session, flow, undefined)
  })

  // Not among the account's other forms: its last one may come twice, the second time with the cookie of before.
  pages.post('/account/:handle/stepup/:id', async (c) => {
    const visit = openVisit(given, c)
    const id = c.req.param('id')
    if (!uuid.test(id)) return refusePage(c, site, { code: 'flow_ended' })
    const presented = presentedSecret(given, visit, c.req.param('handle'))
    if (presented === undefined) return toSignIn(c)
    const taken = await takeForm(given, c, visit, scopeOfFlow(id))
    const session = await sessionOf(given, visit, c.req.param('handle'))
    if (session === undefined) {
      const flow = taken.ok ? await findFlow(deps, id, visit.browser.hash) : undefined
      return flow?.state.kind === 'stepped_up' ? finish(c, flow, presented) : toSignIn(c)
    }
    if (!taken.ok) return taken.answer
    const { form } = taken
    const revision = /^\d{1,9}$/.test(form.revision ?? '') ? Number(form.revision) : -1
    if ((await flowOf(visit, id, session)) === undefined) return refusePage(c, site, { code: 'flow_ended' })
    const answered = await answerStepUp(deps, id, session, revision, form, visit.source)
    if (!answered.ok) return refusePage(c, site, answered.refusal)
    return answerStep(c, visit, session, answered.value, form.item)
  })

  routes.get('/account/:handle/stepup/:id/news', async ({ c, visit, session }) => {
    const id = c.req.param('id') ?? ''
    const find = () => flowOf(visit, id, session)
    if ((await find()) === undefined) return refusePage(c, site, { code: 'flow_ended' })
    return streamNews(c, given.news, `flow ${id}`, async () => waitingMark(deps, await find()))
  })

  async function answerStep(
    c: Answering,
    visit: Visit,
    session: SignedInSession,
    { flow, refusal }: StepAnswer,
    chosen: string | undefined,
  ): Promise<Response> {
    if (flow.state.kind === 'stepped_up') return finish(c, flow, session.secretHash)
    if (refusal !== undefined) return show(c, visit, session, flow, refusal, chosen)
    return c.redirect(`/account/${session.handle}/stepup/${flow.id}`, 303)
  }

  async function finish(c: Answering, flow: FlowView, presented: Buffer): Promise<Response> {
    if (flow.state.kind !== 'stepped_up') throw new Error('The step-up has not ended.')
    const handle = c.req.param('handle') ?? ''
    const raised = await raiseSession(deps, flow, presented)
    if (raised !== undefined) addSessionCookie(given, c, handle, raised.cookie, raised.kept)
    return c.redirect(flow.state.returnTo, 303)
  }

  /** A living step-up of this browser and this session; no other is found. */
  async function flowOf(visit: Visit, id: string, session: SignedInSession): Promise<FlowView | undefined> {
    if (!uuid.test(id)) return undefined
    const flow = await findFlow(deps, id, visit.browser.hash)
    const { state } = flow ?? {}
    const isStepUp = state?.kind === 'step_up' || state?.kind === 'stepped_up'
    return isStepUp && isOf(state, session) ? flow : undefined
  }

  async function show(
    c: Answering,
    visit: Visit,
    session: SignedInSession,
    flow: FlowView,
    refusal: Refusal | undefined,
    chosen?: string,
  ): Promise<Response> {
    const page = await pageOf(c, visit, session, flow, refusal, chosen)
    if (page === undefined) return refusePage(c, site, { code: 'flow_ended' })
    return refusal === undefined ? answerPage(c, site, page) : answerFormAgain(c, site, refusal, page)
  }

  async function pageOf(
    c: Answering,
    visit: Visit,
    session: SignedInSession,
    flow: FlowView,
    refusal: Refusal | undefined,
    chosen: string | undefined,
  ) {
    const { state } = flow
    if (state.kind !== 'step_up') return undefined
    const here = `/account/${session.handle}/stepup/${flow.id}`
    const hidden = { form: formTokenOf(given, visit, scopeOfFlow(flow.id)), revision: String(flow.revision) }
    const name = await nameOf(session)
    const before = `stepUp.before.${state.act}` as const
    const back = `/account/${session.handle}`
    const ways = <Way href={back}>{translate(c.var.locale, 'stepUp.back')}</Way>
    const proof: ProofStep = { here, hidden, refusal, account: name, ways }
    switch (state.step) {
      case 'choose': {
        return choicePage(session, state, { ...hidden, act: 'choose' }, refusal, chosen, here)
      }
      case 'password':
        return <StepUpPasswordPage {...{ action: here, hidden, refusal, name, before, back }} />
      case 'code': {
        const { items } = await stepUpChoices(deps, state.accountId, state.act, flow.now)
        const to = items.find((item) => item.id === state.itemId)?.hint ?? ''
        const { verificationId } = state
        const step = { here, hidden, refusal }
        return waitingPage(given, c, flow, step, { verificationId, to, account: name, others: true })
      }
      case 'totp':
        return <TotpPage {...proof} />
      case 'passkey': {
        const options = await flowPasskeyOptions(deps, flow, state.accountId, visit.source.origin)
        return <PasskeyPage {...proof} options={options} />
      }
      case 'recovery_code':
        return <RecoveryCodePage {...proof} />
      case 'new_recovery_code': {
        if (state.kept === undefined) return undefined
        const code = openSealedCode(deps, flow.id, state.kept.sealedCode)
        return <NextRecoveryCodePage {...proof} code={code} name={name} />
      }
    }
  }

  async function choicePage(
    session: SignedInSession,
    { act }: { act: SensitiveAct },
    hidden: Readonly<Record<string, string>>,
    refusal: Refusal | undefined,
    chosen?: string,
    action = `/account/${session.handle}/stepup`,
  ) {
    const offered = await stepUpChoices(deps, session.accountId, act, session.now)
    return (
      <StepUpPage
        {...offered}
        {...{ action, hidden, refusal, chosen }}
        name={await nameOf(session)}
        before={`stepUp.before.${act}`}
        back={`/account/${session.handle}`}
      />
    )
  }

  const nameOf = async ({ accountId }: SignedInSession) =>
    (await readAccount(deps, accountId))?.names[0]?.name ?? ''
}
