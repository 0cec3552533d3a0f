import type { Child } from 'hono/jsx'
import type { Refusal } from '../../../core/refusal.ts'
import { type Answering, noteRefusal } from '../../exchange/exchange.ts'
import { refusalShapes } from '../../exchange/refusals.ts'
import { type Reader, ReaderContext } from '../components/reader.tsx'
import { timeZoneOf } from '../components/reader-preferences.ts'
import { pathWithin, type Site } from '../components/site.ts'
import { RefusalPage } from './refusal-page.tsx'

type PageStatus = 200 | (typeof refusalShapes)[Refusal['code']]['status']

/** Nothing but our own style, script and pictures; a script may put markup into the page only by our one policy. */
const pagePolicy = [
  "default-src 'none'",
  "img-src 'self' data:",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types countersign',
].join('; ')

/** What only our own pages may ask the browser for, and what nobody may. */
const permissions = [
  'publickey-credentials-get=(self)',
  'publickey-credentials-create=(self)',
  'otp-credentials=(self)',
  'camera=()',
  'microphone=()',
  'geolocation=()',
].join(', ')

/** Sends a page, in the reader's language. */
export function answerPage(c: Answering, site: Site, page: Child, status: PageStatus = 200): Response {
  c.header('Content-Security-Policy', pagePolicy)
  c.header('Permissions-Policy', permissions)
  c.header('Vary', 'Accept, Accept-Language, Cookie')
  c.header('Content-Language', c.var.locale)
  const markup = String(<ReaderContext.Provider value={readerOf(c, site)}>{page}</ReaderContext.Provider>)
  return c.html(`<!doctype html>${markup}`, status)
}

/** Sends a form again, with what was wrong: the refusal's status, its header, and the page that marks the field. */
export function answerFormAgain(c: Answering, site: Site, refusal: Refusal, page: Child): Response {
  noteRefusal(c, refusal)
  return answerPage(c, site, page, refusalShapes[refusal.code].status)
}

/** A whole page that says why nothing else is shown, and what to do. */
export const refusePage = (c: Answering, site: Site, refusal: Refusal, nearest?: Child): Response =>
  answerFormAgain(c, site, refusal, <RefusalPage refusal={refusal} nearest={nearest} />)

/** Pages of an account, and of a flow that leads into one. */
const personal = /^\/(account|changes|undo|report|signup\/.|signin\/(?!passkey))/

function readerOf(c: Answering, site: Site): Reader {
  const here = pathWithin(new URL(c.req.url))
  return {
    site,
    locale: c.var.locale,
    timeZone: timeZoneOf(c, site.publicUrl),
    now: c.var.now,
    requestId: c.var.requestId,
    here,
    personal: personal.test(here),
  }
}

/** Whether the client would rather have a page than JSON. A client that names no type, such as curl, has JSON. */
export function wantsPage(c: Answering): boolean {
  const accept = c.req.header('accept') ?? ''
  const html = accept.search(/text\/html|application\/xhtml\+xml/i)
  const json = accept.search(/application\/(problem\+)?json/i)
  return html >= 0 && (json < 0 || html < json)
}

/** Answers with a refusal: as a page for people, as a problem document for programs. */
export type Refuse = (c: Answering, refusal: Refusal) => Response
