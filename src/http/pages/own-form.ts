import type { Refusal } from '../../core/refusal.ts'
import type { SignedInSession } from '../../operations/sessions.ts'
import type { Answering } from '../exchange.ts'
import { refusePage } from './answer-page.tsx'
import type { SignInSite } from './signin/site.ts'
import { type Form, isFormOf, openVisit, readFields, scopeOfSession, sessionOf, type Visit } from './visit.ts'

/** What a handler goes on with, or the answer that was given instead. */
type Met<Found> = ({ ok: true } & Found) | { ok: false; answer: Response }

/**
 * A form that this browser was given for this scope, and that came from it. Declined instead: `form_stale` and the
 * refusals of `readForm`.
 */
export async function takeForm(
  given: SignInSite,
  c: Answering,
  visit: Visit,
  scope: string,
): Promise<Met<{ form: Form }>> {
  const declined = (refusal: Refusal) => ({ ok: false, answer: refusePage(c, given.site, refusal) }) as const
  const read = await readFields(c)
  if (!read.ok) return declined(read.refusal)
  if (!isFormOf(given, visit, scope, read.value)) return declined({ code: 'form_stale' })
  return { ok: true, form: read.value }
}

type SignedInVisit = { visit: Visit; session: SignedInSession }

/** The tab of an account, by the handle in its address; to sign in instead, where its session has ended. */
export async function meetSignedIn(given: SignInSite, c: Answering): Promise<Met<SignedInVisit>> {
  const visit = openVisit(given, c)
  const session = await sessionOf(given, visit, c.req.param('handle') ?? '')
  return session === undefined ? { ok: false, answer: toSignIn(c) } : { ok: true, visit, session }
}

/** A form of an account's tab, bound to its session. */
export async function takeSignedInForm(
  given: SignInSite,
  c: Answering,
): Promise<Met<SignedInVisit & { form: Form }>> {
  const met = await meetSignedIn(given, c)
  if (!met.ok) return met
  const taken = await takeForm(given, c, met.visit, scopeOfSession(met.session))
  return taken.ok ? { ...met, form: taken.form } : taken
}

export const toSignIn = (c: Answering): Response =>
  c.redirect(`/signin?return_to=${encodeURIComponent('/account')}`, 303)
