import { HOTP, Secret } from 'otpauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { password, signIn, signUp as signUpByHand } from '../support/accounts.ts'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { readByCamera, zbarPath } from '../support/qr-reader.ts'
import type { RunningService } from '../support/running-service.ts'
import { plugIn } from '../support/virtual-authenticator.ts'
import { type Eyes, openPeoplesService, openVisitor, type Visitor } from '../support/visitor.ts'

const english: Eyes = { language: 'en', script: true, colorScheme: 'light', width: 1280 }
const everyEyes: Eyes[] = [
  english,
  { language: 'ar', script: true, colorScheme: 'dark', width: 320 },
  { language: 'ja', script: false, colorScheme: 'light', width: 320, axe: false },
]

let service: RunningService
let browser: Browser

describe.skipIf(!chromiumPath)('the kinds of security info', () => {
  beforeAll(async () => {
    service = await openPeoplesService()
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await service?.close()
  }, 120_000)

  test.each(everyEyes)(
    'an app, two-step verification, a recovery code and a trusted browser: $language, scripts $script, $width px',
    async (eyes) => {
      const address = `kinds.${eyes.language}@example.com`
      const visitor = await openVisitor(browser, service, eyes)
      const { says } = visitor
      await signUp(visitor, address)
      const home = new URL(visitor.page.url()).pathname

      await visitor.open(`${home}/security/two-step`)
      await visitor.looksRight('two-step verification that lacks a second kind')
      await visitor.way('setUp.totpTitle')
      const key = await keyOn(visitor)
      await visitor.looksRight('setting up an app')
      if (zbarPath) {
        const address = await visitor.page.locator('main a[href^="otpauth:"]').getAttribute('href')
        expect(address).toContain(`secret=${key}&`)
        expect(await readByCamera(visitor.page.locator('svg.qr'))).toBe(address)
      }
      await visitor.typeInto('code', '000000')
      await visitor.typeInto('name', 'Old phone')
      await visitor.send()
      await visitor.looksRight('a wrong code of an app', 'error')
      expect(await visitor.page.locator('#name').inputValue()).toBe('Old phone')
      await visitor.typeInto('code', codeNow(key))
      await visitor.send()
      expect(await visitor.heading()).toBe(says('twoStep.title'))
      await visitor.looksRight('back at what an app was wanted for')
      await visitor.open(`${home}/security`)
      expect(await visitor.text()).toContain('Old phone')
      await visitor.looksRight('security info with an app')
      await visitor.follow(() => visitor.page.locator('.rows').first().getByText('Old phone').click())
      await visitor.looksRight('an app')
      await visitor.way('rename.title')
      await visitor.looksRight('another name for an app')

      await visitor.open(`${home}/security/two-step`)
      await visitor.looksRight('two-step verification that is off')
      await visitor.follow(() => visitor.page.locator('main a.button').click())
      await visitor.looksRight('turning two-step verification on')
      await visitor.send()
      const code = (await visitor.page.locator('.digits-shown').textContent()) ?? ''
      expect(code).toMatch(/^[A-Z2-7]{5}(-[A-Z2-7]{5}){4}$/)
      await visitor.looksRight('a recovery code')
      if (eyes.script) await takesCodeAlong(visitor, code)
      await visitor.follow(() => visitor.page.locator('.card a.button[href]:not([download])').click())
      expect(await visitor.text()).toContain(says('twoStep.on'))
      await visitor.looksRight('two-step verification that is on')

      await signInAgain(visitor, address, home)
      expect(await visitor.text()).toContain(says('choose.twoStep'))
      await visitor.looksRight('the choice of a second proof')
      await choose(visitor, says('choose.totp'))
      await visitor.looksRight('a code of the app')
      await visitor.typeInto('code', codeNow(key, 1))
      await visitor.page.locator('#trust').check()
      await visitor.send()
      expect(await visitor.heading()).toBe(says('account.title'))
      await signInAgain(visitor, address, home)
      expect(await visitor.heading()).toBe(says('account.title'))
      await visitor.open(`${home}/trusted-browsers`)
      await visitor.looksRight('the trusted browsers')
      await visitor.follow(() => visitor.page.getByRole('button', { name: says('trusted.remove') }).click())
      await visitor.looksRight('no trusted browser')

      await signInAgain(visitor, address, home)
      await choose(visitor, says('choose.recovery_code'))
      await visitor.looksRight('a recovery code to type')
      await visitor.typeInto('recovery_code', 'ABCDE-ABCDE')
      await visitor.send()
      await visitor.looksRight('half a recovery code', 'error')
      await visitor.typeInto('recovery_code', code.toLowerCase())
      await visitor.send()
      expect(await visitor.heading()).toBe(says('recoveryCode.newTitle'))
      await visitor.looksRight('the recovery code that takes its place')
      await visitor.send()
      expect(await visitor.heading()).toBe(says('account.title'))

      await visitor.open(`${home}/security/recovery-code`)
      await visitor.looksRight('another recovery code')
      await visitor.open(`${home}/security/two-step/off`)
      await visitor.looksRight('turning two-step verification off')
      await visitor.send()
      expect(await visitor.text()).toContain(says('twoStep.doneOff'))
      await visitor.leave()
    },
    300_000,
  )

  test('a passkey of the device is added, and signs in by a button and in the field for the name', async () => {
    const address = 'passkey@example.com'
    const visitor = await openVisitor(browser, service, english)
    const { page } = visitor
    const device = await plugIn(page, { transport: 'internal', verifies: true })
    await signUp(visitor, address)
    const home = new URL(page.url()).pathname
    await visitor.open(`${home}/security/passkey`)
    await visitor.looksRight('adding a passkey')
    await visitor.follow(() => page.getByRole('button', { name: 'Make a passkey' }).click())
    expect(await visitor.text()).toContain('The passkey is added')
    expect(await device.credentials()).toHaveLength(1)

    await visitor.open(`${home}/security/passkey`)
    await page.getByRole('button', { name: 'Make a passkey' }).click()
    await page.getByText('holds a passkey for this account already').waitFor()
    await visitor.looksRight('a passkey that is there already')

    await signOut(visitor, home)
    await visitor.open('/signin')
    // The field for the name offers it by itself: nobody presses anything.
    await page.waitForURL((url) => url.pathname === home)
    expect(await visitor.heading()).toBe('Your account')

    await device.setKnowsOwner(false)
    await signOut(visitor, home)
    await visitor.open('/signin')
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('That was stopped, or took too long.').waitFor()
    await visitor.looksRight('a passkey whose device does not know its owner')
    await device.setKnowsOwner(true)
    await visitor.follow(() => page.getByRole('button', { name: 'Sign in with a passkey' }).click())
    expect(new URL(page.url()).pathname).toBe(home)

    const [mine] = await device.credentials()
    await device.unplug()
    const copy = await plugIn(page, { transport: 'internal', verifies: true })
    await copy.copy([{ ...mine!, signCount: 0 }])
    await signOut(visitor, home)
    await visitor.open('/signin')
    await page.locator('.errors').waitFor()
    expect(await visitor.text()).toContain("couldn't be accepted")
    await visitor.leave()
  }, 300_000)

  test('a security key without a PIN is a second proof, and no first', async () => {
    const address = 'key@example.com'
    const visitor = await openVisitor(browser, service, english)
    const { page } = visitor
    const key = await plugIn(page, { transport: 'usb', verifies: false })
    await signUp(visitor, address)
    const home = new URL(page.url()).pathname
    await visitor.open(`${home}/security/passkey`)
    await visitor.typeInto('name', 'Key on my ring')
    await visitor.follow(() => page.getByRole('button', { name: 'Make a passkey' }).click())
    expect(await key.credentials()).toHaveLength(1)
    await visitor.open(`${home}/security/two-step/on`)
    await visitor.send()

    await signOut(visitor, home)
    await visitor.open('/signin')
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('That was stopped, or took too long.').waitFor()
    await visitor.typeInto('username', address)
    await visitor.send()
    await visitor.typeInto('password', password)
    await visitor.send()
    await choose(visitor, 'Passkey')
    await visitor.looksRight('a passkey to use')
    await visitor.follow(() => page.getByRole('button', { name: 'Use a passkey' }).click())
    expect(new URL(page.url()).pathname).toBe(home)
    await visitor.leave()
  }, 300_000)

  test('a security key with a PIN signs in alone', async () => {
    const visitor = await openVisitor(browser, service, english)
    const { page } = visitor
    await plugIn(page, { transport: 'usb', verifies: true })
    await signUp(visitor, 'pin@example.com')
    const home = new URL(page.url()).pathname
    await visitor.open(`${home}/security/passkey`)
    await visitor.follow(() => page.getByRole('button', { name: 'Make a passkey' }).click())
    await signOut(visitor, home)
    await visitor.open('/signin')
    const button = page.getByRole('button', { name: 'Sign in with a passkey' })
    if (!page.url().endsWith(home)) await visitor.follow(() => button.click())
    expect(new URL(page.url()).pathname).toBe(home)
    await visitor.leave()
  }, 300_000)

  test('without a script the page says that passkeys need one, and other ways lead on', async () => {
    const visitor = await openVisitor(browser, service, { ...english, script: false })
    await visitor.open('/signin')
    expect(await visitor.text()).toContain('Passkeys need JavaScript')
    await visitor.looksRight('sign-in without a script')
    await signUp(visitor, 'no-script@example.com')
    const home = new URL(visitor.page.url()).pathname
    await visitor.open(`${home}/security/passkey`)
    expect(await visitor.text()).toContain('Passkeys need JavaScript')
    await visitor.looksRight('adding a passkey without a script')
    await visitor.way('setUp.later')
    expect(new URL(visitor.page.url()).pathname).toBe(`${home}/security`)
    await visitor.leave()
  }, 300_000)
})

const signUp = (visitor: Visitor, address: string) =>
  visitor.skip((person) => signUpByHand(service, person, address))

async function signOut(visitor: Visitor, home: string) {
  await visitor.open(home)
  await visitor.follow(() => visitor.page.locator('form[action$="/signout"] button').click())
}

async function signInAgain(visitor: Visitor, address: string, home: string) {
  await signOut(visitor, home)
  await visitor.skip((person) => signIn(person, address))
}

async function choose(visitor: Visitor, label: string) {
  await visitor.page.locator('.choice').filter({ hasText: label }).first().click()
  await visitor.send()
}

/** The key that stands on the page for those who can't scan. */
const keyOn = async (visitor: Visitor): Promise<string> =>
  ((await visitor.page.locator('.digits-shown').textContent()) ?? '').replaceAll(' ', '')

const codeNow = (key: string, ahead = 0): string =>
  HOTP.generate({ secret: Secret.fromBase32(key), counter: Math.floor(Date.now() / 30_000) + ahead })

/** The code can be printed, and taken along as a file that says whose it is. */
async function takesCodeAlong(visitor: Visitor, code: string) {
  const { page, says } = visitor
  expect(await page.getByRole('button', { name: says('recoveryCode.print') }).isVisible()).toBe(true)
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: says('recoveryCode.download') }).click(),
  ])
  const chunks: Buffer[] = []
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer)
  expect(Buffer.concat(chunks).toString('utf8')).toContain(code)
  expect(file.suggestedFilename()).toBe('recovery-code.txt')
}
