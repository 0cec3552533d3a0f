import { browserName } from '../../../core/activity/browser-name.ts'
import type { Refusal } from '../../../core/refusal.ts'
import { seconds } from '../../../core/time.ts'
import type { Locale } from '../../../core/verifications/message.ts'
import { translate } from '../../../locales/catalogue.ts'
import { makeRecoveryCode, recoveryCodeForm } from '../../../operations/security-info/make-recovery-code.ts'
import { findNamedItem, renameItem } from '../../../operations/security-info/rename-item.ts'
import { offerPasskey, setUpPasskey } from '../../../operations/security-info/set-up-passkey.ts'
import {
  offeredAgain,
  offerTotp,
  setUpTotp,
  totpOfferLasts,
} from '../../../operations/security-info/set-up-totp.ts'
import { hasRecoveryCode } from '../../../operations/security-info/two-step.ts'
import { accountName } from '../../../operations/sign-in/sessions.ts'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import type { PagesContext } from '../frame/pages-context.ts'
import { addCookie, readCookie } from '../frame/visit.ts'
import type { AccountRoutes, SignedInVisit } from '../session/signed-in-routes.ts'
import { comingBackTo, thatComesBack } from './come-back.ts'
import type { Done } from './security-page.tsx'
import {
  MadeRecoveryCodePage,
  MakeRecoveryCodePage,
  RenameItemPage,
  SetUpPasskeyPage,
  SetUpTotpPage,
} from './set-up-pages.tsx'

/** Setting up an authenticator app, a passkey and a recovery code; nothing counts before it is proved. */
export function setUpRoutes(given: PagesContext, routes: AccountRoutes): void {
  const { deps, site } = given

  /** What every page here is told: where it stands, and the page that led to it. */
  const about = async ({ c, session, token }: SignedInVisit, path: string) => {
    const security = `/account/${session.handle}/security`
    const returnTo = comingBackTo(c, session)
    return {
      here: thatComesBack(`${security}/${path}`, returnTo),
      back: returnTo ?? security,
      account: await accountName(deps, session.accountId),
      form: token,
    }
  }

  /** Back to the page that led here, or to all of security info, which says what was done. */
  const comeBack = ({ c, session }: SignedInVisit, done: Done) =>
    c.redirect(comingBackTo(c, session) ?? `/account/${session.handle}/security?done=${done}`, 303)

  routes.get('/account/:handle/security/totp', async (at) => {
    const props = await about(at, 'totp')
    const before = readCookie(given, at.visit, offerCookie(at))
    const offer = await offerTotp(deps, at.session, props.account, before)
    if (offer.sealed !== before) {
      addCookie(given, at.c, offerCookie(at), offer.sealed, totpOfferLasts / seconds(1))
    }
    const appName = translate(at.c.var.locale, 'setUp.appName')
    const name = offer.mark === undefined ? appName : `${appName} (${offer.mark})`
    return answerPage(at.c, site, <SetUpTotpPage {...props} offer={offer} name={name} />)
  })

  routes.post('/account/:handle/security/totp', async (at) => {
    const { c, session, visit, form } = at
    const { sealed = '', code = '' } = form
    const name = form.name?.trim() || translate(c.var.locale, 'setUp.appName')
    const added = await setUpTotp(deps, session, { sealed, code, name }, visit.requester, session.now)
    const props = await about(at, 'totp')
    if (added.ok) {
      addCookie(given, c, offerCookie(at), '', 0)
      return comeBack(at, 'totp')
    }
    const offer = offeredAgain(deps, session, sealed, props.account, session.now)
    if (offer === undefined) return refusePage(c, site, added.refusal)
    const page = <SetUpTotpPage {...props} offer={offer} name={name} refusal={added.refusal} />
    return answerFormAgain(c, site, added.refusal, page)
  })

  routes.get('/account/:handle/security/passkey', async (at) =>
    answerPage(at.c, site, await passkeyPage(at, nameForPasskey(at), undefined)),
  )

  routes.post('/account/:handle/security/passkey', async (at) => {
    const { c, session, visit, form } = at
    const { offer = '', credential = '' } = form
    const name = form.name?.trim() || nameForPasskey(at)
    const typed = { offer, credential, name }
    const added = await setUpPasskey(deps, session, typed, visit.requester, session.now)
    if (added.ok) return comeBack(at, 'passkey')
    return answerFormAgain(c, site, added.refusal, await passkeyPage(at, name, added.refusal))
  })

  async function passkeyPage(at: SignedInVisit, name: string, refusal: Refusal | undefined) {
    const { session, visit } = at
    const props = await about(at, 'passkey')
    const offer = await offerPasskey(deps, session, props.account, visit.requester, session.now)
    return <SetUpPasskeyPage {...props} offer={offer} name={name} refusal={refusal} />
  }

  routes.get('/account/:handle/security/recovery-code', async (at) => {
    const props = await about(at, 'recovery-code')
    const replaces = await hasRecoveryCode(deps, at.session.accountId)
    const make = recoveryCodeForm(at.session.now)
    return answerPage(at.c, site, <MakeRecoveryCodePage {...props} make={make} replaces={replaces} />)
  })

  routes.post('/account/:handle/security/recovery-code', async (at) => {
    const { c, session, visit, form } = at
    const made = await makeRecoveryCode(deps, session, form.make ?? '', visit.requester, session.now)
    if (!made.ok) return refusePage(c, site, made.refusal)
    const { account, back } = await about(at, '')
    return answerPage(c, site, <MadeRecoveryCodePage {...{ account, back }} code={made.value.code} />)
  })

  routes.get('/account/:handle/security/items/:item/name', async (at) => {
    const id = at.c.req.param('item') ?? ''
    const item = await findNamedItem(deps, at.session, id)
    if (item === undefined) return refusePage(at.c, site, { code: 'route_unknown' })
    const props = await about(at, `items/${id}/name`)
    return answerPage(at.c, site, <RenameItemPage {...props} name={item.name} />)
  })

  routes.post('/account/:handle/security/items/:item/name', async (at) => {
    const { c, session, form } = at
    const item = await findNamedItem(deps, session, c.req.param('item') ?? '')
    if (item === undefined) return refusePage(c, site, { code: 'route_unknown' })
    await renameItem(deps, session, item, form.name ?? '')
    return c.redirect(`/account/${session.handle}/security?done=renamed`, 303)
  })
}

/** Keeps the key that a session's page shows to an authenticator app. */
const offerCookie = ({ session }: SignedInVisit): string => `totp-${session.handle}`

/** Where it is made is what its owner will know it by. */
function nameForPasskey({ c, visit }: SignedInVisit): string {
  const { system } = browserName(visit.requester.userAgent)
  const locale: Locale = c.var.locale
  return system === undefined
    ? translate(locale, 'setUp.passkeyName')
    : translate(locale, 'setUp.passkeyOn', { system })
}
