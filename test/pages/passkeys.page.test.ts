import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hours } from '../../src/core/time.ts'
import { password } from '../support/accounts.ts'
import { type Browser, chromiumPath, openBrowser, openRememberingBrowser } from '../support/browser.ts'
import { openServedWorld, type ServedWorld } from '../support/served-world.ts'
import { plugIn } from '../support/virtual-authenticator.ts'

/** What stands between our script and the browser's passkeys, as a script that runs before every page's own. */
const stands: Record<string, string> = {
  'a browser without the helpers for JSON': `
    delete PublicKeyCredential.parseCreationOptionsFromJSON
    delete PublicKeyCredential.parseRequestOptionsFromJSON
    delete PublicKeyCredential.prototype.toJSON
    ${standIn('return own')}`,
  'a password manager whose answers only look like credentials': standIn(`
    const shell = Object.defineProperties({}, Object.fromEntries(
      ['id', 'rawId', 'type', 'response'].map((name) => [name, { value: own[name], enumerable: true }])))
    return Object.setPrototypeOf(shell, PublicKeyCredential.prototype)`),
  'a password manager that answers with plain objects': standIn(`
    const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = own.response
    const bytes = (buffer) => buffer && new Uint8Array(buffer)
    const response = does === 'create'
      ? { clientDataJSON, attestationObject }
      : { clientDataJSON, authenticatorData: bytes(authenticatorData), signature: bytes(signature), userHandle }
    return { id: own.id, rawId: bytes(own.rawId), type: own.type, response }`),
  'a password manager whose members throw': standIn(`
    const kind = does === 'create' ? AuthenticatorAttestationResponse : AuthenticatorAssertionResponse
    const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = own.response
    const held = { clientDataJSON, attestationObject, authenticatorData, signature, userHandle }
    const response = Object.create(kind.prototype)
    for (const [name, value] of Object.entries(held))
      if (value !== undefined) Object.defineProperty(response, name, { value })
    return { id: own.id, rawId: own.rawId, type: own.type, response, toJSON() { throw new TypeError('Illegal invocation') } }`),
}

/** It leaves the field for the name alone: what is tried here is the button. */
function standIn(answer: string): string {
  return `for (const does of ['create', 'get']) {
    const ask = navigator.credentials[does].bind(navigator.credentials)
    navigator.credentials[does] = async (options) => {
      if (options.mediation === 'conditional') return new Promise(() => {})
      const own = await ask(options)
      ${answer}
    }
  }`
}

let world: ServedWorld
let browser: Browser
let nth = 0

describe.skipIf(!chromiumPath)('passkeys in a browser', () => {
  beforeAll(async () => {
    world = await openServedWorld()
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  }, 120_000)

  async function signedUp(script = '') {
    nth += 1
    const email = `keys${nth}@example.org`
    const page = await browser.page()
    if (script !== '') await page.addInitScript(script)
    const device = await plugIn(page, { transport: 'internal', verifies: true })
    await page.goto(`${world.url}/signup`)
    await send(page, 'email', email)
    await send(page, 'code', await world.readCode(email))
    await send(page, 'password', password)
    return { email, page, device, home: page.url() }
  }

  /** Past the step-up, by a code. */
  async function openProved(page: Page, address: string, email: string) {
    await page.goto(address)
    if ((await page.locator('input[name=item]').count()) === 0) return
    await follow(page, () => page.locator(main).click())
    await send(page, 'code', await world.readCode(email))
  }

  async function makePasskey(page: Page, home: string, email: string) {
    await openProved(page, `${home}/security/passkey`, email)
    await follow(page, () => page.locator('[data-passkey] button').click())
    expect(page.url()).toContain('done=passkey')
  }

  test.each(Object.keys(stands))(
    'are made and used by %s',
    async (stand) => {
      const { page, home, email } = await signedUp(stands[stand])
      await makePasskey(page, home, email)
      await page.context().clearCookies()
      await page.goto(`${world.url}/signin`)
      await page.locator('[data-passkey] button').click()
      await page.waitForURL((url) => url.pathname.startsWith('/account/'))
      await page.context().close()
    },
    120_000,
  )

  test('a sign-in page that stood open for hours gets a fresh challenge at the click', async () => {
    const { page, home, email } = await signedUp(standIn('return own'))
    await makePasskey(page, home, email)
    await page.context().clearCookies()
    await page.goto(`${world.url}/signin`)
    await page.locator('#username').fill('something typed')
    await world.advance(hours(3))
    await page.locator('[data-passkey] button').click()
    await page.waitForURL((url) => url.pathname.startsWith('/account/'))
    await page.context().close()
  }, 120_000)

  test('a page whose service is out of reach at the click asks with what it has', async () => {
    const { page, home, email } = await signedUp(standIn('return own'))
    await makePasskey(page, home, email)
    await page.context().clearCookies()
    await page.goto(`${world.url}/signin`)
    await page.route(`${world.url}/signin`, (route) =>
      route.request().resourceType() === 'fetch' ? route.abort() : route.continue(),
    )
    await page.locator('[data-passkey] button').click()
    await page.waitForURL((url) => url.pathname.startsWith('/account/'))
    await page.context().close()
  }, 120_000)

  test.each([
    ['NotAllowedError', 'That was stopped, or took too long.'],
    ['AbortError', 'That was stopped, or took too long.'],
    ['SecurityError', "That didn't work"],
    ['NotSupportedError', "That didn't work"],
    ['TypeError', "That didn't work"],
  ])('%s is told as what it is', async (name, words) => {
    const page = await browser.page()
    await page.addInitScript(`navigator.credentials.get = async ({ mediation }) => {
      if (mediation) return new Promise(() => {})
      throw new DOMException('', '${name}')
    }`)
    await page.goto(`${world.url}/signin`)
    await page.locator('[data-passkey] button').click()
    await page.getByText(words).waitFor()
    await page.context().close()
  })
})

const main = 'form.card button[type=submit]'

async function follow(page: Page, act: () => Promise<unknown>): Promise<void> {
  await Promise.all([page.waitForEvent('load'), act()])
}

async function send(page: Page, field: string, text: string): Promise<void> {
  await page.locator(`#${field}`).fill(text)
  await follow(page, () => page.locator(main).click())
}

describe.skipIf(!chromiumPath)('Back, in a browser that keeps pages in memory', () => {
  test('brings no page of an account that was signed out elsewhere', async () => {
    const remembering = await openRememberingBrowser()
    const served = await openServedWorld()
    const page = await remembering.page()
    await page.goto(`${served.url}/signup`)
    await send(page, 'email', 'back@example.org')
    await send(page, 'code', await served.readCode('back@example.org'))
    await send(page, 'password', password)
    const home = page.url()
    await page.evaluate('window.kept = true')
    await page.goto(`${served.url}/help`)
    await served.sql`update session set ended_at = statement_timestamp()`
    await page.goBack()
    await page.waitForURL((url) => url.pathname === '/signin')
    expect(page.url()).not.toBe(home)
    await remembering.close()
    await served.close()
  }, 120_000)
})
