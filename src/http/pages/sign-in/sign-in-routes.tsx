import { Hono } from 'hono'
import type { Refusal } from '../../../core/refusal.ts'
import { returnPath } from '../../../core/sign-in/return-path.ts'
import { invitationOf } from '../../../operations/administration/invitations.ts'
import { callers } from '../../../operations/flows/callers.ts'
import { answerFlow, type FlowView, findFlow, freshFormId } from '../../../operations/proving/answer-flow.ts'
import { awaitedBy } from '../../../operations/proving/codes.ts'
import { requestPasskey, signInByPasskey } from '../../../operations/sign-in/passkey-sign-in.ts'
import { openSession } from '../../../operations/sign-in/sessions.ts'
import { beginSignIn } from '../../../operations/sign-in/sign-in.ts'
import { beginSignUp } from '../../../operations/sign-in/sign-up.ts'
import { explainPastCode } from '../../../operations/verifications/past-code.ts'
import type { Answering, Exchange } from '../../exchange/exchange.ts'
import { readId, readRevision } from '../../exchange/read-id.ts'
import { cookieName } from '../components/reader-preferences.ts'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import { readBoundForm } from '../frame/bound-form.ts'
import type { PagesContext } from '../frame/pages-context.ts'
import { WayToAccounts } from '../frame/refusal-page.tsx'
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
} from '../frame/visit.ts'
import { flowUpdates } from '../proving/flow-updates.ts'
import { isEntry, pathOf, showEntry } from './entry-page.tsx'
import { HomePage } from './home-page.tsx'
import { type Pending, SignInPage, SignUpPage } from './sign-in-pages.tsx'

/**
 * The cookie that finds unfinished flows again after their windows were closed; it opens nothing by itself. There may be
 * several: somebody on the way into one account signs in to another, where the code for the first has come.
 */
const flowCookie = 'flow'
const mostFlows = 3
const flowCookieLasts = 3600

/** Signing up and in: one address a flow, and the flow says which step it is at. */
export function signInRoutes(given: PagesContext) {
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
        passkey={requestPasskey(deps, visit.requester, c.var.now)}
      />,
    )
  })

  pages.post('/signin', async (c) => {
    const visit = openVisit(given, c)
    const taken = await readBoundForm(given, c, visit, 'begin')
    if (!taken.ok) return taken.answer
    const { form } = taken
    const returnTo = returnPath(form.return_to)
    const request = { requester: visit.requester, now: c.var.now }
    const begun = await beginSignIn(deps, request, form.username ?? '', {
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
        passkey={requestPasskey(deps, visit.requester, c.var.now)}
      />
    )
    return answerFormAgain(c, site, begun.refusal, page)
  })

  pages.post('/signin/passkey', async (c) => {
    const visit = openVisit(given, c)
    const taken = await readBoundForm(given, c, visit, 'begin')
    if (!taken.ok) return taken.answer
    const { form } = taken
    const returnTo = returnPath(form.return_to)
    const { offer = '', credential = '' } = form
    const asked = { offer, credential, keep: form.keep === 'yes', returnTo }
    const signedIn = await signInByPasskey(deps, asked, { requester: visit.requester, now: c.var.now })
    if (signedIn.ok) return finish(c, visit, signedIn.value, form)
    const page = (
      <SignInPage
        form={formTokenOf(given, visit, 'begin')}
        returnTo={returnTo}
        typed={form.username}
        refusal={signedIn.refusal}
        pending={[]}
        passkey={requestPasskey(deps, visit.requester, c.var.now)}
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
    const taken = await readBoundForm(given, c, visit, 'begin')
    if (!taken.ok) return taken.answer
    const { form } = taken
    const returnTo = returnPath(form.return_to)
    const token = invitationIn(visit)
    const invitation = token === undefined ? undefined : invitationOf(token)
    const begun = await beginSignUp(deps, visit.requester, form.email ?? '', {
      formId: readId(form.flow),
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
      if (flow?.state.kind === 'signed_in') return c.redirect('/account', 303)
      if (!isEntry(flow)) return refusePage(c, site, { code: 'flow_ended' })
      return showEntry(given, c, { visit, flow })
    })

    pages.post(path, async (c) => {
      const visit = openVisit(given, c)
      const flowId = readId(c.req.param('id'))
      if (flowId === undefined) return refusePage(c, site, { code: 'flow_ended' })
      const taken = await readBoundForm(given, c, visit, scopeOfFlow(flowId))
      if (!taken.ok) return taken.answer
      const { form } = taken
      const { requester } = visit
      const sent = { flowId, revision: readRevision(form.revision), form, requester }
      const answered = await answerFlow(deps, [callers.sign_in, callers.sign_up], sent)
      if (!answered.ok) return declineStale(c, visit, flowId, form, answered.refusal)
      const { flow, refusal } = answered.value
      if (flow.state.kind === 'signed_in') return finish(c, visit, flow, form)
      if (!isEntry(flow)) return refusePage(c, site, { code: 'flow_ended' })
      if (refusal !== undefined) return showEntry(given, c, { visit, flow, refusal, chosen: form.item })
      return c.redirect(pathOf(flow), 303)
    })
  }

  for (const path of ['/signin/:id/news', '/signup/:id/news'] as const) {
    pages.get(path, async (c) => {
      const visit = openVisit(given, c)
      return flowUpdates(c, given, async () => {
        const flow = await flowOf(visit, c.req.param('id'))
        return isEntry(flow) || flow?.state.kind === 'signed_in' ? flow : undefined
      })
    })
  }

  /** A form of a page that another window has answered: where the sign-in stands now, with what became of a code. */
  async function declineStale(c: Answering, visit: Visit, id: string, form: Form, declined: Refusal) {
    const flow = await flowOf(visit, id)
    const typed = form.act === 'code' ? (form.code ?? '') : ''
    const awaited = flow && awaitedBy(flow)
    const refusal = await explainPastCode(deps, visit.browser.hash, typed, declined, awaited, c.var.now)
    if (isEntry(flow)) return showEntry(given, c, { visit, flow, refusal })
    const signedIn = (await sessionsOf(given, visit)).length > 0
    return refusePage(c, site, refusal, signedIn && <WayToAccounts />)
  }

  async function flowOf(visit: Visit, text: string): Promise<FlowView | undefined> {
    const id = readId(text)
    return id === undefined || visit.browser.isNew ? undefined : findFlow(deps, id, visit.browser.hash)
  }

  const flowsIn = (visit: Visit): string[] =>
    (visit.cookies.get(cookieName(given.publicUrl, flowCookie)) ?? '')
      .split('.', mostFlows)
      .filter((id) => readId(id) !== undefined)

  /** The sign-ins that this browser left unfinished, the latest first, so that a closed window is no loss. */
  async function pendingFlows(visit: Visit): Promise<Pending[]> {
    const flows = await Promise.all(flowsIn(visit).map((id) => flowOf(visit, id)))
    return flows.filter(isEntry).map((flow) => ({
      href: pathOf(flow),
      as: flow.state.kind === 'sign_up' ? flow.state.email : flow.state.username,
    }))
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
    const opened = await openSession(deps, visit.requester, flow.id, flow.state, flow.now)
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
