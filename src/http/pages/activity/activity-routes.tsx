import type { ActivityFilter } from '../../../core/activity/activity.ts'
import { activityAsCsv, activityAsJson } from '../../../operations/activity/export-activity.ts'
import { readSecurePath, sayNotMe } from '../../../operations/activity/not-me.ts'
import {
  type ActivityLine,
  readActivityLine,
  readActivityPage,
} from '../../../operations/activity/read-activity.ts'
import { readSecurity } from '../../../operations/security-info/read-security.ts'
import { accountName } from '../../../operations/sign-in/sessions.ts'
import type { Answering } from '../../exchange/exchange.ts'
import { answerPage, refusePage } from '../frame/answer-page.tsx'
import type { PagesContext } from '../frame/pages-context.ts'
import type { AccountRoutes, SignedInVisit } from '../session/signed-in-routes.ts'
import { ActivityPage, NotMePage } from './activity-page.tsx'
import { SecurePage } from './secure-page.tsx'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const isFilter = (text: string | undefined): text is ActivityFilter =>
  text === 'sign_ins' || text === 'codes' || text === 'changes'

/** What happened to an account, "this wasn't me", and the path that follows it. */
export function activityRoutes({ deps, site }: PagesContext, routes: AccountRoutes): void {
  routes.get('/account/:handle/activity', async ({ c, session, visit }) => {
    const asked = c.req.query('filter')
    const filter = isFilter(asked) ? asked : undefined
    const cursor = c.req.query('before')
    const before = cursor !== undefined && uuid.test(cursor) ? cursor : undefined
    const wanted = { filter, before, locale: c.var.locale }
    const page = await readActivityPage(deps, session.accountId, wanted, visit.browser.hash)
    return answerPage(
      c,
      site,
      <ActivityPage
        name={await accountName(deps, session.accountId)}
        home={`/account/${session.handle}`}
        page={page}
        filter={filter}
        isLater={before !== undefined}
      />,
    )
  })

  routes.get('/account/:handle/activity.csv', ({ c, session }) =>
    download(
      c,
      'activity.csv',
      'text/csv; charset=utf-8; header=present',
      activityAsCsv(deps, session.accountId),
    ),
  )

  routes.get('/account/:handle/activity.json', ({ c, session }) =>
    download(c, 'activity.json', 'application/json', activityAsJson(deps, session.accountId)),
  )

  routes.get('/account/:handle/activity/:id/not-me', async (at) => {
    const line = await lineOf(at)
    const { c, session, token } = at
    if (line === undefined) return refusePage(c, site, { code: 'route_unknown' })
    return answerPage(
      c,
      site,
      <NotMePage
        name={await accountName(deps, session.accountId)}
        home={`/account/${session.handle}`}
        form={token}
        line={line}
      />,
    )
  })

  routes.post('/account/:handle/activity/:id/not-me', async (at) => {
    const line = await lineOf(at)
    const { c, session, visit } = at
    if (line === undefined) return refusePage(c, site, { code: 'route_unknown' })
    await sayNotMe(deps, session, line.newest, visit.requester, c.var.now)
    return c.redirect(`/account/${session.handle}/secure`, 303)
  })

  routes.get('/account/:handle/secure', async ({ c, session }) => {
    const home = `/account/${session.handle}`
    const path = await readSecurePath(deps, session.accountId)
    if (path === undefined) return c.redirect(`${home}/activity`, 303)
    const security = await readSecurity(deps, session)
    const name = security?.names[0]?.name ?? ''
    return answerPage(c, site, <SecurePage {...{ name, home, path }} changes={security?.changes ?? []} />)
  })

  async function lineOf({ c, session, visit }: SignedInVisit): Promise<ActivityLine | undefined> {
    const id = c.req.param('id') ?? ''
    if (!uuid.test(id)) return undefined
    return readActivityLine(deps, session.accountId, id, c.var.locale, visit.browser.hash)
  }
}

/** A file that the browser keeps, sent while it is made: however much it is, little of it is held here. */
function download(c: Answering, name: string, type: string, parts: AsyncGenerator<string>): Response {
  c.header('Content-Type', type)
  c.header('Content-Disposition', `attachment; filename="${name}"`)
  c.header('Content-Security-Policy', "default-src 'none'; sandbox")
  return c.body(ReadableStream.from(parts).pipeThrough(new TextEncoderStream()))
}
