import type { Hono } from 'hono'
import type { Refusal } from '../../core/refusal.ts'
import type { Deps } from '../../operations/deps.ts'
import { type Looks, openAssets } from '../assets.ts'
import { type Answering, type Exchange, languageOf, refuseJson } from '../exchange.ts'
import type { News } from '../stream.ts'
import { accountPages } from './account/routes.tsx'
import { refusePage, wantsPage } from './answer-page.tsx'
import { asPage } from './as-page.ts'
import { docsPages, openApiRoute } from './docs/docs.tsx'
import { helpPages } from './help/help.tsx'
import { inboxPages } from './inbox/inbox.tsx'
import { chosenLanguage } from './reader-preferences.ts'
import { reportPages } from './report/report.tsx'
import { signInPages } from './sign-in/sign-in-routes.tsx'
import type { SignInSite } from './sign-in/site.ts'

import type { Site } from './site.ts'
import { undoPages } from './undo/undo-routes.tsx'

export type PagesDeps = {
  looks: Looks
  site: Omit<Site, 'assets'>
  people: Pick<SignInSite, 'sender' | 'clientAddress'>
  news: News
}

/** Answers with a refusal: as a page for people, as a problem document for programs. */
export type Refuse = (c: Answering, refusal: Refusal) => Response

/** All that people see; each group of pages is mounted here and stands behind `asPage`. */
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
      const people = { ...pages.people, deps, publicUrl: site.publicUrl, site, news: pages.news }
      web.route('/', assets)
      web.route('/', openApiRoute(site))
      web.route('/help', helpPages(people))
      web.route('/docs', docsPages(site))
      web.route('/report', reportPages(people))
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
      web.route('/', signInPages(people))
      web.route('/', undoPages(people))
      web.route('/', accountPages(people))
    },
  }
}
