import type { SignedInSession } from '../../../operations/requester.ts'
import type { Answering } from '../../exchange/exchange.ts'
import { refusePage } from './answer-page.tsx'
import type { PagesContext } from './pages-context.ts'
import { type Form, isFormOf, openVisit, readFields, scopeOfSession, sessionOf, type Visit } from './visit.ts'

/** What a handler goes on with, or the answer that was given instead. */
type Met<Found> = ({ ok: true } & Found) | { ok: false; answer: Response }

/**
 * A form that this browser was given for this scope, and that came from it. Declined instead: `form_stale` and the
 * refusals of `readForm`.
 */
export async function readBoundForm(
  given: PagesContext,
  c: Answering,
  visit: Visit,
  scope: string,
): Promise<Met<{ form: Form }>> {
  const read = await readForm(given, c)
  return read.ok ? boundTo(given, c, visit, scope, read.form) : read
}

async function readForm(given: PagesContext, c: Answering): Promise<Met<{ form: Form }>> {
  const read = await readFields(c)
  if (!read.ok) return { ok: false, answer: refusePage(c, given.site, read.refusal) }
  return { ok: true, form: read.value }
}

function boundTo(
  given: PagesContext,
  c: Answering,
  visit: Visit,
  scope: string,
  form: Form,
): Met<{ form: Form }> {
  if (isFormOf(given, visit, scope, form)) return { ok: true, form }
  return { ok: false, answer: refusePage(c, given.site, { code: 'form_stale' }) }
}

/**
 * The same where a form belongs to sessions: they are looked up once the whole of it has come, since somebody may take
 * minutes to send it and be signed out meanwhile.
 */
export async function readFormOf<Owner>(
  given: PagesContext,
  c: Answering,
  visit: Visit,
  find: () => Promise<Owner>,
  scopeOf: (owner: NonNullable<Owner>) => string,
): Promise<Met<{ form: Form; owner: NonNullable<Owner> }>> {
  const read = await readForm(given, c)
  if (!read.ok) return read
  const owner = await find()
  if (owner === undefined || owner === null) return { ok: false, answer: toSignIn(c) }
  const bound = boundTo(given, c, visit, scopeOf(owner), read.form)
  return bound.ok ? { ...bound, owner } : bound
}

type SignedInVisit = { visit: Visit; session: SignedInSession }

/** The tab of an account, by the handle in its address; to sign in instead, where its session has ended. */
export async function meetSignedIn(given: PagesContext, c: Answering): Promise<Met<SignedInVisit>> {
  const visit = openVisit(given, c)
  const session = await sessionOf(given, visit, c.req.param('handle') ?? '')
  return session === undefined ? { ok: false, answer: toSignIn(c) } : { ok: true, visit, session }
}

/** A form of an account's tab, bound to its session. */
export async function readSignedInForm(
  given: PagesContext,
  c: Answering,
): Promise<Met<SignedInVisit & { form: Form }>> {
  const visit = openVisit(given, c)
  const find = () => sessionOf(given, visit, c.req.param('handle') ?? '')
  const taken = await readFormOf(given, c, visit, find, scopeOfSession)
  return taken.ok ? { ok: true, visit, session: taken.owner, form: taken.form } : taken
}

export const toSignIn = (c: Answering): Response =>
  c.redirect(`/signin?return_to=${encodeURIComponent('/account')}`, 303)
