import {
  endOneSession,
  endOthers,
  signedInBrowsers,
  signOutEverywhere,
} from '../../../operations/activity/signed-in-browsers.ts'
import { accountName } from '../../../operations/sign-in/sessions.ts'
import { answerPage, refusePage } from '../frame/answer-page.tsx'
import type { PagesContext } from '../frame/pages-context.ts'
import { leaveBrowser } from '../frame/visit.ts'
import type { AccountRoutes } from '../session/signed-in-routes.ts'
import { SessionsPage, SignedOutPage } from './sessions-page.tsx'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Where an account is signed in, and signing out of any of it. */
export function sessionsRoutes(given: PagesContext, routes: AccountRoutes): void {
  const { deps, site } = given

  routes.get('/account/:handle/sessions', async ({ c, session, token }) => {
    const done = c.req.query('done')
    return answerPage(
      c,
      site,
      <SessionsPage
        name={await accountName(deps, session.accountId)}
        home={`/account/${session.handle}`}
        form={token}
        browsers={await signedInBrowsers(deps, session, c.var.locale)}
        done={done === 'ended' || done === 'endedOthers' ? done : undefined}
      />,
    )
  })

  routes.post('/account/:handle/sessions', async ({ c, session, visit, form }) => {
    const here = `/account/${session.handle}/sessions`
    const { now } = c.var
    if (form.act === 'one' && uuid.test(form.session ?? '')) {
      await endOneSession(deps, session, form.session ?? '', visit.requester, now)
      return c.redirect(`${here}?done=ended`, 303)
    }
    if (form.act === 'others') {
      await endOthers(deps, session, visit.requester, now)
      return c.redirect(`${here}?done=endedOthers`, 303)
    }
    if (form.act !== 'everywhere') return refusePage(c, site, { code: 'form_stale' })
    const name = await accountName(deps, session.accountId)
    await signOutEverywhere(deps, session, visit.requester, now)
    leaveBrowser(given, c, session.handle)
    return answerPage(c, site, <SignedOutPage name={name} />)
  })
}
