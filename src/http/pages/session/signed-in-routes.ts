import type { Context, Hono } from 'hono'
import { isBlocked } from '../../../core/changes/freeze.ts'
import { type Act, isSensitive } from '../../../core/sign-in/step-up.ts'
import { isFrozen } from '../../../operations/changes/account-transaction.ts'
import type { SignedInSession } from '../../../operations/requester.ts'
import { stepUpBefore } from '../../../operations/sign-in/step-up.ts'
import type { Answering, Exchange } from '../../exchange/exchange.ts'
import { refusePage } from '../frame/answer-page.tsx'
import { meetSignedIn, readSignedInForm } from '../frame/bound-form.ts'
import type { PagesContext } from '../frame/pages-context.ts'
import { type Form, formTokenOf, scopeOfSession, type Visit } from '../frame/visit.ts'
import { type AccountPath, actOf } from './access.ts'

/** One request in the tab of an account: who, where, and the token that its forms carry. */
export type SignedInVisit = {
  c: Context<Exchange>
  visit: Visit
  session: SignedInSession
  token: string
}

type Answer = Response | Promise<Response>

/**
 * Registers pages and forms of an account. Before the handler: the session, for a form that it belongs to the session,
 * and what the act needs by its table; a step-up that is missing is asked for, and comes back to the page.
 */
export function openAccountRoutes(given: PagesContext, pages: Hono<Exchange>) {
  const askedFirst = async (
    c: Answering,
    session: SignedInSession,
    act: Act,
  ): Promise<Response | undefined> => {
    if (
      isSensitive(act) &&
      isBlocked(act) &&
      (await isFrozen(given.deps.database.sql, session.accountId, session.now))
    ) {
      return refusePage(c, given.site, { code: 'changes_frozen' })
    }
    const needed = await stepUpBefore(given.deps, session, act)
    if (needed === undefined) return undefined
    const { pathname, search } = new URL(c.req.url)
    const query = new URLSearchParams({ for: act, return_to: pathname + search })
    return c.redirect(`/account/${session.handle}/stepup?${query}`, 303)
  }
  const tokenOf = (visit: Visit, session: SignedInSession) =>
    formTokenOf(given, visit, scopeOfSession(session))
  return {
    get(path: AccountPath<'GET'>, show: (at: SignedInVisit) => Answer): void {
      pages.get(path, async (c) => {
        const met = await meetSignedIn(given, c)
        if (!met.ok) return met.answer
        const { visit, session } = met
        const asked = await askedFirst(c, session, actOf('GET', path))
        return asked ?? show({ c, visit, session, token: tokenOf(visit, session) })
      })
    },
    post(path: AccountPath<'POST'>, take: (at: SignedInVisit & { form: Form }) => Answer): void {
      pages.post(path, async (c) => {
        const taken = await readSignedInForm(given, c)
        if (!taken.ok) return taken.answer
        const { visit, session, form } = taken
        const asked = await askedFirst(c, session, actOf('POST', path))
        return asked ?? take({ c, visit, session, form, token: tokenOf(visit, session) })
      })
    },
  }
}

export type AccountRoutes = ReturnType<typeof openAccountRoutes>
