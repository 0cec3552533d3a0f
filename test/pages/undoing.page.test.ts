import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, minutes } from '../../src/core/time.ts'
import { hashToken } from '../../src/secrets/tokens.ts'
import { rememberBrowser } from '../../src/storage/session.ts'
import { type MadeAccount, makeAccount, password, signIn, signInByCode } from '../support/accounts.ts'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { giveApp } from '../support/items.ts'
import { newPerson } from '../support/person.ts'
import { openServedWorld, type ServedWorld } from '../support/served-world.ts'
import { type Eyes, openVisitor, type Visitor } from '../support/visitor.ts'

const everyone = [
  { language: 'en', script: true, colorScheme: 'light', width: 1280 },
  { language: 'ar', script: false, colorScheme: 'dark', width: 320 },
  { language: 'ja', script: true, colorScheme: 'dark', width: 320, axe: false },
] as const satisfies Eyes[]

let world: ServedWorld
let browser: Browser

/** The newest notice to an address: where it leads, and its reference. */
async function noticeTo(email: string): Promise<{ path: string; reference: string }> {
  const notice = (await world.inbox(email)).findLast(({ text }) => text.includes('/changes/'))
  const path = /\/changes\/[\w-]{43}/.exec(notice?.text ?? '')?.[0] ?? ''
  return { path, reference: notice?.reference ?? '' }
}

describe.skipIf(!chromiumPath)('what was changed is undone from its notice', () => {
  beforeAll(async () => {
    world = await openServedWorld()
    browser = await openBrowser()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  }, 60_000)

  describe.each(everyone)('in $language, script: $script, $colorScheme, $width px', (eyes) => {
    test('a thief’s new password is undone by a code, and the owner signs in as before', async () => {
      const account = await makeAccount(world, `undo.${eyes.language}@example.org`)
      await world.advance(days(8))
      await changeAsThief(account)
      const owner = await openVisitor(browser, world, eyes)
      const { says } = owner
      const notice = await noticeTo(account.email)
      await owner.open(notice.path)
      await owner.looksRight('the page behind a notice')
      await owner.typeInto('reference', 'AAA-AA')
      await owner.send()
      await owner.looksRight('a wrong reference', 'error')
      await owner.typeInto('reference', notice.reference)
      await owner.send()
      expect(await owner.heading()).toBe(says('stopChange.doneTitle'))
      await owner.looksRight('a change is frozen')
      await owner.follow(() => owner.page.locator('main a.button').click())
      expect(await owner.heading()).toBe(says('undo.proveTitle'))
      await owner.looksRight('what to prove it with')
      await owner.send()
      await owner.looksRight('waiting for the code')
      await owner.typeInto('code', '12345678')
      await owner.send()
      await owner.looksRight('a wrong code', 'error')
      await owner.typeInto('code', await world.readCode(account.email))
      await owner.send()
      expect(await owner.text()).toContain(says('undo.passwordBack'))
      await owner.looksRight('what will be undone')
      await owner.send()
      expect(await owner.heading()).toBe(says('undo.doneTitle'))
      await owner.looksRight('undone')
      await owner.page.goBack()
      await owner.looksRight('back at what was undone')
      await owner.skip((person) => signIn(person, account.email))
      expect(await owner.heading()).not.toBe(says('signIn.passwordTitle'))
      await owner.leave()
    }, 180_000)

    test('two-step verification is not: that is announced, and the password in a browser known for long stops it', async () => {
      const account = await makeAccount(world, `announced.${eyes.language}@example.org`)
      await giveApp(world, account)
      const owner = await openVisitor(browser, world, eyes)
      const { says } = owner
      await knowIn(owner, account)
      await world.advance(days(8))
      await turnTwoStepOn(owner, account)
      const thief = await openVisitor(browser, world, eyes)
      const turnedOn = await noticeTo(account.email)
      await thief.open(turnedOn.path)
      await thief.typeInto('reference', turnedOn.reference)
      await thief.send()
      await thief.follow(() => thief.page.locator('main a.button').click())
      await thief.page.locator(`input[value="${account.itemId}"]`).check()
      await thief.send()
      await thief.typeInto('code', await world.readCode(account.email))
      await thief.send()
      expect(await thief.heading()).toBe(says('undo.askTitle'))
      await thief.looksRight('asking for an undo')
      await thief.send()
      const [before = '', after = ''] = says('undo.announcedTitle', { date: '|' }).split('|')
      expect(await thief.heading()).toMatch(new RegExp(`^${before}.+${after}$`))
      await thief.looksRight('an undo that is announced')
      await thief.leave()

      const announced = await noticeTo(account.email)
      await owner.open(announced.path)
      await owner.typeInto('reference', announced.reference)
      await owner.send()
      expect(await owner.heading()).toBe(says('stopChange.askedTitle'))
      await owner.looksRight('an undo can be stopped')
      await owner.follow(() => owner.page.locator('main a.button').click())
      await owner.looksRight('what to stop it with')
      await owner.page.locator('input[value=password]').check()
      await owner.send()
      await owner.typeInto('password', 'not this one at all')
      await owner.send()
      await owner.looksRight('a wrong password', 'error')
      await owner.typeInto('password', password)
      await owner.send()
      await owner.looksRight('stopping it')
      await owner.send()
      expect(await owner.heading()).toBe(says('undo.stoppedTitle'))
      await owner.looksRight('stopped')
      await owner.leave()
    }, 180_000)
  })

  /** Somebody with the password and a code: signs in on a browser of their own and changes the password. */
  async function changeAsThief(account: MadeAccount) {
    const thief = newPerson(world, { url: world.url })
    const { path } = await signInByCode(world, thief, account.email)
    await world.advance(1000)
    await thief.open(`${path}/password`)
    await thief.submit({ current: password, next: 'now it is mine to keep' })
  }

  /** The account has known this browser for as long as it is there. */
  async function knowIn(visitor: Visitor, account: MadeAccount) {
    await visitor.open('/signin')
    const cookies = await visitor.page.context().cookies()
    const token = cookies.find(({ name }) => name.endsWith('browser'))?.value ?? ''
    await rememberBrowser(world.sql, account.id, hashToken(token))
  }

  async function turnTwoStepOn(visitor: Visitor, account: MadeAccount) {
    await visitor.skip(async (person) => {
      const { path } = await signIn(person, account.email)
      await person.open(`${path}/security/two-step/on`)
      await person.submit({ item: account.itemId })
      await person.submit({ code: await world.readCode(account.email) })
      await person.submit(person.form('make').fields)
    })
    await world.advance(minutes(1))
  }
})
