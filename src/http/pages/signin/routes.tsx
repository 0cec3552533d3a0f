import { Hono } from 'hono'
import { isEntry } from '../../../core/people/flow.ts'
import { returnPath } from '../../../core/people/return-path.ts'
import type { Refusal } from '../../../core/refusal.ts'
import { invitationOf } from '../../../operations/running/invitations.ts'
import { openSession } from '../../../operations/sessions.ts'
import { actOnFlow } from '../../../operations/signing-in/flow-acts.ts'
import { awaitedBy, waitingMark } from '../../../operations/signing-in/flow-code.ts'
import {
  type FlowView,
  findFlow,
  freshFormId,
  takeFlowStep,
} from '../../../operations/signing-in/flow-step.ts'
import { requestPasskey, signInByPasskey } from '../../../operations/signing-in/passkey-sign-in.ts'
import { beginSignIn } from '../../../operations/signing-in/sign-in.ts'
import { beginSignUp } from '../../../operations/signing-in/sign-up.ts'
import { tellPastCode } from '../../../operations/verifications/past-code.ts'
import type { Answering, Exchange } from '../../exchange.ts'
import { streamNews } from '../../stream.ts'
import { answerFormAgain, answerPage, refusePage } from '../answer-page.tsx'
import { HomePage } from '../home-page.tsx'
import { takeForm } from '../own-form.ts'
import { cookieName } from '../reader-preferences.ts'
import { WayToAccounts } from '../refusal-page.tsx'
import {
  addCookie,
  addSessionCookie,
  type Form,
  formTokenOf,
  mostAccounts,
  openVisit,
  removeEndedCookies,
  scopeOfFlow,
  sessionsOf,
  type Visit,
} from '../visit.ts'
import { pathOf, showFlow } from './flow-page.tsx'
import { type Pending, SignInPage, SignUpPage } from './pages.tsx'
import type { SignInSite } from './site.ts'

/**
 * The cookie that finds unfinished flows again after their windows were closed; it opens nothing by itself. There may be
 * several: somebody on the way into one account signs in to another, where the code for the first has come.
 */
const flowCookie = 'flow'
const mostFlows = 3
const flowCookieLasts = 3600

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Signing up and in: one address a flow, and the flow says which step it is at. */
export function signInPages(given: SignInSite) {
  const { deps, site } = given
  const pages = new Hono<Exchange>()

  pages.get('/', async (c) => {
    const visit = openVisit(given, c)
    const sessions = await sessionsOf(given, visit)
    return sessions.length > 0 ? c.redirect('/account', 303) : answerPage(c, site, <HomePage />)
  })

  pages.get('/signin', async (c) => {
    const visit = openVisit(given, c)
    const returnTo = returnPath(c.req.query('return_to'))
    const form = formTokenOf(given, visit, 'begin')
    return answerPage(
      c,
      site,
      <SignInPage
        form={form}
        returnTo={returnTo}
        pending={await pendingFlows(visit)}
        passkey={requestPasskey(deps, visit.source, c.var.now)}
      />,
    )
  })

  pages.post('/signin', async (c) => {
    const visit = openVisit(given, c)
    const taken = await takeForm(given, c, visit, 'begin')
    if (!taken.ok) return taken.answer
    const { form } = taken
    const returnTo = returnPath(form.return_to)
    const begun = await beginSignIn(deps, visit.source, form.username ?? '', {
      keep: form.keep === 'yes',
      returnTo,
    })
    if (begun.ok) return goTo(c, visit, 'signin', begun.value)
    const page = (
      <SignInPage
        form={formTokenOf(given, visit, 'begin')}
        returnTo={returnTo}
        typed={form.username}
        refusal={begun.refusal}
        pending={[]}
        passkey={requestPasskey(deps, visit.source, c.var.now)}
      />
    )
    return answerFormAgain(c, site, begun.refusal, page)
  })

  pages.post('/signin/passkey', async (c) => {
    const visit = openVisit(given, c)
    const taken = await takeForm(given, c, visit, 'begin')
    if (!taken.ok) return taken.answer
    const { form } = taken
    const returnTo = returnPath(form.return_to)
    const { offer = '', credential = '' } = form
    const asked = { offer, credential, keep: form.keep === 'yes', returnTo }
    const signedIn = await signInByPasskey(deps, visit.source, asked, c.var.now)
    if (signedIn.ok) return finish(c, visit, signedIn.value, form)
    const page = (
      <SignInPage
        form={formTokenOf(given, visit, 'begin')}
        returnTo={returnTo}
        typed={form.username}
        refusal={signedIn.refusal}
        pending={[]}
        passkey={requestPasskey(deps, visit.source, c.var.now)}
      />
    )
    return answerFormAgain(c, site, signedIn.refusal, page)
  })

  pages.get('/signup', (c) => {
    const visit = openVisit(given, c)
    const form = formTokenOf(given, visit, 'begin')
    const invited = invitationIn(visit) !== undefined
    return answerPage(
      c,
      site,
      <SignUpPage
        form={form}
        flow={freshFormId()}
        returnTo={returnPath(c.req.query('return_to'))}
        invited={invited}
      />,
    )
  })

  pages.post('/signup', async (c) => {
    const visit = openVisit(given, c)
    const taken = await takeForm(given, c, visit, 'begin')
    if (!taken.ok) return taken.answer
    const { form } = taken
    const returnTo = returnPath(form.return_to)
    const token = invitationIn(visit)
    const invitation = token === undefined ? undefined : invitationOf(token)
    const begun = await beginSignUp(deps, visit.source, form.email ?? '', {
      form: form.flow,
      returnTo,
      invitation,
    })
    if (begun.ok) return goTo(c, visit, 'signup', begun.value)
    const page = (
      <SignUpPage
        form={formTokenOf(given, visit, 'begin')}
        flow={freshFormId()}
        returnTo={returnTo}
        typed={form.email}
        refusal={begun.refusal}
        invited={token !== undefined}
      />
    )
    return answerFormAgain(c, site, begun.refusal, page)
  })

  for (const path of ['/signin/:id', '/signup/:id'] as const) {
    pages.get(path, async (c) => {
      const visit = openVisit(given, c)
      const flow = await flowOf(visit, c.req.param('id'))
      if (flow === undefined || !isEntry(flow.state)) return refusePage(c, site, { code: 'flow_ended' })
      if (flow.state.kind === 'signed_in') return c.redirect('/account', 303)
      return showFlow(given, c, visit, flow, undefined)
    })

    pages.post(path, async (c) => {
      const visit = openVisit(given, c)
      const id = c.req.param('id')
      if (!uuid.test(id)) return refusePage(c, site, { code: 'flow_ended' })
      const taken = await takeForm(given, c, visit, scopeOfFlow(id))
      if (!taken.ok) return taken.answer
      const { form } = taken
      const revision = /^\d{1,9}$/.test(form.revision ?? '') ? Number(form.revision) : -1
      const answered = await takeFlowStep(deps, id, visit.browser.hash, revision, (state, now) =>
        actOnFlow(deps, id, state, form, visit.source, now),
      )
      if (!answered.ok) return declineStale(c, visit, id, form, answered.refusal)
      const { flow, refusal } = answered.value
      if (!isEntry(flow.state)) return refusePage(c, site, { code: 'flow_ended' })
      if (flow.state.kind === 'signed_in') return finish(c, visit, flow, form)
      if (refusal !== undefined) return showFlow(given, c, visit, flow, refusal, form.item)
      return c.redirect(pathOf(id, flow.state), 303)
    })
  }

  for (const path of ['/signin/:id/news', '/signup/:id/news'] as const) {
    pages.get(path, async (c) => {
      const visit = openVisit(given, c)
      const id = c.req.param('id')
      const flow = await flowOf(visit, id)
      if (flow === undefined || !isEntry(flow.state)) {
        return refusePage(c, site, { code: 'flow_ended' })
      }
      return streamNews(c, given.news, `flow ${id}`, async () => waitingMark(deps, await flowOf(visit, id)))
    })
  }

  /** A form of a page that another window has answered: where the sign-in stands now, with what became of a code. */
  async function declineStale(c: Answering, visit: Visit, id: string, form: Form, declined: Refusal) {
    const flow = await flowOf(visit, id)
    const typed = form.act === 'code' ? (form.code ?? '') : ''
    const awaited = flow && awaitedBy(flow)
    const refusal = await tellPastCode(deps, visit.browser.hash, typed, declined, awaited, c.var.now)
    if (flow === undefined || flow.state.kind === 'signed_in') {
      const signedIn = (await sessionsOf(given, visit)).length > 0
      return refusePage(c, site, refusal, signedIn && <WayToAccounts />)
    }
    return showFlow(given, c, visit, flow, refusal)
  }

  async function flowOf(visit: Visit, id: string): Promise<FlowView | undefined> {
    return uuid.test(id) && !visit.browser.isNew ? findFlow(deps, id, visit.browser.hash) : undefined
  }

  const flowsIn = (visit: Visit): string[] =>
    (visit.cookies.get(cookieName(given.publicUrl, flowCookie)) ?? '')
      .split('.', mostFlows)
      .filter((id) => uuid.test(id))

  /** The sign-ins that this browser left unfinished, the latest first, so that a closed window is no loss. */
  async function pendingFlows(visit: Visit): Promise<Pending[]> {
    const flows = await Promise.all(flowsIn(visit).map((id) => flowOf(visit, id)))
    return flows.flatMap((flow) => {
      if (flow === undefined || !isEntry(flow.state) || flow.state.kind === 'signed_in') return []
      const as = flow.state.kind === 'sign_up' ? flow.state.email : flow.state.username
      return [{ href: pathOf(flow.id, flow.state), as }]
    })
  }

  function goTo(c: Answering, visit: Visit, way: 'signin' | 'signup', id: string): Response {
    keepFlows(c, [id, ...flowsIn(visit)])
    return c.redirect(`/${way}/${id}`, 303)
  }

  const keepFlows = (c: Answering, ids: readonly string[]): void =>
    addCookie(given, c, flowCookie, ids.slice(0, mostFlows).join('.'), ids.length === 0 ? 0 : flowCookieLasts)

  async function finish(c: Answering, visit: Visit, flow: FlowView, form: Form): Promise<Response> {
    if (flow.state.kind !== 'signed_in') throw new Error('The flow has not ended.')
    const { accountId } = flow.state
    const living = await sessionsOf(given, visit)
    const others = living.filter((session) => session.accountId !== accountId)
    if (others.length >= mostAccounts)
      return refusePage(c, site, { code: 'accounts_full', most: mostAccounts }, <WayToAccounts />)
    const opened = await openSession(deps, visit.source, flow.id, flow.state, flow.now)
    if (opened === 'outdated') return refusePage(c, site, { code: 'flow_ended' })
    if (opened === 'too_late') return declineStale(c, visit, flow.id, form, { code: 'flow_ended' })
    removeEndedCookies(given, c, visit, [...living.map((session) => session.handle), opened.handle])
    addSessionCookie(given, c, opened.handle, opened.cookie, opened.kept)
    keepFlows(
      c,
      flowsIn(visit).filter((id) => id !== flow.id),
    )
    addCookie(given, c, 'invitation', '', 0)
    return c.redirect(opened.returnTo ?? `/account/${opened.handle}`, 303)
  }

  const invitationIn = (visit: Visit): string | undefined =>
    visit.cookies.get(cookieName(given.publicUrl, 'invitation'))

  return pages
}
