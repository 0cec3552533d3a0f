import { stepUpLasts } from '../../../core/proving/proof.ts'
import type { Refusal } from '../../../core/refusal.ts'
import { isContact } from '../../../core/security-info/security-info.ts'
import { callers } from '../../../operations/flows/callers.ts'
import { answerFlow, type FlowView, findFlow, freshFormId } from '../../../operations/proving/answer-flow.ts'
import { isOf, type SignedInSession } from '../../../operations/requester.ts'
import {
  beginConfirmation,
  beginContact,
  judgeLoss,
  removeFromSecurityInfo,
} from '../../../operations/security-info/contacts.ts'
import {
  readSecurity,
  type Security,
  type ShownItem,
} from '../../../operations/security-info/read-security.ts'
import type { Answering } from '../../exchange/exchange.ts'
import { readId, readRevision } from '../../exchange/read-id.ts'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import { toSignIn } from '../frame/bound-form.ts'
import type { PagesContext } from '../frame/pages-context.ts'
import { formTokenOf, scopeOfSession, type Visit } from '../frame/visit.ts'
import { provingPage, showFlowPage } from '../proving/flow-page.tsx'
import { flowUpdates } from '../proving/flow-updates.ts'
import type { AccountRoutes, SignedInVisit } from '../session/signed-in-routes.ts'
import { CheckupPage } from './checkup-page.tsx'
import { comingBackTo } from './come-back.ts'
import { AddContactPage, ConfirmContactPage, ItemPage, RemoveItemPage } from './item-pages.tsx'
import { doneWords, SecurityPage } from './security-page.tsx'

/** `/account/{handle}/security`: what proves that an account is its owner's, and every change of it. */
export function securityRoutes(given: PagesContext, routes: AccountRoutes): void {
  const { deps, site } = given
  const home = ({ handle }: SignedInSession) => `/account/${handle}/security`

  routes.get('/account/:handle/security', async ({ c, session }) => {
    const security = await readSecurity(deps, session)
    if (security === undefined) return toSignIn(c)
    const done = doneWords.find((word) => word === c.req.query('done'))
    return answerPage(c, site, <SecurityPage {...{ security, done, ...whose(session, security) }} />)
  })

  routes.get('/account/:handle/security/checkup', async ({ c, session }) => {
    const security = await readSecurity(deps, session)
    if (security === undefined) return toSignIn(c)
    return answerPage(c, site, <CheckupPage {...{ security, ...whose(session, security) }} />)
  })

  routes.get('/account/:handle/security/items/:item', (at) =>
    withItem(at, (item, of) => answerPage(at.c, site, <ItemPage {...{ item, ...of }} />)),
  )

  routes.get('/account/:handle/security/add', async ({ c, session, token }) =>
    answerPage(c, site, await addPage(session, token, comingBackTo(c, session))),
  )

  routes.post('/account/:handle/security/add', async ({ c, visit, session, form, token }) => {
    const returnTo = comingBackTo(c, session)
    const to = returnTo ?? `${home(session)}?done=added`
    const begins = { formId: readId(form.flow), returnTo: to }
    const begun = await beginContact(deps, session, form.contact ?? '', begins, visit.requester)
    if (begun.ok) return c.redirect(`${home(session)}/prove/${begun.value}`, 303)
    const page = await addPage(session, token, returnTo, form.contact, begun.refusal)
    return answerFormAgain(c, site, begun.refusal, page)
  })

  routes.get('/account/:handle/security/items/:item/confirm', (at) =>
    withItem(at, (item, of) => {
      const { c, session, token: form } = at
      const isFresh = item.provenAt !== undefined && session.now < item.provenAt + stepUpLasts
      if (isFresh) return c.redirect(`${home(session)}?done=confirmed`, 303)
      return answerPage(c, site, <ConfirmContactPage {...{ item, form, flow: freshFormId(), ...of }} />)
    }),
  )

  routes.post('/account/:handle/security/items/:item/confirm', (at) =>
    withItem(at, async (item, of) => {
      const { c, visit, session, token: form } = at
      const begins = { formId: readId(at.form.flow), returnTo: `${home(session)}?done=confirmed` }
      const begun = await beginConfirmation(deps, session, item.id, begins, visit.requester)
      if (begun.ok) return c.redirect(`${home(session)}/prove/${begun.value}`, 303)
      const { refusal } = begun
      const page = <ConfirmContactPage {...{ item, form, flow: freshFormId(), refusal, ...of }} />
      return answerFormAgain(c, site, refusal, page)
    }),
  )

  routes.get('/account/:handle/security/items/:item/remove', (at) =>
    withItem(at, async (item, of, security) =>
      answerPage(at.c, site, await removePage(at, item, of, security, undefined)),
    ),
  )

  routes.post('/account/:handle/security/items/:item/remove', (at) =>
    withItem(at, async (item, of, security) => {
      const { c, visit, session, form } = at
      const isLost = form.lost === 'yes'
      const removed = await removeFromSecurityInfo(
        deps,
        session,
        item.id,
        isLost,
        visit.requester,
        session.now,
      )
      if (removed.ok) return c.redirect(`${home(session)}?done=removed`, 303)
      return answerFormAgain(
        c,
        site,
        removed.refusal,
        await removePage(at, item, of, security, removed.refusal),
      )
    }),
  )

  routes.get('/account/:handle/security/prove/:id', async ({ c, visit, session }) => {
    const flow = await flowOf(visit, c.req.param('id'), session)
    if (flow?.state.kind === 'contact_proved') return c.redirect(flow.state.returnTo, 303)
    return showWaiting(c, { visit, session, flow })
  })

  routes.post('/account/:handle/security/prove/:id', async ({ c, visit, session, form }) => {
    const before = await flowOf(visit, c.req.param('id'), session)
    if (before === undefined) return refusePage(c, site, { code: 'flow_ended' })
    const { id: flowId } = before
    const sent = { flowId, revision: readRevision(form.revision), form, requester: visit.requester, session }
    const answered = await answerFlow(deps, [callers.prove_contact], sent)
    if (!answered.ok) return refusePage(c, site, answered.refusal)
    const { flow, refusal } = answered.value
    if (flow.state.kind === 'contact_proved') return c.redirect(flow.state.returnTo, 303)
    if (refusal !== undefined) return showWaiting(c, { visit, session, flow, refusal })
    return c.redirect(`${home(session)}/prove/${flowId}`, 303)
  })

  routes.get('/account/:handle/security/prove/:id/news', ({ c, visit, session }) =>
    flowUpdates(c, given, () => flowOf(visit, c.req.param('id'), session)),
  )

  /** An item of this account; for any other there is no page. */
  async function withItem(
    { c, session }: SignedInVisit,
    show: (item: ShownItem, of: Of, security: Security) => Response | Promise<Response>,
  ): Promise<Response> {
    const security = await readSecurity(deps, session)
    const item = security?.items.find(({ id }) => id === c.req.param('item'))
    if (security === undefined || item === undefined) return refusePage(c, site, { code: 'route_unknown' })
    return show(item, whose(session, security), security)
  }

  async function addPage(
    session: SignedInSession,
    form: string,
    returnTo: string | undefined,
    typed?: string,
    refusal?: Refusal,
  ) {
    const security = await readSecurity(deps, session)
    const phones = deps.channels.has('sms') && deps.policy.phones.countries.length > 0
    const of = whose(session, security)
    const flow = freshFormId()
    return <AddContactPage {...{ form, flow, returnTo, typed, refusal, phones, ...of }} />
  }

  async function removePage(
    { session, token: form }: SignedInVisit,
    item: ShownItem,
    of: Of,
    security: Security,
    refusal: Refusal | undefined,
  ) {
    const isName = isContact(item) && security.names.some(({ name }) => name === item.address)
    const loss = await judgeLoss(deps, session, item.id)
    const { settled } = security
    return <RemoveItemPage {...{ item, form, refusal, isName, loss, settled, ...of }} />
  }

  /** A living flow of this browser and this session that proves a contact. */
  async function flowOf(
    visit: Visit,
    text: string | undefined,
    session: SignedInSession,
  ): Promise<FlowView | undefined> {
    const id = readId(text)
    const flow = id === undefined ? undefined : await findFlow(deps, id, visit.browser.hash)
    const { state } = flow ?? {}
    const isProving = state?.kind === 'prove_contact' || state?.kind === 'contact_proved'
    return isProving && isOf(state, session) ? flow : undefined
  }

  type Waiting = {
    visit: Visit
    session: SignedInSession
    flow: FlowView | undefined
    refusal?: Refusal | undefined
  }

  async function showWaiting(c: Answering, { visit, session, flow, refusal }: Waiting): Promise<Response> {
    if (flow?.state.kind !== 'prove_contact') return refusePage(c, site, { code: 'flow_ended' })
    const { state } = flow
    const hidden = {
      form: formTokenOf(given, visit, scopeOfSession(session)),
      revision: String(flow.revision),
    }
    const page = await provingPage(
      given,
      c,
      { ...flow, state },
      {
        here: `${home(session)}/prove/${flow.id}`,
        hidden,
        refusal,
        to: state.contact.address,
        account: whose(session, await readSecurity(deps, session)).name,
      },
    )
    return showFlowPage(c, given, page, refusal)
  }
}

type Of = { handle: string; name: string }

const whose = ({ handle }: SignedInSession, security: Security | undefined): Of => ({
  handle,
  name: security?.names[0]?.name ?? '',
})
