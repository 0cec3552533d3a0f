import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Refusal } from '../core/refusal.ts'
import { ClockSetBack } from '../operations/clock.ts'
import type { Deps } from '../operations/deps.ts'
import { type Authenticate, verificationApi } from './api/verifications.ts'
import { type Exchange, preferredLocale, setDefaultHeaders } from './exchange.ts'
import { openHealth } from './health.ts'
import type { Observed } from './observe.ts'
import { openPages, type PagesDeps } from './pages/pages.tsx'

export type AppDeps = {
  deps: Deps
  authenticate: Authenticate
  publicUrl: string
  clock: () => number
  newRequestId: () => string
  isUnavailable: (fault: unknown) => boolean
  observe: (seen: Observed) => void
  onFault: (fault: unknown, about: string) => void
  health: Parameters<typeof openHealth>[0]
  pages: PagesDeps
}

/** Every answer carries these; pages add their own Content-Security-Policy. */
const defaultHeaders = (publicUrl: string): Record<string, string> => ({
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  ...(publicUrl.startsWith('https:') && {
    'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
  }),
})

/** The whole of HTTP: the API, and what stands around it. */
export function buildApp(app: AppDeps) {
  const { publicUrl } = app
  const web = new Hono<Exchange>()
  const headers = defaultHeaders(publicUrl)

  web.use(async (c, next) => {
    const startedAt = performance.now()
    c.set('requestId', app.newRequestId())
    c.set('now', app.clock())
    c.set('locale', preferredLocale(c.req.header('accept-language')))
    c.set('defaultHeaders', headers)
    await next()
    app.observe({
      method: c.req.method,
      route: c.req.routePath,
      status: c.res.status,
      milliseconds: performance.now() - startedAt,
      requestId: c.get('requestId'),
      refusal: c.get('refused')?.code,
    })
  })

  web.route('/v1/verifications', verificationApi(app.deps, app.authenticate, publicUrl))

  web.use((c, next) => {
    setDefaultHeaders(c)
    return next()
  })
  web.route('/', openHealth(app.health))

  const pages = openPages(app.deps, app.pages)
  pages.mount(web)

  web.notFound((c) => pages.refuse(c, missing(web, c.req.path, c.req.method)))
  web.onError((fault, c) => {
    if (fault instanceof HTTPException) return fault.getResponse()
    if (fault instanceof ClockSetBack) app.onFault(fault, `Request ${c.var.requestId}`)
    if (app.isUnavailable(fault)) return pages.refuse(c, { code: 'unavailable', retryAt: c.var.now + 1000 })
    app.onFault(fault, `Request ${c.var.requestId}`)
    return pages.refuse(c, { code: 'internal' })
  })
  return web
}

/** An address that takes other methods says which; any other is unknown. */
function missing(web: Hono<Exchange>, path: string, method: string): Refusal {
  const allow = ['GET', 'POST'].filter(
    (other) =>
      other !== method && web.router.match(other, path)[0].some(([[, route]]) => !route.path.endsWith('*')),
  )
  if (allow.length === 0) return { code: 'route_unknown' }
  return {
    code: 'method_unknown',
    allow: allow.includes('GET') ? ['GET', 'HEAD', ...allow.filter((m) => m !== 'GET')] : allow,
  }
}
