import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import type { RunningService } from '../support/running-service.ts'
import { type Eyes, openPeoplesService, openVisitor, otherThan, type Visitor } from '../support/visitor.ts'

/** Each language with and without scripts; each width, and each of light and dark, with both. */
const everyone = [
  { language: 'en', script: true, colorScheme: 'light', width: 1280 },
  { language: 'en', script: false, colorScheme: 'dark', width: 320, axe: false },
  { language: 'ar', script: true, colorScheme: 'dark', width: 320 },
  { language: 'ar', script: false, colorScheme: 'light', width: 1280, axe: false },
  { language: 'ja', script: true, colorScheme: 'light', width: 320, axe: false },
  { language: 'ja', script: false, colorScheme: 'dark', width: 1280, axe: false },
] as const satisfies Eyes[]

const password = 'seven quiet herons by the weir'
const newPassword = 'nine loud starlings on a wire'

let service: RunningService
let browser: Browser

const nameOf = ({ language, script }: Eyes) => `noor.${language}.${script ? 'script' : 'plain'}@example.com`

describe.skipIf(!chromiumPath)('a person at the pages', () => {
  beforeAll(async () => {
    service = await openPeoplesService()
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await service?.close()
  }, 120_000)

  const on = (eyes: Eyes) => openVisitor(browser, service, eyes)

  describe.each(everyone)('in $language, script: $script, $colorScheme, $width px', (eyes) => {
    const address = nameOf(eyes)
    let home: Visitor
    beforeAll(async () => {
      home = await on(eyes)
    })
    afterAll(() => home?.leave())

    test(
      'signs up with a code and a password, and learns at each mistake what to do',
      () => signUp(home, address),
      300_000,
    )

    test('changes the password, signs out, and signs in again on the same browser without a code', async () => {
      await changePassword(home)
      await signInAtHome(home, address)
    }, 300_000)

    test('signs in on a new browser with a code; two clicks spend one try; a closed window loses nothing', async () => {
      const away = await on(eyes)
      await signInAway(away, address)
      await away.leave()
    }, 300_000)

    test('gets past strangers who used up the guesses, by completing an address', async () => {
      const stranger = await on(eyes)
      await guessNineTimes(stranger, address, { seen: eyes === everyone[0] })
      await signInGuarded(stranger, address)
      await stranger.leave()
    }, 300_000)

    test('finds a way on where a step has ended or never was', async () => {
      await home.open('/signin/00000000-0000-4000-8000-000000000000')
      await home.looksRight('a flow that has ended')
      await home.open('/administrator/none')
      await home.looksRight('an invitation that has ended')
      await home.open(service.administratorLink)
      await home.looksRight('an invitation, signed in')
      expect(await home.page.getByRole('radio').count()).toBe(2)
    }, 300_000)
  })

  test('the first administrator comes by the link of the first start, which works once', async () => {
    const someone = await on(everyone[0])
    await someone.open(service.administratorLink)
    await someone.looksRight('an invitation')
    await someone.send()
    expect(await someone.text()).toContain(someone.says('signUp.invited'))
    await someone.looksRight('an invited sign-up')
    await someone.typeInto('email', 'first@example.com')
    await someone.send()
    await someone.typeInto('code', await service.readCode('first@example.com'))
    await someone.send()
    await someone.typeInto('password', password)
    await someone.send()
    expect(await someone.text()).toContain(someone.says('account.administrator'))
    await someone.looksRight("the administrator's account")
    await someone.open(service.administratorLink)
    expect(await someone.page.locator('form.card').count()).toBe(0)
    await someone.leave()
  }, 300_000)
})

async function signUp(visitor: Visitor, address: string) {
  const { says } = visitor
  await visitor.open('/')
  await visitor.looksRight('the first page')
  await visitor.follow(() => visitor.page.locator('main a[href="/signup"]').click())
  await visitor.looksRight('sign-up')
  await visitor.typeInto('email', 'noor at example')
  await visitor.send()
  await visitor.looksRight('a bad address', 'error')
  expect(await visitor.page.locator('#email').inputValue()).toBe('noor at example')
  await visitor.typeInto('email', address)
  await visitor.send()
  expect(await visitor.heading()).toContain(says('waiting.title'))
  expect(await visitor.heading()).toContain(address)
  const code = await service.readCode(address)
  await visitor.looksRight('waiting for a code')
  await visitor.typeInto('code', otherThan(code))
  await visitor.send()
  await visitor.looksRight('a wrong code', 'error')
  expect(await visitor.text()).toContain(says('waiting.tries', { left: 4 }))
  await visitor.typeInto('code', 'abc')
  await visitor.send()
  await visitor.looksRight('no code at all', 'error')
  expect(await visitor.text()).toContain(says('waiting.tries', { left: 4 }))
  await visitor.typeInto('code', ` ${code.slice(0, 3)} ${code.slice(3)} `)
  await visitor.send()
  expect(await visitor.heading()).toBe(says('newPassword.title'))
  await visitor.looksRight('choosing a password')
  await visitor.typeInto('password', 'short')
  await visitor.send()
  await visitor.looksRight('a short password', 'error')
  expect(await visitor.page.locator('#password').inputValue()).toBe('')
  await visitor.typeInto('password', password)
  await visitor.send()
  await atAccount(visitor, address)
  await visitor.looksRight('the account')
}

async function atAccount(visitor: Visitor, address: string) {
  expect(await visitor.heading()).toBe(visitor.says('account.title'))
  expect(await visitor.text()).toContain(address)
}

async function changePassword(visitor: Visitor) {
  const { says } = visitor
  await visitor.way('account.password')
  await visitor.looksRight('changing the password')
  await visitor.typeInto('current', 'not the one I have')
  await visitor.typeInto('next', newPassword)
  await visitor.send()
  await visitor.looksRight('a wrong present password', 'error')
  expect(await visitor.page.locator('#current').getAttribute('aria-invalid')).toBe('true')
  await visitor.typeInto('current', password)
  await visitor.typeInto('next', 'short')
  await visitor.send()
  await visitor.looksRight('a weak new password', 'error')
  expect(await visitor.page.locator('#next').getAttribute('aria-invalid')).toBe('true')
  await visitor.typeInto('current', password)
  await visitor.typeInto('next', newPassword)
  await visitor.send()
  expect(await visitor.text()).toContain(says('changePassword.done'))
  await visitor.looksRight('a changed password')
}

async function signInAtHome(visitor: Visitor, address: string) {
  await visitor.follow(() => visitor.page.locator('form[action$="/signout"] button').click())
  expect(new URL(visitor.page.url()).pathname).toBe('/')
  await visitor.open('/account')
  expect(new URL(visitor.page.url()).pathname).toBe('/signin')
  await visitor.looksRight('sign-in')
  await visitor.typeInto('username', 'noor')
  await visitor.send()
  await visitor.looksRight('a name that is none', 'error')
  await visitor.typeInto('username', address)
  await visitor.send()
  await visitor.looksRight('the password')
  await visitor.typeInto('password', password)
  await visitor.send()
  await visitor.looksRight('a wrong password', 'error')
  await visitor.typeInto('password', '123 456')
  await visitor.send()
  await visitor.looksRight('a code for a password', 'error')
  await visitor.typeInto('password', newPassword)
  await visitor.send()
  await atAccount(visitor, address)
}

async function signInAway(visitor: Visitor, address: string) {
  const { says } = visitor
  await visitor.open('/signin')
  await visitor.typeInto('username', address)
  await visitor.send()
  await visitor.typeInto('password', newPassword)
  await visitor.send()
  expect(await visitor.text()).toContain(says('choose.newBrowser'))
  await visitor.looksRight('where the code goes')
  await visitor.send()
  const code = await service.readCode(address)
  await visitor.looksRight('waiting for a code to sign in with')
  await visitor.typeInto('code', otherThan(code))
  await visitor.page.locator('form.card button[type=submit]').dblclick()
  await visitor.page.locator('.errors').waitFor()
  await visitor.page.waitForLoadState('load')
  expect(await visitor.text()).toContain(says('waiting.tries', { left: 4 }))
  await visitor.looksRight('a wrong code, clicked twice', 'error')

  await visitor.closeWindow()
  await visitor.open('/signin')
  expect(await visitor.text()).toContain(says('signIn.pending'))
  await visitor.looksRight('sign-in with another under way')
  await visitor.follow(() => visitor.page.locator('.notice a').click())
  await visitor.typeInto('code', code)
  await visitor.send()
  await atAccount(visitor, address)
}

/** All but the last of what strangers have in an hour; for one reader at the page itself. */
async function guessNineTimes(visitor: Visitor, address: string, { seen }: { seen: boolean }) {
  const guesses = Array.from({ length: 9 }, (_, nth) => `a guess, number ${nth}`)
  if (!seen) {
    return visitor.skip(async (person) => {
      await person.open('/signin')
      await person.submit({ username: address })
      for (const password of guesses) await person.submit({ password })
    })
  }
  await visitor.open('/signin')
  await visitor.typeInto('username', address)
  await visitor.send()
  for (const guess of guesses) {
    expect(await visitor.heading()).toBe(visitor.says('signIn.passwordTitle'))
    await visitor.typeInto('password', guess)
    await visitor.send()
  }
}

async function signInGuarded(visitor: Visitor, address: string) {
  const { says } = visitor
  expect(await visitor.heading()).toBe(says('signIn.passwordTitle'))
  await visitor.typeInto('password', 'a guess, and the last')
  await visitor.send()
  await visitor.looksRight('the tenth wrong password', 'error')
  await visitor.typeInto('password', newPassword)
  await visitor.send()
  expect(await visitor.text()).toContain(says('choose.guarded'))
  await visitor.looksRight('where the code goes, before the password')
  await visitor.send()
  await visitor.looksRight('completing the address')
  await visitor.typeInto('address', `not.${address}`)
  await visitor.send()
  expect(await visitor.text()).toContain(says('waiting.calm'))
  await visitor.looksRight('waiting for nothing, without a word of it')
  for (let tries = 0; tries < 5; tries += 1) {
    await visitor.typeInto('code', '12345678')
    await visitor.send()
  }
  await visitor.looksRight('no tries left', 'error')
  await visitor.way('waiting.newCode')
  await visitor.send()
  await visitor.typeInto('address', address)
  await visitor.send()
  const code = await service.readCode(address)
  expect(code).toHaveLength(8)
  await visitor.typeInto('code', code)
  await visitor.send()
  await atAccount(visitor, address)
}
