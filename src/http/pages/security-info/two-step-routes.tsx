import { translate } from '../../../locales/catalogue.ts'
import { recoveryCodeForm } from '../../../operations/security-info/make-recovery-code.ts'
import { trustedBrowsers, untrustBrowser } from '../../../operations/security-info/trusted-browsers.ts'
import { beginTwoStep, endTwoStep, readTwoStep } from '../../../operations/security-info/two-step.ts'
import { accountName } from '../../../operations/sign-in/sessions.ts'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import type { PagesContext } from '../frame/pages-context.ts'
import type { AccountRoutes } from '../session/signed-in-routes.ts'
import { comingBackTo } from './come-back.ts'
import { MadeRecoveryCodePage } from './set-up-pages.tsx'
import { LongerPasswordPage, TrustedBrowsersPage, TurnTwoStepPage, TwoStepPage } from './two-step-pages.tsx'

/** Two-step verification on and off, and the browsers in which it doesn't ask. */
export function twoStepRoutes(given: PagesContext, routes: AccountRoutes): void {
  const { deps, site } = given
  const pathOf = (handle: string) => `/account/${handle}/security/two-step`

  routes.get('/account/:handle/security/two-step', async ({ c, session }) => {
    const done = c.req.query('done')
    return answerPage(
      c,
      site,
      <TwoStepPage
        twoStep={await readTwoStep(deps, session.accountId, session.now)}
        home={`/account/${session.handle}`}
        account={await accountName(deps, session.accountId)}
        done={done === 'off' ? done : undefined}
      />,
    )
  })

  routes.get('/account/:handle/security/two-step/on', async ({ c, session, token }) => {
    const here = pathOf(session.handle)
    const twoStep = await readTwoStep(deps, session.accountId, session.now)
    if (!twoStep.possible || twoStep.onSince !== undefined) return c.redirect(here, 303)
    const account = await accountName(deps, session.accountId)
    const make = recoveryCodeForm(session.now)
    const returnTo = comingBackTo(c, session)
    return answerPage(
      c,
      site,
      <TurnTwoStepPage to="on" {...{ here, account, make, returnTo }} form={token} />,
    )
  })

  routes.post('/account/:handle/security/two-step/on', async ({ c, session, visit, form, token }) => {
    const here = pathOf(session.handle)
    const account = await accountName(deps, session.accountId)
    const returnTo = comingBackTo(c, session)
    const begun = await beginTwoStep(deps, session, form.make ?? '', visit.requester, session.now)
    if (begun.ok) {
      const done = translate(c.var.locale, 'twoStep.doneOn')
      const { code } = begun.value
      return answerPage(
        c,
        site,
        <MadeRecoveryCodePage {...{ account, code, done }} back={returnTo ?? here} />,
      )
    }
    const { refusal } = begun
    const make = recoveryCodeForm(session.now)
    const page = <TurnTwoStepPage to="on" {...{ here, account, make, refusal, returnTo }} form={token} />
    return answerFormAgain(c, site, refusal, page)
  })

  routes.get('/account/:handle/security/two-step/off', async ({ c, session, token }) => {
    const account = await accountName(deps, session.accountId)
    const here = pathOf(session.handle)
    const { passwordStandsAlone } = await readTwoStep(deps, session.accountId, session.now)
    if (!passwordStandsAlone) {
      const to = `/account/${session.handle}/password?leads_to=two_step_off`
      return answerPage(c, site, <LongerPasswordPage {...{ here, account, to }} />)
    }
    return answerPage(c, site, <TurnTwoStepPage to="off" {...{ here, account }} form={token} />)
  })

  routes.post('/account/:handle/security/two-step/off', async ({ c, session, visit }) => {
    const ended = await endTwoStep(deps, session, visit.requester, session.now)
    if (!ended.ok) return refusePage(c, site, ended.refusal)
    return c.redirect(`${pathOf(session.handle)}?done=off`, 303)
  })

  routes.get('/account/:handle/trusted-browsers', async ({ c, session, visit, token }) => {
    const done = c.req.query('done')
    return answerPage(
      c,
      site,
      <TrustedBrowsersPage
        browsers={await trustedBrowsers(deps, session, visit.requester)}
        home={`/account/${session.handle}`}
        account={await accountName(deps, session.accountId)}
        form={token}
        done={done === 'one' || done === 'all' ? done : undefined}
      />,
    )
  })

  routes.post('/account/:handle/trusted-browsers', async ({ c, session, form }) => {
    const which = form.browser ?? ''
    await untrustBrowser(deps, session, which)
    const done = which === 'all' ? 'all' : 'one'
    return c.redirect(`/account/${session.handle}/trusted-browsers?done=${done}`, 303)
  })
}
