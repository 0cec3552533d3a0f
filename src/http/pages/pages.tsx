import type { Hono } from 'hono'
import type { Refusal } from '../../core/refusal.ts'
import { type Looks, openAssets } from '../assets.ts'
import { type Answering, type Exchange, refuseJson } from '../exchange.ts'
import { answerPage, refusePage, wantsPage } from './answer-page.tsx'
import { accountPages } from './account/routes.tsx'
import { asPage } from './as-page.ts'
import { ComponentsPage } from './components-page.tsx'
import { chosenLanguage } from './reader-preferences.ts'
import { signInPages } from './signin/routes.tsx'
import type { SignInSite } from './signin/site.ts'
import type { Site } from './site.ts'

export type PagesDeps = {
  looks: Looks
  site: Omit<Site, 'assets'>
  people: Omit<SignInSite, 'site'>
}

export type Pages = ReturnType<typeof openPages>

/** All that people see; each group of pages is mounted here, under `asPage`. */
export function openPages(pages: PagesDeps) {
  const { hrefs, routes: assets } = openAssets(pages.looks)
  const site: Site = { ...pages.site, assets: hrefs }
  return {
    site,
    mount(web: Hono<Exchange>): void {
      web.route('/', assets)
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
    },
  }
}
