import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import { accept, type Result } from '../../../core/refusal.ts'
import { type Browser, browserOf, csrfToken, isCsrfToken } from '../../../operations/browser.ts'
import type { Deps } from '../../../operations/deps.ts'
import type { Requester, SignedInSession } from '../../../operations/requester.ts'
import { readSession, secretHashOf } from '../../../operations/sign-in/sessions.ts'
import { cookieLine, readCookies } from '../../exchange/cookies.ts'
import type { Answering } from '../../exchange/exchange.ts'
import { readForm } from '../../exchange/read-form.ts'
import { cookieName, timeZoneOf } from '../components/reader-preferences.ts'

/** Browsers keep a cookie for 400 days at most (RFC 6265bis). */
const browserCookieLasts = 400 * 24 * 3600
const sessionCookieLasts = 90 * 24 * 3600
/** How many accounts may be signed in side by side in one browser. */
export const mostAccounts = 10

/** One person's request: their browser, what it is signed in to, and where it comes from. */
export type Visit = {
  browser: Browser
  requester: Requester
  cookies: ReadonlyMap<string, string>
}

export type VisitDeps = {
  deps: Deps
  publicUrl: string
  clientAddress: (peer: string | undefined, forwardedFor: string | undefined) => string
}

/** Recognises the browser, or makes it one: every page that begins something needs to know it again. */
export function openVisit(given: VisitDeps, c: Answering): Visit {
  const cookies = readCookies(c.req.header('cookie'))
  const name = cookieName(given.publicUrl, 'browser')
  const browser = browserOf(cookies.get(name))
  if (browser.isNew) addCookie(given, c, 'browser', browser.token, browserCookieLasts)
  const ip = given.clientAddress(peerOf(c), c.req.header('x-forwarded-for'))
  return {
    browser,
    cookies,
    requester: {
      browser: browser.hash,
      ip,
      userAgent: c.req.header('user-agent'),
      timeZone: timeZoneOf(c, given.publicUrl),
      locale: c.var.locale,
      origin: given.publicUrl,
    },
  }
}

function peerOf(c: Context): string | undefined {
  try {
    return getConnInfo(c).remote.address
  } catch {
    return undefined
  }
}

export function addCookie(
  given: VisitDeps,
  c: Answering,
  name: string,
  value: string,
  maxAge: number | undefined,
): void {
  const secure = given.publicUrl.startsWith('https:')
  const life = maxAge === undefined ? {} : { maxAge }
  c.header('Set-Cookie', cookieLine(cookieName(given.publicUrl, name), value, secure, life), { append: true })
}

export const readCookie = (given: VisitDeps, visit: Visit, name: string): string | undefined =>
  visit.cookies.get(cookieName(given.publicUrl, name))

const sessionCookie = (handle: string): string => `account-${handle}`

/** One cookie an account: signing in to one never touches another's. */
export const addSessionCookie = (
  given: VisitDeps,
  c: Answering,
  handle: string,
  value: string,
  kept: boolean,
): void => addCookie(given, c, sessionCookie(handle), value, kept ? sessionCookieLasts : undefined)

const removeSessionCookie = (given: VisitDeps, c: Answering, handle: string): void =>
  addCookie(given, c, sessionCookie(handle), '', 0)

/** Signing out: what the browser keeps of the account's pages goes with its cookie, memory of the last ones included. */
export function leaveBrowser(given: VisitDeps, c: Answering, handle: string): void {
  removeSessionCookie(given, c, handle)
  c.header('Clear-Site-Data', '"cache"')
}

/** The session of the account whose handle stands in the address; undefined where it has ended or never was. */
export async function sessionOf(
  given: VisitDeps,
  visit: Visit,
  handle: string,
): Promise<SignedInSession | undefined> {
  const cookie = visit.cookies.get(cookieName(given.publicUrl, sessionCookie(handle)))
  if (cookie === undefined || visit.browser.isNew) return undefined
  return readSession(given.deps, cookie, visit.browser.hash, handle)
}

/** The hash of the secret in the cookie under this handle, though its session may have a newer one. */
export function presentedSecret(given: VisitDeps, visit: Visit, handle: string): Buffer | undefined {
  const cookie = visit.cookies.get(cookieName(given.publicUrl, sessionCookie(handle)))
  return cookie === undefined ? undefined : secretHashOf(cookie)
}

/** Every account that is signed in on this browser. */
export async function sessionsOf(given: VisitDeps, visit: Visit): Promise<SignedInSession[]> {
  const found = await Promise.all(handlesIn(given, visit).map((handle) => sessionOf(given, visit, handle)))
  return found.filter((session) => session !== undefined)
}

/** Forgets the cookies of sessions that have ended: they would fill the browser's headers for ninety days. */
export function removeEndedCookies(
  given: VisitDeps,
  c: Answering,
  visit: Visit,
  living: readonly string[],
): void {
  const ended = handlesIn(given, visit).filter((handle) => !living.includes(handle))
  for (const handle of ended) removeSessionCookie(given, c, handle)
}

function handlesIn(given: VisitDeps, visit: Visit): string[] {
  const prefix = cookieName(given.publicUrl, sessionCookie(''))
  return [...visit.cookies.keys()]
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
}

/** What a form was sent with; of a name that comes twice, the first. */
export type Form = Readonly<Record<string, string>>

/** The fields of a form. Refusals: those of `readForm`. */
export async function readFields(c: Answering): Promise<Result<Form>> {
  const read = await readForm(c)
  if (!read.ok) return read
  const fields: Record<string, string> = Object.create(null)
  for (const [name, value] of read.value) {
    if (!(name in fields)) fields[name] = value.toWellFormed()
  }
  return accept(fields)
}

/** What a form acts on: it is worth nothing for anything else, or in another browser. */
export const scopeOfFlow = (flowId: string): string => `flow ${flowId}`
/** A page behind a message's link, which belongs to no account that could be signed in. */
export const scopeOfLink = (token: string): string => `link ${token}`
export const scopeOfSession = (session: SignedInSession): string => `session ${session.sessionId}`

export const formTokenOf = (given: VisitDeps, visit: Visit, scope: string): string =>
  csrfToken(given.deps, visit.browser, scope)

export const isFormOf = (given: VisitDeps, visit: Visit, scope: string, form: Form): boolean =>
  isCsrfToken(given.deps, visit.browser, scope, form.form)
