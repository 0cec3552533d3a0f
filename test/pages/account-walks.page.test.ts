import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days } from '../../src/core/time.ts'
import { newId } from '../../src/secrets/random.ts'
import { insertContact } from '../../src/storage/security-info.ts'
import { signIn as begin, type MadeAccount, makeAccount, password } from '../support/accounts.ts'
import { type Browser, chromiumPath, openBrowser } from '../support/browser.ts'
import { appOf, givePasskey, giveTwoStep } from '../support/items.ts'
import { openServedWorld, type ServedWorld } from '../support/served-world.ts'
import { type Eyes, openVisitor, type Visitor } from '../support/visitor.ts'
import { withLimits } from '../support/world.ts'

/** With scripts in a wide window, and without any in a narrow one from right to left. */
const everyone = [
  { language: 'en', script: true, colorScheme: 'light', width: 1280 },
  { language: 'ar', script: false, colorScheme: 'dark', width: 320 },
] as const satisfies Eyes[]

let world: ServedWorld
let browser: Browser
let people = 0

describe.skipIf(!chromiumPath)('from one page of an account to another, and back', () => {
  beforeAll(async () => {
    const any = { sends: [], failures: [] }
    world = await openServedWorld({ policy: withLimits({ ip: any, network: any, browser: any }) })
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  }, 120_000)

  async function newAccount(): Promise<MadeAccount> {
    people += 1
    return makeAccount(world, `walker${people}@example.org`)
  }

  /** Signs in by a code to the account's address, which then counts as freshly proved. @returns its address here */
  async function signIn(visitor: Visitor, { email, itemId }: MadeAccount): Promise<string> {
    await visitor.skip(async (person) => {
      await begin(person, email)
      await person.submit({ item: itemId })
      await person.submit({ code: await world.readCode(email) })
    })
    return pathOf(visitor)
  }

  /** The same at the pages themselves, where it is about what two tabs do to each other. */
  async function typeSignIn(visitor: Visitor, { email }: MadeAccount): Promise<string> {
    await untilChoice(visitor, { email })
    await visitor.page.locator('.choice').filter({ hasText: '@' }).first().click()
    await visitor.send()
    await visitor.typeInto('code', await world.readCode(email))
    await visitor.send()
    return pathOf(visitor)
  }

  describe.each(everyone)('in $language, script: $script, $colorScheme, $width px', (eyes) => {
    test('the checkup leads from the security page through every step, and comes back to itself', async () => {
      const visitor = await openVisitor(browser, world, eyes)
      const { page, says } = visitor
      const home = await signIn(visitor, await newAccount())
      await visitor.open(`${home}/security`)
      await visitor.follow(() => page.getByText(says('checkup.begin')).click())
      const checkup = pathOf(visitor)
      await visitor.looksRight('a checkup with everything left')
      expect(await visitor.text()).toContain(says('checkup.lead', { left: 3 }))

      await visitor.follow(() => page.locator('main a.button').click())
      const added = `more${people}@example.com`
      await visitor.typeInto('contact', added)
      await visitor.send()
      await visitor.typeInto('code', await world.readCode(added))
      await visitor.send()
      expect(pathOf(visitor)).toBe(checkup)

      await visitor.follow(() => page.locator('main a.button').click())
      const key = ((await page.locator('.digits-shown').textContent()) ?? '').replaceAll(' ', '')
      await visitor.typeInto('code', '000000')
      await visitor.send()
      await visitor.typeInto('code', appOf(world, '', key).code())
      await visitor.send()
      expect(pathOf(visitor)).toBe(checkup)

      await visitor.follow(() => page.locator('main a.button').click())
      await visitor.send()
      await visitor.looksRight('a recovery code on the way')
      await visitor.follow(() => page.locator('.card a.button:not([download])').click())
      expect(pathOf(visitor)).toBe(checkup)
      expect(await visitor.text()).toContain(says('checkup.lead', { left: 0 }))
      await visitor.looksRight('a checkup with nothing left')
      await visitor.leave()
    }, 300_000)

    test('an item that two-step verification needs leads to an app in its place, and is then removed', async () => {
      const account = await newAccount()
      const { itemId } = await givePasskey(world, account)
      await giveTwoStep(world, account)
      const visitor = await openVisitor(browser, world, eyes)
      const { page, says } = visitor
      const home = await signIn(visitor, account)
      const removal = `${home}/security/items/${itemId}/remove`
      await visitor.open(removal)
      expect(await visitor.text()).toContain(says('security.missing.second_kind'))
      await visitor.looksRight('something comes before the removal')
      await visitor.follow(() => page.locator('main a.button').click())
      const key = ((await page.locator('.digits-shown').textContent()) ?? '').replaceAll(' ', '')
      await visitor.typeInto('code', appOf(world, '', key).code())
      await visitor.send()
      expect(pathOf(visitor)).toBe(removal)
      await visitor.send()
      expect(await visitor.text()).toContain(says('security.done.removed'))
      await visitor.leave()
    }, 300_000)

    test('what was added lately only has to get older, and the page says from when', async () => {
      const account = await newAccount()
      await world.advance(days(8))
      const visitor = await openVisitor(browser, world, eyes)
      const { says } = visitor
      const home = await signIn(visitor, account)
      const removal = `${home}/security/items/${account.itemId}/remove`
      await visitor.open(removal)
      expect(await visitor.text()).toContain(says('security.missingAge'))
      await visitor.follow(() => visitor.page.locator('main a.button').click())
      await visitor.typeInto('contact', `later${people}@example.com`)
      await visitor.send()
      await visitor.typeInto('code', await world.readCode(`later${people}@example.com`))
      await visitor.send()
      expect(pathOf(visitor)).toBe(removal)
      expect(await visitor.heading()).toBe(says('security.laterTitle'))
      await visitor.looksRight('a removal that is to wait')
      const from = await visitor.page.locator('main time').first().getAttribute('datetime')
      expect(Date.parse(from ?? '')).toBe(world.now + days(7))
      await visitor.leave()
    }, 300_000)

    test('two accounts, each in its tab: what is done in one, and the way back to it, changes nothing in the other', async () => {
      const [one, two] = [await newAccount(), await newAccount()]
      const visitor = await openVisitor(browser, world, eyes)
      const { says } = visitor
      const first = await signIn(visitor, one)
      await visitor.open(`${first}/security/add`)
      const firstTab = visitor.page
      await visitor.newTab()
      const second = await typeSignIn(visitor, two)
      expect(second).not.toBe(first)
      await visitor.open(`${second}/sessions`)
      await visitor.open(`${second}/security`)
      await visitor.page.goBack()
      expect(await visitor.page.locator('.account').textContent()).toContain(two.email)
      const secondTab = visitor.page

      // The form that was open all the while is still the first one's.
      visitor.backTo(firstTab)
      const added = `side${people}@example.com`
      await visitor.typeInto('contact', added)
      await visitor.send()
      await visitor.typeInto('code', await world.readCode(added))
      await visitor.send()
      expect(await visitor.page.locator('.account').textContent()).toContain(one.email)
      expect(await visitor.text()).toContain('si••••@example.com')
      await visitor.page.goBack()
      expect(await visitor.page.locator('.account').textContent()).toContain(one.email)

      visitor.backTo(secondTab)
      await visitor.open(`${second}/security`)
      expect(await visitor.text()).not.toContain('si••••@example.com')

      await visitor.open('/account')
      await visitor.looksRight('two accounts, each with its button')
      await visitor.follow(() =>
        visitor.page.locator(`form[action="${first}/signout"]`).locator('button').click(),
      )
      expect(await visitor.heading()).toBe(says('accounts.title'))
      expect(await visitor.text()).not.toContain(one.email)
      await visitor.open(second)
      expect(await visitor.page.locator('.account').textContent()).toContain(two.email)
      // A page that is still open in the other tab does nothing any more, and leads to signing in.
      visitor.backTo(firstTab)
      await visitor.open(`${first}/security`)
      expect(pathOf(visitor)).toBe('/signin')
      await visitor.leave()
    }, 300_000)

    test('a code is read in a mailbox whose own account is signed in to for that, in the same window', async () => {
      const waits = await newAccount()
      const reads = await makeAccount(world, `reader${people}@example.net`)
      const moment = { addedAt: world.now, provenAt: world.now }
      const contact = { id: newId(), kind: 'email', address: reads.email, ...moment } as const
      await insertContact(world.sql, waits.id, contact)
      const visitor = await openVisitor(browser, world, eyes)
      await untilChoice(visitor, waits)
      await visitor.page.locator('.choice').filter({ hasText: 'example.net' }).click()
      await visitor.send()
      const waiting = visitor.page.url()
      const code = await world.readCode(reads.email)
      await visitor.typeInto('code', code.slice(0, 3))
      const firstTab = visitor.page

      // The other account's own code goes to the very same mailbox.
      await visitor.newTab()
      const other = await typeSignIn(visitor, reads)
      await visitor.open(`${other}/messages`)
      expect(await visitor.page.locator('.account').textContent()).toContain(reads.email)
      expect(await world.readCode(reads.email)).not.toBe(code)
      expect([firstTab.url(), await firstTab.locator('#code').inputValue()]).toEqual([
        waiting,
        code.slice(0, 3),
      ])
      visitor.backTo(firstTab)
      await visitor.looksRight('a page that waits while another account is signed in')
      await visitor.typeInto('code', code)
      await visitor.send()
      expect(await visitor.page.locator('.account').textContent()).toContain(waits.email)
      await visitor.open(other)
      expect(await visitor.page.locator('.account').textContent()).toContain(reads.email)
      await visitor.leave()
    }, 300_000)

    test('a proof that is asked for on the way comes back to where it was needed', async () => {
      const account = await newAccount()
      const visitor = await openVisitor(browser, world, eyes)
      const { says } = visitor
      const home = await signIn(visitor, account)
      await world.advance(days(1))
      const asked = `${home}/security/totp?return_to=${encodeURIComponent(`${home}/security/checkup`)}`
      await visitor.open(asked)
      expect(await visitor.heading()).toBe(says('stepUp.title'))
      await visitor.send()
      await visitor.typeInto('code', await world.readCode(account.email))
      await visitor.send()
      expect(pathOf(visitor) + new URL(visitor.page.url()).search).toBe(asked)
      await visitor.leave()
    }, 300_000)

    test('why there are no app passwords is told where two-step verification is, and in the help', async () => {
      const visitor = await openVisitor(browser, world, eyes)
      const { page, says } = visitor
      const home = await signIn(visitor, await newAccount())
      await visitor.open(`${home}/security/two-step`)
      await page.getByText(says('twoStep.appsTitle')).click()
      expect(await page.getByText(says('twoStep.apps')).isVisible()).toBe(true)
      await visitor.looksRight('why there are no app passwords')
      await visitor.open('/help')
      expect(await visitor.text()).toContain(says('help.about.appsTitle'))
      await visitor.leave()
    }, 300_000)
  })

  test('a recovery code is copied and printed by a button, saved as a file, and stands in no address', async () => {
    const visitor = await openVisitor(browser, world, everyone[0], {
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    const { page, says } = visitor
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    const home = await signIn(visitor, await newAccount())
    await visitor.open(`${home}/security/recovery-code`)
    await visitor.send()
    const code = (await page.locator('.digits-shown').textContent()) ?? ''
    await page.getByRole('button', { name: says('recoveryCode.copy') }).click()
    await page.getByRole('button', { name: says('page.copied') }).waitFor()
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(code)
    await page.evaluate('window.print = () => { document.title = "printed" }')
    await page.getByRole('button', { name: says('recoveryCode.print') }).click()
    expect(await page.title()).toBe('printed')
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: says('recoveryCode.download') }).click(),
    ])
    expect(file.suggestedFilename()).toBe('recovery-code.txt')
    const secret = code.replaceAll('-', '')
    expect(asked.filter((url) => url.startsWith('http') && url.replaceAll('-', '').includes(secret))).toEqual(
      [],
    )
    expect(page.url()).not.toContain(secret.slice(0, 5))

    // On paper there is the code and what it is for, and nothing to press.
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('.digits-shown').isVisible()).toBe(true)
    expect(await page.getByText(says('recoveryCode.advice')).isVisible()).toBe(true)
    for (const pressed of await page.locator('main button, main .button').all()) {
      expect(await pressed.isVisible()).toBe(false)
    }
    await visitor.leave()
  }, 300_000)

  test('without a script a recovery code can still be saved, and no button is there that does nothing', async () => {
    const visitor = await openVisitor(browser, world, everyone[1])
    const { page, says } = visitor
    const home = await signIn(visitor, await newAccount())
    await visitor.open(`${home}/security/recovery-code`)
    await visitor.send()
    const code = (await page.locator('.digits-shown').textContent()) ?? ''
    expect(await page.locator('main button:visible').count()).toBe(0)
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: says('recoveryCode.download') }).click(),
    ])
    const chunks: Buffer[] = []
    for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).toString('utf8')).toContain(code)
    await visitor.leave()
  }, 300_000)
})

async function untilChoice(visitor: Visitor, { email }: Pick<MadeAccount, 'email'>): Promise<void> {
  await visitor.open('/signin')
  await visitor.typeInto('username', email)
  await visitor.send()
  await visitor.typeInto('password', password)
  await visitor.send()
}

const pathOf = ({ page }: Visitor): string => new URL(page.url()).pathname
