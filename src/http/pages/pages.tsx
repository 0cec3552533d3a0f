import type { Hono } from 'hono'
import type { Refusal } from '../../core/refusal.ts'
import type { Deps } from '../../operations/deps.ts'
import { type Looks, openAssets } from '../assets.ts'
import { type Answering, type Exchange, refuseJson } from '../exchange.ts'

<<<<<<< HEAD

import { accountPages } from './account/routes.tsx'
import { answerPage, refusePage, wantsPage } from './answer-page.tsx'
import { asPage } from './as-page.ts'
import { ComponentsPage } from './components-page.tsx'
import { chosenLanguage } from './reader-preferences.ts'
import { signInPages } from './signin/routes.tsx'
import type { SignInSite } from './signin/site.ts'

=======

import type { News } from '../stream.ts'
import { refusePage, wantsPage } from './answer-page.tsx'
import { docsPages, openApiRoute } from './docs/docs.tsx'
import { helpPages } from './help/help.tsx'
import { inboxPages } from './inbox/inbox.tsx'
import { chosenLanguage } from './reader-preferences.ts'
import { reportPages } from './report/report.tsx'

>>>>>>> main

import type { Site } from './site.ts'

export type PagesDeps = {
  looks: Looks
  site: Omit<Site, 'assets'>
<<<<<<< HEAD
  people: Omit<SignInSite, 'site'>
=======
  news: News
>>>>>>> main
}

/** Answers with a refusal: as a page for people, as a problem document for programs. */
export type Refuse = (c: Answering, refusal: Refusal) => Response

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
<<<<<<< HEAD
      web.use('/docs/*', asPage(site))
      for (const path of ['/', '/signin/*', '/signup/*', '/account/*', '/administrator/*', '/.well-known/*']) {
        web.use(path, asPage(site))
      }
      web.route('/', signInPages({ ...pages.people, site }))
      web.route('/', accountPages({ ...pages.people, site }))
      if (site.inbox) web.get('/docs/components', (c) => answerPage(c, site, <ComponentsPage />))
    },
    /** A refusal that no route has answered: as a page for people, as a problem document for programs. */
    refuse(c: Answering, refusal: Refusal): Response {
      if (c.req.path.startsWith('/v1/') || !wantsPage(c)) return refuseJson(c, refusal, site.publicUrl)
      c.set('locale', chosenLanguage(c, site.publicUrl) ?? c.var.locale)
      return refusePage(c, site, refusal)
=======
      web.route('/', openApiRoute(site))
      web.route('/help', helpPages(site))
      web.route('/docs', docsPages(site))
      web.route('/report', reportPages(deps, site))
      if (site.inbox) web.route('/inbox', inboxPages(deps, site, pages.news, refuse))
>>>>>>> main
    },
  }
}
