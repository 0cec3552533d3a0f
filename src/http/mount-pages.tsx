import type { Hono } from 'hono'
import type { Deps } from '../operations/deps.ts'
import { type Looks, openAssets } from './assets/assets.ts'
import { type Exchange, languageOf, refuseJson } from './exchange/exchange.ts'
import type { LiveUpdates } from './exchange/live-updates.ts'
import { accountRoutesOf } from './pages/account/account-routes.tsx'
import { chosenLanguage } from './pages/components/reader-preferences.ts'
import type { Site } from './pages/components/site.ts'
import { docsRoutes, openApiRoute } from './pages/docs/docs-routes.tsx'
import { type Refuse, refusePage, wantsPage } from './pages/frame/answer-page.tsx'
import { pageHeaders } from './pages/frame/page-headers.ts'
import type { PagesContext } from './pages/frame/pages-context.ts'
import { helpRoutes } from './pages/help/help-routes.tsx'
import { inboxRoutes } from './pages/inbox/inbox-routes.tsx'
import { reportRoutes } from './pages/report/report-routes.tsx'
import { signInRoutes } from './pages/sign-in/sign-in-routes.tsx'
import { undoRoutes } from './pages/undo/undo-routes.tsx'

export type PagesDeps = {
  looks: Looks
  site: Omit<Site, 'assets'>
  people: Pick<PagesContext, 'sender' | 'clientAddress'>
  news: LiveUpdates
}

/** All that people see; each group of pages is mounted here and stands behind `pageHeaders`. */
export function openPages(deps: Deps, pages: PagesDeps) {
  const { hrefs, routes: assets } = openAssets(pages.looks)
  const site: Site = { ...pages.site, assets: hrefs }
  const refuse: Refuse = (c, refusal) => {
    if (c.req.path.startsWith('/v1/') || !wantsPage(c)) return refuseJson(c, refusal, site.publicUrl)
    const asked = languageOf(c.req.query('language') ?? '')
    c.set('locale', asked ?? chosenLanguage(c, site.publicUrl) ?? c.var.locale)
    return refusePage(c, site, refusal)
  }
  return {
    refuse,
    mount(web: Hono<Exchange>): void {
      const context: PagesContext = {
        ...pages.people,
        deps,
        publicUrl: site.publicUrl,
        site,
        news: pages.news,
      }
      web.route('/', assets)
      web.route('/', openApiRoute(site))
      web.route('/help', helpRoutes(context))
      web.route('/docs', docsRoutes(site))
      web.route('/report', reportRoutes(context))
      if (site.inbox) web.route('/inbox', inboxRoutes(deps, site, pages.news, refuse))
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
        web.use(path, pageHeaders(site))
      }
      web.route('/', signInRoutes(context))
      web.route('/', undoRoutes(context))
      web.route('/', accountRoutesOf(context))
    },
  }
}
