import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import type { RunningService } from '../support/running-service.ts'
import { codeIn, type Eyes, openPeoplesService, openVisitor, type Visitor } from '../support/visitor.ts'

const everyone = [
  { language: 'en', script: true, colorScheme: 'light', width: 1280 },
  { language: 'ar', script: false, colorScheme: 'dark', width: 320 },
  { language: 'ja', script: true, colorScheme: 'dark', width: 320 },
] as const satisfies Eyes[]

const password = 'seven quiet herons by the weir'

let service: RunningService
let browser: Browser

/** The newest code to an address, once one has come that is not this. */
async function newCode(to: string, after = ''): Promise<string> {
  let code = ''
  await expect
    .poll(
      async () => {
        const codes = (await service.inbox(to)).map(codeIn).filter((one) => one !== '')
        code = codes[0] ?? ''
        return code !== '' && code !== after
      },
      { timeout: 60_000, interval: 50 },
    )
    .toBe(true)
  return code
}

describe.skipIf(!chromiumPath)('security info, by its owner', () => {
  beforeAll(async () => {
    service = await openPeoplesService()
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await service?.close()
  }, 120_000)

  test.each(everyone)(
    'in $language, script: $script, $colorScheme, $width px',
    async (eyes) => {
      const visitor = await openVisitor(browser, service, eyes)
      const { says } = visitor
      const first = `mira.${eyes.language}@example.com`
      const second = `mira.second.${eyes.language}@example.org`
      await signUp(visitor, first)
      await visitor.way('security.title')
      expect(await visitor.heading()).toBe(says('security.title'))
      expect(await visitor.text()).toContain(says('security.weakness.one_way'))
      await visitor.looksRight('security, with one way back')
      const home = visitor.page.url()

      await visitor.follow(() => visitor.page.locator('.rows a').first().click())
      await visitor.looksRight('an item')
      await visitor.way('security.remove')
      await visitor.looksRight('the last one stays')
      await visitor.follow(() => visitor.page.locator('main a.button').click())
      await visitor.looksRight('adding first')
      await visitor.typeInto('contact', 'not an address')
      await visitor.send()
      await visitor.looksRight('adding, a bad address', 'error')
      expect(await visitor.page.locator('#contact').inputValue()).toBe('not an address')
      await visitor.typeInto('contact', second)
      await visitor.send()
      await visitor.looksRight('waiting for the code of the new one')
      await visitor.typeInto('code', await newCode(second))
      await visitor.send()
      expect(await visitor.heading()).toBe(says('security.removeTitle'))
      await visitor.looksRight('back at the removal')
      await visitor.send()
      expect(await visitor.text()).toContain(says('security.done.removed'))
      expect(await visitor.page.locator('.rows').first().textContent()).not.toContain(first)
      await visitor.looksRight('removed')

      await signInElsewhere(eyes, first, second)
      await visitor.open(home)
      await visitor.looksRight('security, once more')
      await visitor.leave()
      await freezeAndUndo(eyes, first)
    },
    300_000,
  )

  /** The same account on a known browser, with nothing but the password: a step-up is asked for. */
  async function signInElsewhere(eyes: Eyes, first: string, second: string) {
    const visitor = await openVisitor(browser, service, eyes)
    const { says } = visitor
    const signIn = async () => {
      await visitor.open('/signin')
      await visitor.typeInto('username', first)
      await visitor.send()
      await visitor.typeInto('password', password)
      await visitor.send()
    }
    const before = codeIn((await service.inbox(second)).find((one) => codeIn(one) !== '') as never)
    await signIn()
    await visitor.send()
    const code = await newCode(second, before)
    await visitor.typeInto('code', code)
    await visitor.send()
    await signIn()
    await visitor.way('account.password')
    expect(await visitor.heading()).toBe(says('stepUp.title'))
    await visitor.looksRight('a step-up')
    await visitor.send()
    await visitor.looksRight('a step-up waits for its code')
    await visitor.typeInto('code', await newCode(second, code))
    await visitor.send()
    expect(await visitor.heading()).toBe(says('changePassword.title'))
    await visitor.leave()
  }

  /** By the notice of the removal that went to the contact which it removed. */
  async function freezeAndUndo(eyes: Eyes, first: string) {
    const visitor = await openVisitor(browser, service, eyes)
    const { says } = visitor
    const notice = (await service.inbox(first)).find(({ text }) => text.includes('/changes/'))
    await visitor.open(/\/changes\/[\w-]{43}/.exec(notice?.text ?? '')?.[0] ?? '')
    await visitor.looksRight('the page behind a notice')
    await visitor.typeInto('reference', 'AAA-AA')
    await visitor.send()
    await visitor.looksRight('a wrong reference', 'error')
    await visitor.typeInto('reference', notice?.reference ?? '')
    await visitor.send()
    expect(await visitor.heading()).toBe(says('stopChange.doneTitle'))
    await visitor.looksRight('a change is frozen')

    // The older contact decides: what took its place came by a change that can still be undone.
    const before = (await service.inbox(first)).map(codeIn).find((code) => code !== '')
    await visitor.open('/signin')
    await visitor.typeInto('username', first)
    await visitor.send()
    await visitor.typeInto('password', password)
    await visitor.send()
    await visitor.page.locator('input[name=item]').first().check()
    await visitor.send()
    await visitor.typeInto('code', await newCode(first, before))
    await visitor.send()
    await visitor.way('security.title')
    expect(await visitor.text()).toContain(says('change.frozenTitle'))
    await visitor.looksRight('an account that is held still')
    await visitor.follow(() => visitor.page.getByText(says('change.decide')).click())
    await visitor.looksRight('a frozen change')
    await visitor.way('change.keep')
    await visitor.looksRight('it was me after all')
    await visitor.way('page.back')
    await visitor.way('change.undo')
    await visitor.looksRight('undoing')
    await visitor.send()
    expect(await visitor.text()).toContain(says('security.done.undone'))
    await visitor.looksRight('undone')
    await visitor.leave()
  }

  async function signUp(visitor: Visitor, address: string) {
    await visitor.open('/signup')
    await visitor.typeInto('email', address)
    await visitor.send()
    await visitor.typeInto('code', await newCode(address))
    await visitor.send()
    await visitor.typeInto('password', password)
    await visitor.send()
  }
})
