import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, hours, minutes } from '../../src/core/time.ts'
import { type MadeAccount, makeAccount, signIn } from '../support/accounts.ts'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import type { App } from '../support/items.ts'
import { disturb, settle } from '../support/lived-in-account.ts'
import { differenceFrom } from '../support/screenshots.ts'
import { openServedWorld, type ServedWorld } from '../support/served-world.ts'
import { type Eyes, openVisitor, type Visitor } from '../support/visitor.ts'
import { withLimits } from '../support/world.ts'

/** Each with accounts of their own: what one does to them is not in the pictures of another. */
const everyone = [
  { language: 'en', script: true, colorScheme: 'light', width: 1280, weak: 'leo', full: 'maria' },
  { language: 'en', script: true, colorScheme: 'dark', width: 320, weak: 'lea', full: 'marta' },
  { language: 'ar', script: true, colorScheme: 'light', width: 320, weak: 'amir', full: 'layla' },
] as const satisfies (Eyes & { weak: string; full: string })[]

const userAgent =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

let world: ServedWorld
let browser: Browser
const accounts = new Map<string, { weak: MadeAccount; full: MadeAccount; app: App }>()

describe.skipIf(!chromiumPath)('the pages of an account look as they did', () => {
  beforeAll(async () => {
    const any = { sends: [], failures: [] }
    world = await openServedWorld({
      policy: withLimits({ ip: any, network: any, browser: any }),
      placeOf: (ip, locale) => places[ip]?.[locale === 'ar' ? 'ar' : 'en'],
    })
    browser = await openBrowser()
    for (const [nth, { weak, full }] of everyone.entries()) {
      const made = await makeAccount(world, `${full}@example.org`)
      const app = await settle(world, made, `+35191234560${nth}`)
      accounts.set(full, { weak: await makeAccount(world, `${weak}@example.org`), full: made, app })
    }
    await world.advance(days(40) + hours(3))
    for (const { full } of accounts.values()) await disturb(world, full)
    await world.advance(hours(20))
    await world.carried()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  }, 120_000)

  test.each(everyone)(
    'in $language, $colorScheme, $width px',
    async (eyes) => {
      const visitor = await openVisitor(browser, world, eyes, {
        bypassCSP: true,
        deviceScaleFactor: process.env.SHOTS ? 1 : 0.5,
        userAgent,
      })
      const looks = async (step: string, kind: 'fine' | 'error' = 'fine') => {
        await steady(visitor.page)
        // Narrow, dark and from right to left, other tests hold the same pages to what every page promises.
        if (eyes.width === 1280) await visitor.looksRight(step, kind)
        const name = `${step}-${eyes.language}-${eyes.colorScheme}-${eyes.width}`
        if (process.env.SHOTS)
          await visitor.page.screenshot({ fullPage: true, path: `${process.env.SHOTS}/${name}.png` })
        else expect.soft(await differenceFrom(visitor.page, `account/${name}`), name).toBeUndefined()
      }
      const { weak, full, app } = accounts.get(eyes.full) as {
        weak: MadeAccount
        full: MadeAccount
        app: App
      }
      await weakAccount(visitor, weak, looks)
      await fullAccount(visitor, full, app, looks)
      await visitor.leave()
    },
    300_000,
  )
})

type Looks = (step: string, kind?: 'fine' | 'error') => Promise<void>

async function weakAccount(visitor: Visitor, account: MadeAccount, looks: Looks) {
  await visitor.skip(async (person) => {
    await signIn(person, account.email)
    await person.submit({ item: account.itemId })
  })
  const waiting = visitor.page.url()
  const code = await world.readCode(account.email)
  const message = (await world.inbox(account.email)).at(-1)
  await visitor.open(/\/report\/[\w-]{43}/.exec(message?.text ?? '')?.[0] ?? '')
  await looks('report')
  await world.advance(minutes(1))
  await visitor.open(waiting)
  await visitor.typeInto('code', code)
  await visitor.send()
  const home = new URL(visitor.page.url()).pathname
  await visitor.open(home)
  await looks('account')
  await visitor.open(`${home}/security`)
  await looks('security-weak')
  const item = await visitor.page.locator('.rows a').first().getAttribute('href')
  await visitor.open(`${home}/security/checkup`)
  await looks('checkup')
  await visitor.open(`${item}`)
  await looks('item')
  await visitor.open(`${item}/remove`)
  await looks('add-before-removing')
  await visitor.open(`${home}/security/add`)
  await visitor.typeInto('contact', 'not an address')
  await visitor.send()
  await looks('add-declined', 'error')
  await visitor.open(`${home}/security/totp`)
  await visitor.typeInto('code', '000000')
  await visitor.send()
  await looks('totp-declined', 'error')
  await visitor.open(`${home}/security/passkey`)
  await looks('passkey')
  await visitor.open(`${home}/security/two-step`)
  await looks('two-step-needs')
  await world.carried()
  await visitor.open(`${home}/messages`)
  await visitor.page.locator('.rows summary').first().click()
  await looks('messages')
}

async function fullAccount(visitor: Visitor, account: MadeAccount, app: App, looks: Looks) {
  const { page, says } = visitor
  const home = await signInByApp(visitor, account, app)
  await visitor.open('/account')
  await looks('picker')
  await visitor.open(`${home}/security`)
  await looks('security-full')
  const young = page.locator('.rows a[href*="/items/"]').filter({ hasText: 'se••••@example.com' })
  await visitor.follow(() => young.click())
  await looks('item-on-probation')
  await visitor.open(`${home}/security`)
  await visitor.follow(() => page.locator('.rows a[href*="/items/"]').filter({ hasText: 'Blue key' }).click())
  await visitor.way('security.remove')
  await looks('remove')
  await visitor.open(`${home}/password`)
  await looks('password')
  await visitor.open(`${home}/security/two-step`)
  await looks('two-step-on')
  await visitor.open(`${home}/security/two-step/off`)
  await looks('two-step-off')
  await visitor.open(`${home}/trusted-browsers`)
  await looks('trusted-browsers')
  await visitor.open(`${home}/sessions`)
  await looks('sessions')
  await visitor.open(`${home}/activity`)
  await looks('activity')
  await visitor.follow(() => page.getByText(says('activity.notMe')).first().click())
  await looks('not-me')
  await visitor.open(`${home}/stepup?for=remove_item&return_to=${home}/security`)
  await looks('step-up')
  await page.locator('.choice').filter({ hasText: '@' }).click()
  await visitor.send()
  await world.carried()
  await page.reload()
  await looks('step-up-waiting')
  // What happens at one moment has no order.
  await world.advance(minutes(1))
  await visitor.open(`${home}/security/recovery-code`)
  await looks('recovery-code-again')
  await visitor.send()
  await looks('recovery-code')
  await notices(visitor, account, looks)
  // Whoever came in after the change is signed out by freezing it, this browser too.
  await world.advance(minutes(1))
  expect(await signInByApp(visitor, account, app)).toBe(home)
  await visitor.open(`${home}/security`)
  await looks('security-frozen')
  await visitor.follow(() => page.getByText(says('change.decide')).click())
  await looks('change-frozen')
  await visitor.way('change.undo')
  await looks('change-undo')
  await visitor.open(`${home}/activity`)
  await visitor.follow(() => page.getByText(says('activity.notMe')).first().click())
  await visitor.send()
  await looks('secure')
}

async function signInByApp(visitor: Visitor, account: MadeAccount, app: App): Promise<string> {
  await visitor.skip(async (person) => {
    const { path } = await signIn(person, account.email)
    if (path.startsWith('/account/')) return
    await person.submit({ item: app.itemId })
    person.form('code').fields.trust = 'yes'
    await person.submit({ code: app.code() })
  })
  return new URL(visitor.page.url()).pathname
}

/** The page behind the link of a notice. */
async function notices(visitor: Visitor, account: MadeAccount, looks: Looks) {
  const notice = (await world.inbox(account.email)).find(({ text }) => text.includes('/changes/'))
  await visitor.open(/\/changes\/[\w-]{43}/.exec(notice?.text ?? '')?.[0] ?? '')
  await visitor.typeInto('reference', 'AAA-AA')
  await visitor.send()
  await looks('notice-declined', 'error')
  await visitor.typeInto(
    'reference',
    /\b[2-8a-fhjkmnp-tv-z]{3}-[2-8a-fhjkmnp-tv-z]{2}\b/.exec(notice?.text ?? '')?.[0] ?? '',
  )
  await visitor.send()
  await looks('notice-frozen')
}

const places: Record<string, { en: string; ar: string }> = {
  '203.0.113.20': { en: 'Lisbon, Portugal', ar: 'لشبونة، البرتغال' },
  '198.51.100.7': { en: 'Tallinn, Estonia', ar: 'تالين، إستونيا' },
}

/**
 * What is random is made the same and keeps its place and its length, such as references and clocks that count down; of
 * codes, keys and QR codes only the box is left. Times stay: they are the story's.
 */
const steady = (page: Page): Promise<void> =>
  page.evaluate(`(() => {
    for (const clock of document.querySelectorAll('time[data-left]')) {
      clock.textContent = clock.dataset.left.replace('{left}', '0:30')
      clock.removeAttribute('data-left')
    }
    for (const shown of document.querySelectorAll('.digits-shown')) {
      shown.textContent = shown.textContent.replace(/[A-Z2-7]/g, 'K')
      shown.style.color = 'transparent'
    }
    for (const squares of document.querySelectorAll('.qr path + path')) squares.remove()
    const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      const text = texts.currentNode
      const same = text.data.replace(/\\b[2-8a-fhjkmnp-tv-z]{3}-[2-8a-fhjkmnp-tv-z]{2}\\b/g, 'k7f-2q')
      if (same !== text.data) text.data = same
    }
  })()`)
