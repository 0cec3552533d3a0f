import { Hono } from 'hono'
import { describeApi } from '../../api/openapi.ts'
import type { Answering, Exchange } from '../../exchange/exchange.ts'
import type { Site } from '../components/site.ts'
import { answerPage } from '../frame/answer-page.tsx'
import { pageHeaders } from '../frame/page-headers.ts'
import { ComponentsPage } from './components-page.tsx'
import { DocsPage } from './docs-page.tsx'

/** `/docs`: the API's reference, made from the same description that programs read at `/openapi.json`. */
export function docsRoutes(site: Site) {
  const docs = new Hono<Exchange>()
  const api = describeApi(site.publicUrl)
  docs.use(pageHeaders(site))
  docs.get('/', (c) => answerPage(c as Answering, site, <DocsPage api={api} />))
  if (site.inbox) docs.get('/components', (c) => answerPage(c as Answering, site, <ComponentsPage />))
  return docs
}

/** The description itself. It holds no secret, so pages of other origins may read it too. */
export function openApiRoute(site: Site) {
  const route = new Hono<Exchange>()
  const text = JSON.stringify(describeApi(site.publicUrl), undefined, 2)
  route.get('/openapi.json', (c) => {
    c.header('Content-Type', 'application/json')
    c.header('Cache-Control', 'public, max-age=300')
    c.header('Cross-Origin-Resource-Policy', 'cross-origin')
    c.header('Access-Control-Allow-Origin', '*')
    return c.body(text)
  })
  return route
}
