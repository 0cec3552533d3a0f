import { Hono } from 'hono'
import { leastLength } from '../../../core/people/password.ts'
import type { Refusal } from '../../../core/refusal.ts'
import { isOnSecurePath } from '../../../operations/activity/not-me.ts'
import { acceptInvitation, isInvited } from '../../../operations/running/invitations.ts'
import { changePassword } from '../../../operations/security-info/change-password.ts'
import { readAccount, signOut } from '../../../operations/sign-in/sessions.ts'
import type { SignedInSession } from '../../../operations/source.ts'
import type { Exchange } from '../../exchange.ts'
import { answerFormAgain, answerPage, refusePage } from '../answer-page.tsx'
import { takeForm, takeFormOf, toSignIn } from '../own-form.ts'
import { InvitationPage } from '../sign-in/sign-in-pages.tsx'
import type { SignInSite } from '../sign-in/site.ts'
import { stepUpPages } from '../step-up/step-up-routes.tsx'
import {
  addCookie,
  formTokenOf,
  leaveBrowser,
  openVisit,
  scopeOfSession,
  sessionOf,
  sessionsOf,
} from '../visit.ts'
import { openAccountRoutes } from './account-routes.ts'
import { activityRoutes } from './activity/activity-routes.tsx'
import { messagesRoutes } from './activity/messages-routes.tsx'
import { sessionsRoutes } from './activity/sessions-routes.tsx'
import { AccountPage, AccountsPage, ChangePasswordPage } from './pages.tsx'
import { changePages } from './security/changes.tsx'
import { securityPages } from './security/security.tsx'
import { setUpRoutes } from './security/set-up-routes.tsx'
import { twoStepRoutes } from './security/two-step-routes.tsx'

const invitationCookieLasts = 3600

/** A form for all accounts is for those that it showed: one that was added since is not signed out by it. */
const scopeOfAll = (sessions: readonly SignedInSession[]): string =>
  `all ${sessions
    .map(({ sessionId }) => sessionId)
    .sort()
    .join()}`

/** The accounts that are signed in on this browser, each under its own handle. */
export function accountPages(given: SignInSite) {
  const { deps, site } = given
  const pages = new Hono<Exchange>()
  const routes = openAccountRoutes(given, pages)
  stepUpPages(given, pages, routes)
  activityRoutes(given, routes)
  sessionsRoutes(given, routes)
  messagesRoutes(given, routes)
  securityPages(given, routes)
  setUpRoutes(given, routes)
  twoStepRoutes(given, routes)
  changePages(given, routes)

  pages.get('/account', async (c) => {
    const visit = openVisit(given, c)
    const sessions = await sessionsOf(given, visit)
    const only = sessions[0]
    if (only === undefined) return c.redirect('/signin?return_to=/account', 303)
    const choosing = c.req.query('choose') === 'yes'
    if (sessions.length === 1 && !choosing) return c.redirect(`/account/${only.handle}`, 303)
    const form = formTokenOf(given, visit, scopeOfAll(sessions))
    const accounts = (await named(sessions)).map((account, nth) => ({
      ...account,
      form: formTokenOf(given, visit, scopeOfSession(sessions[nth] as SignedInSession)),
    }))
    return answerPage(c, site, <AccountsPage accounts={accounts} form={form} />)
  })

  pages.post('/account/signout', async (c) => {
    const visit = openVisit(given, c)
    const taken = await takeFormOf(given, c, visit, () => sessionsOf(given, visit), scopeOfAll)
    if (!taken.ok) return taken.answer
    for (const session of taken.owner) {
      await signOut(deps, session, visit.source, c.var.now)
      leaveBrowser(given, c, session.handle)
    }
    return c.redirect('/', 303)
  })

  routes.get('/account/:handle', async ({ c, session, token }) => {
    const account = await readAccount(deps, session.accountId)
    if (account === undefined) return toSignIn(c)
    return answerPage(
      c,
      site,
      <AccountPage
        account={account}
        handle={session.handle}
        form={token}
        changed={c.req.query('done') === 'password'}
      />,
    )
  })

  routes.post('/account/:handle/signout', async ({ c, visit, session }) => {
    await signOut(deps, session, visit.source, c.var.now)
    leaveBrowser(given, c, session.handle)
    const others = (await sessionsOf(given, visit)).some(({ handle }) => handle !== session.handle)
    return c.redirect(others ? '/account?choose=yes' : '/', 303)
  })

  routes.get('/account/:handle/password', async ({ c, session, token }) =>
    answerPage(c, site, await passwordPage(session, token, c.req.query('leads_to'), undefined)),
  )

  routes.post('/account/:handle/password', async ({ c, visit, session, form, token }) => {
    const toTurnOff = form.leads_to === 'two_step_off'
    const typed = { current: form.current ?? '', next: form.next ?? '', alone: toTurnOff }
    const changed = await changePassword(deps, session, typed, visit.source, c.var.now)
    if (changed.ok && toTurnOff) return c.redirect(`/account/${session.handle}/security/two-step/off`, 303)
    if (changed.ok) {
      const onPath = await isOnSecurePath(deps, session.accountId, c.var.now)
      return c.redirect(`/account/${session.handle}${onPath ? '/secure' : '?done=password'}`, 303)
    }
    const page = await passwordPage(session, token, form.leads_to, changed.refusal)
    return answerFormAgain(c, site, changed.refusal, page)
  })

  pages.get('/.well-known/change-password', async (c) => {
    const [session] = await sessionsOf(given, openVisit(given, c))
    return session === undefined ? toSignIn(c) : c.redirect(`/account/${session.handle}/password`, 303)
  })

  async function passwordPage(
    session: SignedInSession,
    form: string,
    leadsTo: string | undefined,
    refusal: Refusal | undefined,
  ) {
    const toTurnOff = leadsTo === 'two_step_off'
    const account = await readAccount(deps, session.accountId)
    return (
      <ChangePasswordPage
        name={account?.names[0]?.name ?? ''}
        handle={session.handle}
        form={form}
        least={leastLength(!toTurnOff && (account?.twoStep ?? false))}
        toTurnOff={toTurnOff}
        refusal={refusal}
      />
    )
  }

  pages.get('/administrator/:token', async (c) => {
    const visit = openVisit(given, c)
    const token = c.req.param('token')
    if (!(await isInvited(deps.database, token))) return refusePage(c, site, { code: 'invitation_ended' })
    const form = formTokenOf(given, visit, 'invitation')
    const signedIn = await named(await sessionsOf(given, visit))
    return answerPage(
      c,
      site,
      <InvitationPage here={`/administrator/${token}`} form={form} signedIn={signedIn} />,
    )
  })

  pages.post('/administrator/:token', async (c) => {
    const visit = openVisit(given, c)
    const token = c.req.param('token')
    const taken = await takeForm(given, c, visit, 'invitation')
    if (!taken.ok) return taken.answer
    const { form } = taken
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

  return pages
}
