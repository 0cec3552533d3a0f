import { Hono } from 'hono'
import { acceptInvitation, isInvited } from '../../../operations/invitations.ts'
import { readAccount, type SignedInSession, signOut } from '../../../operations/sessions.ts'
import type { Answering, Exchange } from '../../exchange.ts'
import { answerPage, refusePage } from '../answer-page.tsx'
import { InvitationPage } from '../signin/pages.tsx'
import type { SignInSite } from '../signin/site.ts'
import {
  addCookie,
  formTokenOf,
  isFormOf,
  openVisit,
  readForm,
  removeSessionCookie,
  scopeOfSession,
  sessionOf,
  sessionsOf,
} from '../visit.ts'
import { AccountPage, AccountsPage } from './pages.tsx'

const invitationCookieLasts = 3600

/** The accounts that are signed in on this browser, each under its own handle. */
export function accountPages(given: SignInSite) {
  const { deps, site } = given
  const pages = new Hono<Exchange>()

  pages.get('/account', async (c) => {
    const visit = openVisit(given, c)
    const sessions = await sessionsOf(given, visit)
    const only = sessions[0]
    if (only === undefined) return c.redirect('/signin?then=/account', 303)
    if (sessions.length === 1) return c.redirect(`/account/${only.handle}`, 303)
    return answerPage(c, site, <AccountsPage accounts={await named(sessions)} />)
  })

  pages.get('/account/:handle', async (c) => {
    const visit = openVisit(given, c)
    const session = await sessionOf(given, visit, c.req.param('handle'))
    const account = session && (await readAccount(deps, session.accountId))
    if (session === undefined || account === undefined) return toSignIn(c)
    const form = formTokenOf(given, visit, scopeOfSession(session))
    return answerPage(c, site, <AccountPage account={account} handle={session.handle} form={form} />)
  })

  pages.post('/account/:handle/signout', async (c) => {
    const visit = openVisit(given, c)
    const handle = c.req.param('handle')
    const session = await sessionOf(given, visit, handle)
    const form = await readForm(c)
    if (form === undefined) return refusePage(c, site, { code: 'body_malformed' })
    if (session === undefined) return c.redirect('/signin', 303)
    if (!isFormOf(given, visit, scopeOfSession(session), form)) return refusePage(c, site, { code: 'form_stale' })
    await signOut(deps, session)
    removeSessionCookie(given, c, handle)
    return c.redirect('/', 303)
  })

  pages.get('/.well-known/change-password', (c) => c.redirect('/account', 303))

  pages.get('/administrator/:token', async (c) => {
    const visit = openVisit(given, c)
    const token = c.req.param('token')
    if (!(await isInvited(deps.database, token))) return refusePage(c, site, { code: 'invitation_ended' })
    const form = formTokenOf(given, visit, 'invitation')
    const signedIn = await named(await sessionsOf(given, visit))
    return answerPage(c, site, <InvitationPage here={`/administrator/${token}`} form={form} signedIn={signedIn} />)
  })

  pages.post('/administrator/:token', async (c) => {
    const visit = openVisit(given, c)
    const token = c.req.param('token')
    const form = await readForm(c)
    if (form === undefined) return refusePage(c, site, { code: 'body_malformed' })
    if (!isFormOf(given, visit, 'invitation', form)) return refusePage(c, site, { code: 'form_stale' })
    if (!(await isInvited(deps.database, token))) return refusePage(c, site, { code: 'invitation_ended' })
    const session = form.handle === undefined ? undefined : await sessionOf(given, visit, form.handle)
    if (session === undefined) {
      addCookie(given, c, 'invitation', token, invitationCookieLasts)
      return c.redirect('/signup', 303)
    }
    const accepted = await acceptInvitation(deps.database, token, session.accountId)
    if (!accepted) return refusePage(c, site, { code: 'invitation_ended' })
    return c.redirect(`/account/${session.handle}`, 303)
  })

  const named = async (sessions: readonly SignedInSession[]) =>
    Promise.all(
      sessions.map(async ({ handle, accountId }) => {
        const account = await readAccount(deps, accountId)
        return { handle, name: account?.names[0]?.name ?? handle }
      }),
    )

  const toSignIn = (c: Answering): Response => c.redirect(`/signin?then=${encodeURIComponent('/account')}`, 303)

  return pages
}

