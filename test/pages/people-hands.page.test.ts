import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, chromiumPath, openBrowser, overflow } from '../support/browser.ts'
import type { RunningService } from '../support/running-service.ts'
import { type Eyes, openPeoplesService, openVisitor, type Visitor } from '../support/visitor.ts'

const eyes: Eyes = { language: 'en', script: true, colorScheme: 'light', width: 1280 }
const password = 'seven quiet herons by the weir'

let service: RunningService
let browser: Browser

describe.skipIf(!chromiumPath)('signing up and in', () => {
  beforeAll(async () => {
    service = await openPeoplesService()
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await service?.close()
  }, 120_000)

  test.each([true, false])(
    'works with the keyboard alone, and what has the focus is seen (script: %s)',
    async (script) => {
      const address = `keys.${script}@example.com`
      const visitor = await openVisitor(browser, service, { ...eyes, script })
      await visitor.open('/')
      await pressOn(visitor, 'main a[href="/signup"]')
      await typeAt(visitor, '#email', 'nobody at all')
      await enter(visitor)
      expect(await visitor.page.title()).toMatch(/^Error: /)
      if (script) expect(await hasFocus(visitor, '.errors')).toBe(true)
      await tabTo(visitor, '.errors a')
      await visitor.page.keyboard.press('Enter')
      expect(await hasFocus(visitor, '#email')).toBe(true)
      await visitor.page.keyboard.press('ControlOrMeta+a')
      await visitor.page.keyboard.type(address)
      await enter(visitor)
      await typeAt(visitor, '#code', await service.readCode(address))
      await pressOn(visitor, 'form.card button[type=submit]')
      await typeAt(visitor, '#password', password)
      await pressOn(visitor, 'form.card button[type=submit]')
      expect(await visitor.heading()).toBe('Your account')
      await pressOn(visitor, 'form[action$="/signout"] button')

      await pressOn(visitor, 'main a[href="/signin"]')
      await typeAt(visitor, '#username', address)
      await tabTo(visitor, '#keep')
      await visitor.page.keyboard.press('Space')
      expect(await visitor.page.locator('#keep').isChecked()).toBe(true)
      await pressOn(visitor, 'form.card button[type=submit]')
      await typeAt(visitor, '#password', password)
      await enter(visitor)
      expect(await visitor.heading()).toBe('Your account')
      await visitor.leave()
    },
    300_000,
  )

  test.each([640, 1280] as const)(
    'loses nothing at twice the size in a window of %d px',
    async (width) => {
      const address = `zoom.${width}@example.com`
      // Zoomed to 200 %, a window has half as many CSS pixels, each of them two of the screen's.
      const more = { viewport: { width: width / 2, height: 400 }, deviceScaleFactor: 2 }
      const visitor = await openVisitor(browser, service, eyes, more)
      await visitor.open('/signup')
      await losesNothing(visitor)
      await visitor.typeInto('email', 'nobody')
      await visitor.send()
      await losesNothing(visitor)
      await visitor.typeInto('email', address)
      await visitor.send()
      await losesNothing(visitor)
      await visitor.typeInto('code', await service.readCode(address))
      await visitor.send()
      await losesNothing(visitor)
      await visitor.typeInto('password', password)
      await visitor.send()
      await losesNothing(visitor)
      await visitor.leave()
    },
    300_000,
  )

  test('keeps every page within 15 KB of style and 8 KB of script', async () => {
    const visitor = await openVisitor(browser, service, eyes)
    const address = 'weight@example.com'
    const light = async () => {
      const { style, script } = await weigh(visitor)
      expect(style).toBeGreaterThan(0)
      expect(style).toBeLessThanOrEqual(15 * 1024)
      expect(script).toBeGreaterThan(0)
      expect(script).toBeLessThanOrEqual(8 * 1024)
    }
    await visitor.open('/signin')
    await light()
    await visitor.open('/signup')
    await light()
    await visitor.typeInto('email', address)
    await visitor.send()
    await light()
    await visitor.typeInto('code', await service.readCode(address))
    await visitor.send()
    await light()
    await visitor.typeInto('password', password)
    await visitor.send()
    await light()
    await visitor.way('account.password')
    await light()
    await visitor.leave()
  }, 300_000)
})

/** Presses Tab until it has been everywhere on the page, or is where it should be. */
async function tabTo(visitor: Visitor, to: string): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    await visitor.page.keyboard.press('Tab')
    if (!(await hasFocus(visitor, to))) continue
    expect(await focusIsSeen(visitor), `the focus on ${to}`).toBe(true)
    return
  }
  throw new Error(`Tab never comes to ${to}.`)
}

const hasFocus = (visitor: Visitor, to: string): Promise<boolean> =>
  visitor.page.evaluate<boolean>(`document.activeElement.matches(${JSON.stringify(to)})`)

/** An outline of 2 px or more around what has the focus, or around the card it is in, wholly within the window. */
const focusIsSeen = (visitor: Visitor): Promise<boolean> =>
  visitor.page.evaluate<boolean>(`(() => {
    const one = document.activeElement
    const box = one.getBoundingClientRect()
    const outlined = [one, one.closest('.choice')].some((part) => {
      if (part === null) return false
      const { outlineStyle, outlineWidth } = getComputedStyle(part)
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
    })
    return outlined && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth
  })()`)

async function typeAt(visitor: Visitor, field: string, text: string) {
  await tabTo(visitor, field)
  await visitor.page.keyboard.type(text)
}

const enter = (visitor: Visitor) => visitor.follow(() => visitor.page.keyboard.press('Enter'))

async function pressOn(visitor: Visitor, to: string) {
  await tabTo(visitor, to)
  await enter(visitor)
}

/** Nothing reaches out of the window, no text is cut off, and the main button can be scrolled to and is not covered. */
async function losesNothing(visitor: Visitor) {
  const { page } = visitor
  expect(await overflow(page)).toBeLessThanOrEqual(0)
  const cut = await page.evaluate<string[]>(`
    [...document.querySelectorAll('main :is(h1, h2, p, label, legend, dt, dd, button, a, li)')]
      .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'hidden'
        && !one.matches('.unseen'))
      .map((one) => one.outerHTML.slice(0, 80))`)
  expect(cut).toEqual([])
  const button = page.locator('main button[type=submit]').first()
  await button.click({ trial: true })
}

/** How many bytes of style and of script the open page brings, as they are before any compression. */
async function weigh({ page }: Visitor) {
  const brought = await page.evaluate<{ style: string[]; script: string[]; inline: number }>(`({
    style: [...document.querySelectorAll('link[rel=stylesheet]')].map((one) => one.href),
    script: [...document.scripts].map((one) => one.src),
    inline: document.querySelectorAll('style, [style]').length,
  })`)
  expect(brought.inline).toBe(0)
  const total = async (urls: string[]) => {
    for (const url of urls) expect(new URL(url).origin).toBe(service.url)
    const contents = await Promise.all(urls.map(async (url) => (await fetch(url)).arrayBuffer()))
    return contents.reduce((sum, content) => sum + content.byteLength, 0)
  }
  return { style: await total(brought.style), script: await total(brought.script) }
}
