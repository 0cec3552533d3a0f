import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { password, signInByCode, signUp as signUpByHand } from '../support/accounts.ts'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { newPerson } from '../support/person.ts'
import type { RunningService } from '../support/running-service.ts'
import { type Eyes, openPeoplesService, openVisitor, type Visitor } from '../support/visitor.ts'

/** Each language, each width, light and dark, with scripts and without. */
const everyone = [
  { language: 'en', script: true, colorScheme: 'light', width: 1280 },
  { language: 'ar', script: false, colorScheme: 'dark', width: 320 },
  { language: 'ja', script: true, colorScheme: 'light', width: 320, axe: false },
] as const satisfies Eyes[]

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

let service: RunningService
let browser: Browser

describe.skipIf(!chromiumPath)('what happened, and who is signed in', () => {
  beforeAll(async () => {
    service = await openPeoplesService()
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await service?.close()
  }, 120_000)

  const signUp = async (visitor: Visitor, address: string): Promise<string> => {
    await visitor.skip((person) => signUpByHand(service, person, address))
    return new URL(visitor.page.url()).pathname
  }

  /** On a browser that the account doesn't know. */
  async function typeSignIn(visitor: Visitor, address: string): Promise<string> {
    await visitor.open('/signin')
    await visitor.typeInto('username', address)
    await visitor.send()
    await visitor.typeInto('password', password)
    await visitor.send()
    await visitor.send()
    await visitor.typeInto('code', await service.readCode(address))
    await visitor.send()
    return new URL(visitor.page.url()).pathname
  }

  const signIn = async (visitor: Visitor, address: string): Promise<string> => {
    await visitor.skip((person) => signInByCode(service, person, address))
    return new URL(visitor.page.url()).pathname
  }

  test.each([true, false])(
    'a code is read in one account while another waits for it, in one window (scripts: %s)',
    async (script) => {
      const eyes = { language: 'en', script, colorScheme: 'light', width: 1280 } as const
      const [waits, reads] = [`waits.${script}@example.com`, `reads.${script}@example.com`]
      const url = service.url
      for (const address of [waits, reads]) await signUpByHand(service, newPerson(service, { url }), address)
      const visitor = await openVisitor(browser, service, eyes)
      await visitor.open('/signin')
      await visitor.typeInto('username', waits)
      await visitor.send()
      await visitor.typeInto('password', password)
      await visitor.send()
      await visitor.send()
      const waiting = visitor.page.url()
      const code = await service.readCode(waits)
      // Half of it is typed already when the other account is opened in a second tab of the same window.
      await visitor.typeInto('code', code.slice(0, 3))
      const firstTab = visitor.page
      await visitor.newTab()
      const other = await typeSignIn(visitor, reads)
      await visitor.open(other)
      expect(await visitor.text()).toContain(reads)
      await visitor.open('/signin')
      expect(await visitor.text()).toContain(waits)
      await visitor.looksRight('sign-in with another that waits')
      expect([firstTab.url(), await firstTab.locator('#code').inputValue()]).toEqual([
        waiting,
        code.slice(0, 3),
      ])
      visitor.backTo(firstTab)
      await visitor.typeInto('code', code)
      await visitor.send()
      expect(await visitor.text()).toContain(waits)
      await visitor.open('/account')
      for (const address of [waits, reads]) expect(await visitor.text()).toContain(address)
      await visitor.looksRight('two accounts to choose from')
      await shot(visitor, `picker-${script}`, eyes)
      await visitor.leave()
    },
    300_000,
  )

  describe.each(everyone)('in $language, script: $script, $colorScheme, $width px', (eyes) => {
    const address = `mina.${eyes.language}@example.com`
    let owner: Visitor
    let stranger: Visitor
    let home: string
    beforeAll(async () => {
      owner = await openVisitor(browser, service, eyes)
      stranger = await openVisitor(browser, service, eyes, { userAgent: firefox })
    }, 60_000)
    afterAll(async () => {
      await owner?.leave()
      await stranger?.leave()
    })

    test('the owner reads what happened, disowns a sign-in, and is led to a new password', async () => {
      home = await signUp(owner, address)
      await owner.open(`${home}/activity?filter=codes`)
      expect(await owner.text()).toContain(owner.says('activity.emptyTitle'))
      await owner.looksRight('no activity of a kind')
      const theirs = await signIn(stranger, address)
      await owner.open(`${home}/activity`)
      await owner.looksRight('activity')
      await shot(owner, 'activity', eyes)
      expect(await owner.text()).toContain('Firefox')
      const rows = owner.page.locator('.rows > li')
      expect(await rows.first().textContent()).toContain(owner.says('activity.newBrowser'))
      await owner.follow(() => rows.first().getByText(owner.says('activity.notMe')).click())
      await owner.looksRight('disowning a sign-in')
      await shot(owner, 'not-me', eyes)
      await stranger.open(theirs)
      expect(new URL(stranger.page.url()).pathname).toBe(theirs)
      await owner.send()
      await owner.looksRight('the path after it')
      await shot(owner, 'secure', eyes)
      await stranger.open(theirs)
      expect(new URL(stranger.page.url()).pathname).toBe('/signin')
    }, 300_000)

    test('messages are listed, and a reference tells a real one from a forged one', async () => {
      await owner.open(`${home}/messages`)
      await owner.looksRight('messages')
      await owner.page.locator('.rows summary').first().click()
      await owner.looksRight('what became of a message')
      await shot(owner, 'messages', eyes)
      const reference = (await service.inbox(address))[0]?.reference ?? ''
      await owner.typeInto('reference', reference.toLowerCase())
      await owner.send()
      expect(await owner.text()).toContain(owner.says('messages.oursNext'))
      await owner.looksRight('a message of ours')
      await shot(owner, 'ours', eyes)
      await owner.typeInto('reference', 'ZZZ-ZZ')
      await owner.send()
      expect(await owner.text()).toContain(owner.says('messages.notOursNext'))
      expect(await owner.page.locator('#reference').inputValue()).toBe('ZZZ-ZZ')
      await owner.looksRight('a message of somebody else')
      await shot(owner, 'not-ours', eyes)
    }, 300_000)

    test('signed-in browsers are listed, and end one by one, all but this, or all', async () => {
      await signIn(stranger, address)
      await owner.open(`${home}/sessions`)
      await owner.looksRight('two browsers signed in')
      await shot(owner, 'sessions', eyes)
      await owner.follow(() => owner.page.locator('.rows form button').click())
      await owner.looksRight('one browser signed out')
      expect(await owner.text()).toContain(owner.says('sessions.ended'))
      expect(await owner.text()).toContain(owner.says('sessions.only'))
      await owner.follow(() =>
        owner.page.getByText(owner.says('sessions.everywhere'), { exact: true }).click(),
      )
      expect(await owner.heading()).toBe(owner.says('sessions.doneTitle'))
      await owner.looksRight('signed out everywhere')
      await shot(owner, 'everywhere', eyes)
      await owner.open(home)
      expect(new URL(owner.page.url()).pathname).toBe('/signin')
    }, 300_000)
  })
})

const shot = async (visitor: Visitor, name: string, eyes: Eyes) => {
  if (process.env.SHOTS)
    await visitor.page.screenshot({
      fullPage: true,
      path: `${process.env.SHOTS}/${name}-${eyes.language}.png`,
    })
}
