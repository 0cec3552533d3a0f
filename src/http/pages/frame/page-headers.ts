import type { Context, MiddlewareHandler } from 'hono'
import { isLoopbackHost } from '../../../config/loopback.ts'
import type { Answering, Exchange } from '../../exchange/exchange.ts'
import { languageOf } from '../../exchange/exchange.ts'
import { canonicalHost, isOfOrigin } from '../../host.ts'
import { chosenLanguage, keepLanguage } from '../components/reader-preferences.ts'
import { pathWithin, type Site } from '../components/site.ts'
import { refusePage } from './answer-page.tsx'

/**
 * Stands before every route that shows pages: is it reached under its own name, did the form come from our own page,
 * and which language was chosen. Refusals: `host_unknown`, `origin_refused`.
 */
export function pageHeaders(site: Site): MiddlewareHandler<Exchange> {
  const { host, protocol } = new URL(site.publicUrl)
  const own = canonicalHost(host, protocol)
  return async (c, next) => {
    const answering = c as Answering
    c.set('locale', chosenLanguage(c, site.publicUrl) ?? c.var.locale)
    const elsewhere = canonicalHost(c.req.header('host'), protocol) !== own
    const reads = c.req.method === 'GET' || c.req.method === 'HEAD'
    if (elsewhere) {
      if (reads && isOtherLoopbackName(c.req.header('host'), host)) {
        const { pathname, search } = new URL(c.req.url)
        return c.redirect(site.publicUrl + pathname + search, 307)
      }
      return refusePage(answering, site, { code: 'host_unknown' })
    }
    if (!reads && !isFromHere(c, site.publicUrl))
      return refusePage(answering, site, { code: 'origin_refused' })
    const chosen = languageOf(c.req.query('language') ?? '')
    if (reads && chosen !== undefined) {
      keepLanguage(c, site.publicUrl, chosen)
      return c.redirect(withoutLanguage(c.req.url), 303)
    }
    return next()
  }
}

/**
 * The browser's own word on where a form was sent from: OWASP's fetch metadata check, with Origin as its fallback, and
 * Referer for text browsers that send neither. A form token is asked for besides. Where a proxy adds a Referrer-Policy of
 * `no-referrer` browsers send `Origin: null` with our own forms, and the first is all that they say.
 */
function isFromHere(c: Context, publicUrl: string): boolean {
  const fetchSite = c.req.header('sec-fetch-site')
  const origin = c.req.header('origin')
  if (fetchSite !== undefined)
    return (
      fetchSite === 'same-origin' &&
      (origin === undefined || origin === 'null' || isOfOrigin(origin, publicUrl))
    )
  if (origin !== undefined) return isOfOrigin(origin, publicUrl)
  const referer = c.req.header('referer')
  return referer !== undefined && isOfOrigin(referer, publicUrl)
}

/** 127.0.0.1:3000 where PUBLIC_URL is localhost:3000: the same service, but cookies and passkeys belong to one name. */
function isOtherLoopbackName(asked: string | undefined, own: string): boolean {
  if (asked === undefined || !URL.canParse(`http://${asked}`)) return false
  const url = new URL(`http://${asked}`)
  return isLoopbackHost(url.hostname) && isLoopbackHost(new URL(`http://${own}`).hostname)
}

function withoutLanguage(address: string): string {
  const url = new URL(address)
  url.searchParams.delete('language')
  return pathWithin(url)
}
