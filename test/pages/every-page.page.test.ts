import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountRoutes } from '../../src/http/pages/session/access.ts'
import { signUp } from '../support/accounts.ts'
import { axeFindings, type Browser, chromiumPath, openBrowser, overflow } from '../support/browser.ts'
import { type RunningService, reportLink } from '../support/running-service.ts'
import { openPeoplesService, openVisitor, type Visitor } from '../support/visitor.ts'

let service: RunningService
let browser: Browser
let mail: { id: string; report: string }

const addresses = {
  'the first page': () => '/',
  'the inbox': () => '/inbox',
  'the inbox, looking for nobody': () => '/inbox?to=nobody@example.com',
  'a message': () => `/inbox/${mail.id}`,
  help: () => '/help',
  'all refusals': () => '/help/errors',
  'one refusal': () => '/help/errors/sends_limit',
  'the API reference': () => '/docs',
  'the components': () => '/docs/components',
  '"I didn\'t ask for this"': () => new URL(mail.report).pathname,
  'nothing at an address': () => '/no/such/page',
  'signing in': () => '/signin',
  'signing up': () => '/signup',
  'a sign-in that has ended': () => '/signin/00000000-0000-4000-8000-000000000000',
  'an invitation that is none': () => '/administrator/none',
}

/** Every page of an account, by the table of its routes; only those of a single flow or event have tests of their own. */
const ofAccount = Object.keys(accountRoutes)
  .filter((route) => route.startsWith('GET') && !/\/:id|\.(csv|json)$/.test(route))
  .map((route) => route.slice('GET '.length))

describe.skipIf(!chromiumPath)('every page', () => {
  beforeAll(async () => {
    service = await openPeoplesService()
    browser = await openBrowser()
    await service.send({ email: 'a.name.that.is.rather.long.for.a.narrow.window@subdomain.example.com' })
    await service.send({ phone: '+447400123456' }, 'ar')
    const { message } = await service.send({ email: 'ana@example.com' })
    mail = { id: message.id, report: reportLink(message) }
  })
  afterAll(async () => {
    await browser?.close()
    await service?.close()
  })

  const looks = [
    { language: 'en', colorScheme: 'light' },
    { language: 'ar', colorScheme: 'dark' },
  ] as const

  describe.each(looks)('in $language, $colorScheme', (look) => {
    let page: Page
    let owner: Visitor
    let account: { handle: string; item: string }
    beforeAll(async () => {
      page = await browser.page(look)
      owner = await openVisitor(browser, service, { ...look, script: true, width: 320 })
      account = await signedUp(owner, `${look.language}@example.com`)
    }, 120_000)
    afterAll(async () => {
      await page.context().close()
      await owner.leave()
    })

    test.each(Object.entries(addresses))(
      '%s: axe finds nothing wrong, 320 px are enough, and nobody else is asked for anything',
      (_name, address) => looksRight(page, address()),
    )

    test.each(ofAccount)('%s as well', async (path) => {
      await looksRight(owner.page, path.replace(':handle', account.handle).replace(':item', account.item))
      expect(new URL(owner.page.url()).pathname).toMatch(/^\/account\//)
    })
  })

  async function looksRight(page: Page, address: string): Promise<void> {
    const foreign: string[] = []
    page.removeAllListeners('request')
    page.on('request', (request) => {
      if (!request.url().startsWith(`${service.url}/`)) foreign.push(request.url())
    })
    await page.setViewportSize({ width: 900, height: 800 })
    await page.goto(service.url + address)
    expect(await axeFindings(page)).toEqual([])
    await page.setViewportSize({ width: 320, height: 600 })
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    expect(foreign).toEqual([])
  }

  /** Leaves the browser signed in to a new account. */
  async function signedUp(visitor: Visitor, address: string): Promise<{ handle: string; item: string }> {
    await visitor.skip((person) => signUp(service, person, address))
    const handle = new URL(visitor.page.url()).pathname.split('/')[2] ?? ''
    await visitor.open(`/account/${handle}/security`)
    const item = /\/security\/items\/([0-9a-f-]{36})/.exec(await visitor.page.content())?.[1] ?? ''
    return { handle, item }
  }

  test('a page has at most 15 KB of style and 8 KB of script, which browsers keep for good', async () => {
    const html = await (await fetch(`${service.url}/help`)).text()
    const sizes = { css: 15 * 1024, js: 8 * 1024 }
    for (const [ending, most] of Object.entries(sizes)) {
      const found = [...html.matchAll(new RegExp(`/assets/[^"]+\\.${ending}`, 'g'))]
      expect(found).toHaveLength(1)
      const answer = await fetch(`${service.url}${found[0]}`)
      expect((await answer.text()).length).toBeLessThanOrEqual(most)
      expect(answer.headers.get('cache-control')).toContain('immutable')
    }
  })

  test('a page in high contrast and one at twice the size lose nothing', async () => {
    const page = await browser.page({ forcedColors: 'active', viewport: { width: 640, height: 600 } })
    await page.goto(`${service.url}/docs/components`)
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    await page.context().close()
  })

  test('everything that can be pressed is 44 px high or more', async () => {
    const page = await browser.page({ viewport: { width: 320, height: 600 } })
    for (const path of ['/docs/components', '/inbox', '/help/errors']) {
      await page.goto(service.url + path)
      const small = await page.evaluate<string[]>(`
        [...document.querySelectorAll('button, .button, nav.top a, .ways a, .rows a, summary, .choice')]
          .filter((one) => one.getClientRects().length > 0 && one.getBoundingClientRect().height < 44)
          .map((one) => one.outerHTML.slice(0, 80))`)
      expect(small).toEqual([])
    }
    await page.context().close()
  })

  test('the language that is chosen in the footer stays chosen', async () => {
    const page = await browser.page()
    await page.goto(`${service.url}/help?a=1`)
    await page.getByRole('link', { name: 'العربية' }).click()
    expect(page.url()).toBe(`${service.url}/help?a=1`)
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl')
    await page.goto(`${service.url}/no/such/page`)
    expect(await page.locator('html').getAttribute('lang')).toBe('ar')
    await page.context().close()
  })

  test('the first press of Tab leads past the header', async () => {
    const page = await browser.page()
    await page.goto(`${service.url}/help`)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    await page.context().close()
  })

  test('times are in the zone of the reader, and the next page knows it without a script', async () => {
    const page = await browser.page({ timezoneId: 'Asia/Tokyo' })
    await page.goto(`${service.url}/inbox/${mail.id}`)
    expect(await page.locator('.facts time').textContent()).toMatch(/GMT\+9|JST/)
    const html = await (
      await page.request.get(`${service.url}/inbox/${mail.id}`, { headers: { Accept: 'text/html' } })
    ).text()
    expect(html).toMatch(/GMT\+9|JST/)
    await page.context().close()
  })

  test('a clock counts down where a script runs, and says the time of day where none does', async () => {
    const counting = await browser.page()
    await counting.goto(`${service.url}/docs/components`)
    expect(await counting.locator('.ways time').textContent()).toMatch(/^in 0:2\d$/)
    const still = await browser.page({ script: false })
    await still.goto(`${service.url}/docs/components`)
    expect(await still.locator('.ways time').textContent()).toMatch(/^at \d\d:\d\d:\d\d$/)
    expect(await still.locator('button[data-reveals], button[data-copies]').first().isVisible()).toBe(false)
    await counting.context().close()
    await still.context().close()
  })

  test('a password can be shown and hidden again', async () => {
    const page = await browser.page()
    await page.goto(`${service.url}/docs/components`)
    await page.locator('#password').fill('correct horse')
    await page.getByRole('button', { name: 'Show the password' }).click()
    expect(await page.locator('#password').getAttribute('type')).toBe('text')
    await page.getByRole('button', { name: 'Show the password' }).click()
    expect(await page.locator('#password').getAttribute('type')).toBe('password')
    await page.context().close()
  })
})
