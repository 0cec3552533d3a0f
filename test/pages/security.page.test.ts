import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signIn, signUp } from '../support/accounts.ts'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import type { RunningService } from '../support/running-service.ts'
import { type Eyes, openPeoplesService, openVisitor } from '../support/visitor.ts'

const everyone = [
  { language: 'en', script: true, colorScheme: 'light', width: 1280 },
  { language: 'ar', script: false, colorScheme: 'dark', width: 320 },
  { language: 'ja', script: true, colorScheme: 'dark', width: 320, axe: false },
] as const satisfies Eyes[]

let service: RunningService
let browser: Browser

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
      await visitor.skip((person) => signUp(service, person, first))
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
      await visitor.typeInto('code', await service.readCode(second))
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
    await visitor.skip(async (person) => {
      await signIn(person, first)
      await person.submit({ item: person.form('item').fields.item ?? '' })
      await person.submit({ code: await service.readCode(second) })
      await signIn(person, first)
    })
    await visitor.way('account.password')
    expect(await visitor.heading()).toBe(says('stepUp.title'))
    await visitor.looksRight('a step-up')
    await visitor.send()
    await visitor.looksRight('a step-up waits for its code')
    await visitor.typeInto('code', await service.readCode(second))
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
    await visitor.skip((person) => signIn(person, first))
    await visitor.page.locator('input[name=item]').first().check()
    await visitor.send()
    await visitor.typeInto('code', await service.readCode(first))
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
})
