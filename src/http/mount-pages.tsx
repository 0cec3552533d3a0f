import type { Hono } from 'hono'
import type { Deps } from '../operations/deps.ts'
import { type Looks, openAssets } from './assets/assets.ts'
import { type Exchange, refuseJson } from './exchange/exchange.ts'
import type { News } from './exchange/live-updates.ts'
import { accountPages } from './pages/account/account-routes.tsx'
import { chosenLanguage } from './pages/components/reader-preferences.ts'
import type { Site } from './pages/components/site.ts'
import { docsPages, openApiRoute } from './pages/docs/docs-routes.tsx'
import { type Refuse, refusePage, wantsPage } from './pages/frame/answer-page.tsx'
import { asPage } from './pages/frame/page-headers.ts'
import type { SignInSite } from './pages/frame/pages-context.ts'
import { helpPages } from './pages/help/help-routes.tsx'
import { inboxPages } from './pages/inbox/inbox-routes.tsx'
import { reportPages } from './pages/report/report-routes.tsx'
import { signInPages } from './pages/sign-in/sign-in-routes.tsx'
import { undoPages } from './pages/undo/undo-routes.tsx'

export type PagesDeps = {
  looks: Looks
  site: Omit<Site, 'assets'>
  people: Pick<SignInSite, 'sender' | 'clientAddress'>
  news: News
}

/** All that people see; each group of pages is mounted here and stands behind `asPage`. */
export function openPages(deps: Deps, pages: PagesDeps) {
  const { hrefs, routes: assets } = openAssets(pages.looks)
  const site: Site = { ...pages.site, assets: hrefs }
  const refuse: Refuse = (c, refusal) => {
    if (c.req.path.startsWith('/v1/') || !wantsPage(c)) return refuseJson(c, refusal, site.publicUrl)
    c.set('locale', chosenLanguage(c, site.publicUrl) ?? c.var.locale)
    return refusePage(c, site, refusal)
  }
  return {
    refuse,
    mount(web: Hono<Exchange>): void {
      web.route('/', assets)
      web.route('/', openApiRoute(site))
      web.route('/help', helpPages(site))
      web.route('/docs', docsPages(site))
      web.route(
        '/report',
        reportPages({ ...pages.people, deps, publicUrl: site.publicUrl, site, news: pages.news }),
      )
      if (site.inbox) web.route('/inbox', inboxPages(deps, site, pages.news, refuse))
      for (const path of [
        '/',
        '/signin/*',
        '/signup/*',
        '/account/*',
        '/changes/*',
        '/undo/*',
        '/administrator/*',
        '/.well-known/*',
      ]) {
        web.use(path, asPage(site))
      }
      web.route(
        '/',
        signInPages({ ...pages.people, deps, publicUrl: site.publicUrl, site, news: pages.news }),
      )
      web.route('/', undoPages({ ...pages.people, deps, publicUrl: site.publicUrl, site, news: pages.news }))
      web.route(
        '/',
        accountPages({ ...pages.people, deps, publicUrl: site.publicUrl, site, news: pages.news }),
      )
    },
  }
}
