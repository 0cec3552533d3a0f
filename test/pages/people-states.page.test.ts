import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hours, minutes } from '../../src/core/time.ts'
import { type MadeAccount, makeAccount, signIn, signInByCode } from '../support/accounts.ts'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { openServedWorld, type ServedWorld } from '../support/served-world.ts'
import { type Eyes, openVisitor, otherThan, type Visitor } from '../support/visitor.ts'
import { withLimits } from '../support/world.ts'

/** The states of the pages that only time, another window or many accounts bring. */
const everyone = [
  { language: 'en', script: true, colorScheme: 'light', width: 1280 },
  { language: 'ar', script: false, colorScheme: 'dark', width: 320 },
  { language: 'ja', script: true, colorScheme: 'light', width: 320, axe: false },
] as const satisfies Eyes[]

let world: ServedWorld
let browser: Browser
let people = 0

describe.skipIf(!chromiumPath)('the pages of signing in, later and elsewhere', () => {
  beforeAll(async () => {
    // All who visit come from this one machine.
    const any = { sends: [], failures: [] }
    const here = { ip: any, network: any, browser: any }
    world = await openServedWorld({ policy: withLimits(here) })
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  }, 120_000)

  describe.each(everyone)('in $language, script: $script, $colorScheme, $width px', (eyes) => {
    let account: MadeAccount
    let visitor: Visitor
    const begin = async () => {
      people += 1
      account = await makeAccount(world, `owner${people}@example.org`)
      visitor = await openVisitor(browser, world, eyes)
      await untilCode(visitor, account)
      return { account, visitor, code: await world.readCode(account.email) }
    }
    const shows = async (text: string) => expect(await visitor.text()).toContain(text)

    test('a code that ran out, and a page that did', async () => {
      const { code } = await begin()
      await world.advance(minutes(10))
      await visitor.page.reload()
      await shows(visitor.says('waiting.over'))
      await visitor.looksRight('a page whose code has run out')
      await visitor.typeInto('code', code)
      await visitor.send()
      await visitor.looksRight('a code that ran out', 'error')
      await visitor.way('waiting.newCode')
      await visitor.send()
      await shows(visitor.says('waiting.tries', { left: 5 }))
      await world.advance(hours(1))
      await visitor.page.reload()
      await shows(visitor.says('refusal.flow_ended.detail'))
      await visitor.looksRight('a page that ran out')
      await visitor.leave()
    }, 300_000)

    test('a code that was asked for again too soon', async () => {
      await begin()
      await visitor.way('waiting.noCode')
      await visitor.looksRight('asked again too soon', 'error')
      await world.advance(minutes(1))
      await visitor.way('waiting.noCode')
      await shows(visitor.says('waiting.askedAgain'))
      await visitor.looksRight('asked again')
      await visitor.leave()
    }, 300_000)

    test('a code that was replaced, on the page that waits for the new one', async () => {
      const { code } = await begin()
      await visitor.way('waiting.otherWay')
      await visitor.looksRight('choosing another way')
      await visitor.way('choose.back')
      await visitor.way('waiting.otherWay')
      await visitor.send()
      await visitor.typeInto('code', code)
      await visitor.send()
      await shows(visitor.says('waiting.tries', { left: 4 }))
      expect(await visitor.page.locator('.errors').textContent()).not.toContain(
        visitor.says('refusal.code_wrong.detail', { attempts_left: 4 }),
      )
      await visitor.looksRight('a code that was replaced', 'error')
      await visitor.typeInto('code', await world.readCode(account.email))
      await visitor.send()
      expect(await visitor.heading()).toBe(visitor.says('account.title'))
      await visitor.leave()
    }, 300_000)

    test('a window that is behind another, and a code that was used there', async () => {
      const { code } = await begin()
      await visitor.openWindow()
      await visitor.open('/signin')
      await visitor.follow(() => visitor.page.locator('.notice a').click())
      await visitor.way('waiting.otherWay')
      await visitor.send()
      await visitor.turnTo(0)
      await visitor.typeInto('code', otherThan(code))
      await visitor.send()
      await shows(visitor.says('refusal.step_elsewhere.detail'))
      await visitor.looksRight('a page that another window answered', 'error')
      await visitor.turnTo(1)
      const newer = await world.readCode(account.email)
      await visitor.typeInto('code', newer)
      await visitor.send()
      expect(await visitor.heading()).toBe(visitor.says('account.title'))
      await world.advance(minutes(2))
      await visitor.turnTo(0)
      await visitor.typeInto('code', newer)
      await visitor.send()
      await shows(visitor.says('help.code_used.do'))
      await visitor.looksRight('a code that was used in another window')
      await visitor.leave()
    }, 300_000)

    test('no more codes for an address, and none that goes anywhere else', async () => {
      await begin()
      for (let sent = 1; sent < 4; sent += 1) {
        await visitor.way('waiting.otherWay')
        await visitor.send()
      }
      await visitor.way('waiting.otherWay')
      await visitor.send()
      await visitor.looksRight('too many codes', 'error')
      await visitor.leave()
    }, 300_000)

    test('accounts side by side, each in a window of its own, and ten at most', async () => {
      const { code } = await begin()
      await visitor.typeInto('code', code)
      await visitor.send()
      const first = account
      for (let more = 2; more <= 10; more += 1) {
        people += 1
        account = await makeAccount(world, `owner${people}@example.org`)
        await visitor.skip((person) => signInByCode(world, person, account.email))
        await shows(account.email)
        if (more === 2) {
          await visitor.open('/account')
          await shows(first.email)
          await shows(account.email)
          await visitor.looksRight('the choice of two accounts')
        }
      }
      people += 1
      account = await makeAccount(world, `owner${people}@example.org`)
      await untilCode(visitor, account)
      await visitor.typeInto('code', await world.readCode(account.email))
      await visitor.send()
      await shows(visitor.says('refusal.accounts_full.detail', { most: 10 }))
      await visitor.looksRight('too many accounts')
      await visitor.leave()
    }, 300_000)
  })
})

const untilCode = (visitor: Visitor, { email }: MadeAccount): Promise<void> =>
  visitor.skip(async (person) => {
    await signIn(person, email)
    await person.submit({ item: person.form('item').fields.item ?? '' })
  })
