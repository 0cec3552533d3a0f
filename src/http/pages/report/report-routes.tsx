import { Hono } from 'hono'
import { refuse } from '../../../core/refusal.ts'
import { isForAccount, reportMessage } from '../../../operations/activity/report-message.ts'
import type { SignedInSession } from '../../../operations/requester.ts'
import type { Answering, Exchange } from '../../exchange/exchange.ts'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import { pageHeaders } from '../frame/page-headers.ts'
import type { PagesContext } from '../frame/pages-context.ts'
import {
  formTokenOf,
  isFormOf,
  openVisit,
  readFields,
  scopeOfLink,
  scopeOfSession,
  sessionOf,
  sessionsOf,
  type Visit,
} from '../frame/visit.ts'
import { OwnReportPage, ReportedPage, ReportPage } from './report-page.tsx'

/**
 * `/report/{token}`: opening it changes nothing and tells nothing, not even whether there is such a message. Where the
 * account it was for is signed in, a button is enough; anybody else types the reference.
 */
export function reportRoutes(given: PagesContext) {
  const { deps, site } = given
  const report = new Hono<Exchange>()
  report.use(pageHeaders(site))

  report.get('/:token', async (c) => {
    const answering = c as Answering
    const visit = openVisit(given, answering)
    const owner = await ownerOf(visit, c.req.param('token'))
    if (owner === undefined)
      return answerPage(answering, site, <ReportPage form={linkToken(answering, visit)} />)
    const form = formTokenOf(given, visit, scopeOfSession(owner))
    return answerPage(answering, site, <OwnReportPage here={c.req.path} handle={owner.handle} form={form} />)
  })

  report.post('/:token', async (c) => {
    const answering = c as Answering
    const visit = openVisit(given, answering)
    const read = await readFields(answering)
    if (!read.ok) return refusePage(answering, site, read.refusal)
    const form = read.value
    const token = c.req.param('token')
    const { now } = answering.var
    if (form.handle !== undefined) {
      const session = await sessionOf(given, visit, form.handle)
      if (session === undefined || !isFormOf(given, visit, scopeOfSession(session), form)) {
        return refusePage(answering, site, { code: 'form_stale' })
      }
      const { accountId, handle } = session
      const reported = await reportMessage(deps, token, { accountIds: [accountId] }, visit.requester, now)
      if (!reported.ok) return refusePage(answering, site, reported.refusal)
      return answerPage(answering, site, <ReportedPage outcome={reported.value} handle={handle} />)
    }
    if (!isFormOf(given, visit, scopeOfLink(token), form)) {
      return refusePage(answering, site, { code: 'form_stale' })
    }
    const typed = form.reference ?? ''
    const reported =
      typed.length > 64
        ? refuse({ code: 'reference_wrong' })
        : await reportMessage(deps, token, { reference: typed }, visit.requester, now)
    if (reported.ok) return answerPage(answering, site, <ReportedPage outcome={reported.value} />)
    const { refusal } = reported
    const page = <ReportPage form={linkToken(answering, visit)} typed={typed} refusal={refusal} />
    return answerFormAgain(answering, site, refusal, page)
  })

  const linkToken = (c: Answering, visit: Visit): string =>
    formTokenOf(given, visit, scopeOfLink(c.req.param('token') ?? ''))

  /** The session in this browser, of several, whose account the message was for. */
  async function ownerOf(visit: Visit, token: string): Promise<SignedInSession | undefined> {
    for (const session of await sessionsOf(given, visit)) {
      if (await isForAccount(deps, token, [session.accountId])) return session
    }
    return undefined
  }

  return report
}
