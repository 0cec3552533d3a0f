import { Hono } from 'hono'
import type { Refusal } from '../../../core/refusal.ts'
import { leastLength } from '../../../core/sign-in/password.ts'
import { isOnSecurePath } from '../../../operations/activity/not-me.ts'
import { acceptInvitation, isInvited } from '../../../operations/administration/invitations.ts'
import { readHeld } from '../../../operations/changes/account-transaction.ts'
import type { SignedInSession } from '../../../operations/requester.ts'
import { changePassword } from '../../../operations/security-info/change-password.ts'
import { readAccount, signOut } from '../../../operations/sign-in/sessions.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import { activityRoutes } from '../activity/activity-routes.tsx'
import { messagesRoutes } from '../activity/messages-routes.tsx'
import { sessionsRoutes } from '../activity/sessions-routes.tsx'
import { changeRoutes } from '../changes/change-routes.tsx'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import { readBoundForm, readFormOf, toSignIn } from '../frame/bound-form.ts'
import type { PagesContext } from '../frame/pages-context.ts'
import {
  addCookie,
  formTokenOf,
  leaveBrowser,
  openVisit,
  scopeOfSession,
  sessionOf,
  sessionsOf,
} from '../frame/visit.ts'
import { securityRoutes } from '../security-info/security-routes.tsx'
import { setUpRoutes } from '../security-info/set-up-routes.tsx'
import { twoStepRoutes } from '../security-info/two-step-routes.tsx'
import { openAccountRoutes } from '../session/signed-in-routes.ts'
import { InvitationPage } from '../sign-in/sign-in-pages.tsx'
import { stepUpRoutes } from '../step-up/step-up-routes.tsx'
import { AccountPage, AccountsPage, ChangePasswordPage } from './account-pages.tsx'

const invitationCookieLasts = 3600

/** A form for all accounts is for those that it showed: one that was added since is not signed out by it. */
const scopeOfAll = (sessions: readonly SignedInSession[]): string =>
  `all ${sessions
    .map(({ sessionId }) => sessionId)
    .sort()
    .join()}`

/** The accounts that are signed in on this browser, each under its own handle. */
export function accountRoutesOf(given: PagesContext) {
  const { deps, site } = given
  const pages = new Hono<Exchange>()
  const routes = openAccountRoutes(given, pages)
  stepUpRoutes(given, pages, routes)
  activityRoutes(given, routes)
  sessionsRoutes(given, routes)
  messagesRoutes(given, routes)
  securityRoutes(given, routes)
  setUpRoutes(given, routes)
  twoStepRoutes(given, routes)
  changeRoutes(given, routes)

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
    const taken = await readFormOf(given, c, visit, () => sessionsOf(given, visit), scopeOfAll)
    if (!taken.ok) return taken.answer
    for (const session of taken.owner) {
      await signOut(deps, session, visit.requester, c.var.now)
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
        held={await readHeld(deps, session.accountId, session.now)}
        handle={session.handle}
        form={token}
        changed={c.req.query('done') === 'password'}
      />,
    )
  })

  routes.post('/account/:handle/signout', async ({ c, visit, session }) => {
    await signOut(deps, session, visit.requester, c.var.now)
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
    const changed = await changePassword(deps, session, typed, visit.requester, c.var.now)
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
    const taken = await readBoundForm(given, c, visit, 'invitation')
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
