import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, minutes } from '../../src/core/time.ts'
import { newId } from '../../src/secrets/random.ts'
import { insertContact } from '../../src/storage/security-info.ts'
import { knownPerson, type MadeAccount, makeAccount, signIn, signInByCode } from '../support/accounts.ts'
import { type App, appOf, giveApp } from '../support/items.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const accountOfDays = async (age: number): Promise<MadeAccount> => {
  nth += 1
  const account = await makeAccount(world, `owner${nth}@example.org`)
  await world.advance(days(age))
  return account
}

const addressesOf = async ({ id }: MadeAccount) =>
  (
    await world.sql<{ address: string | null; kind: string }>`
      select address, kind from security_info where account_id = ${id} order by added_at, id`
  ).map(({ address, kind }) => address ?? kind)

const itemOf = async ({ id }: MadeAccount, address: string) =>
  (
    await world.sql<{ id: string }>`
      select id from security_info where account_id = ${id} and address = ${address}`
  )[0]?.id ?? ''

type Notice = { subject: string; path: string; reference: string; text: string }

/** Every notice to an address that leads to a page, the oldest first. */
async function noticesTo(email: string): Promise<Notice[]> {
  const all = (await world.inbox(email)).filter(({ code, text }) => code === '' && text.includes('/changes/'))
  return all.map(({ subject, text, reference }) => ({
    subject: subject ?? '',
    path: /https:\/\/codes\.harbour\.test(\/changes\/[\w-]{43})/.exec(text)?.[1] ?? '',
    reference: reference ?? '',
    text,
  }))
}

async function answer({ path, reference }: Notice): Promise<Person> {
  const reader = newPerson(world)
  await reader.open(path)
  await reader.submit({ reference })
  return reader
}

const removalOf = (home: string, itemId: string) => `${home}/security/items/${itemId}/remove`

async function proveByMail(person: Person, itemId: string, address: string): Promise<void> {
  await person.submit({ item: itemId })
  await person.submit({ code: await world.readCode(address) })
}

async function proveByApp(person: Person, app: App): Promise<void> {
  await person.submit({ item: app.itemId })
  await person.submit({ code: app.code() })
}

/** Password and one phished code: signed in, with a mailbox and an app of their own. */
async function thiefWithTwoItems(account: MadeAccount) {
  const thief = newPerson(world)
  await signInByCode(world, thief, account.email)
  const home = thief.page.path
  const mailbox = `thief${nth}@evil.example`
  await world.advance(1000)
  await thief.open(`${home}/security/add`)
  await thief.submit({ contact: mailbox })
  await thief.submit({ code: await world.readCode(mailbox) })
  await world.advance(1000)
  await thief.open(`${home}/security/totp`)
  const [, seed = ''] = /secret=([A-Z2-7]+)/.exec(thief.page.text) ?? []
  await thief.submit({ code: appOf(world, '', seed).code() })
  const [row] = await world.sql<{ id: string }>`
    select id from security_info where account_id = ${account.id} and kind = 'totp'`
  await world.advance(minutes(1))
  return { thief, home, mailbox, app: appOf(world, row?.id ?? '', seed) }
}

/** Proves both of their items, and has the form say "lost" whatever the page shows. */
async function declaresLost(
  account: MadeAccount,
  { thief, home, mailbox, app }: Awaited<ReturnType<typeof thiefWithTwoItems>>,
): Promise<string> {
  await world.advance(minutes(11))
  const itemId = await itemOf(account, mailbox)
  await thief.open(removalOf(home, account.itemId))
  if (thief.page.text.includes('name="item"')) await proveByMail(thief, itemId, mailbox)
  await thief.open(`${home}/stepup?for=remove_item&return_to=${removalOf(home, account.itemId)}`)
  await proveByApp(thief, app)
  await thief.open(`${home}/stepup?for=remove_item&return_to=${removalOf(home, account.itemId)}`)
  await proveByMail(thief, itemId, mailbox)
  await thief.open(removalOf(home, account.itemId))
  const page = wordsOf(thief.page.text)
  const { action, fields } = thief.form('form')
  await thief.request(action, { fields: { ...fields, lost: 'yes' } })
  return page
}

describe('a thief with two items of their own', () => {
  test('a week old does not silence the owner: every notice of the first day still freezes', async () => {
    const account = await accountOfDays(60)
    const theirs = await thiefWithTwoItems(account)
    await world.advance(days(7))
    await signIn(theirs.thief, account.email)
    const page = await declaresLost(account, { ...theirs, home: theirs.thief.page.path })
    expect(page).toContain('too new to say so')
    expect(await addressesOf(account)).toEqual([theirs.mailbox, 'totp'])
    const notices = await noticesTo(account.email)
    expect(notices.map(({ subject }) => subject.replace(/ \(.*/, ''))).toEqual([
      'A new sign-in to your account with Harbour',
      'Something was added to your security info for Harbour',
      'Something was added to your security info for Harbour',
      'Something was removed from your security info for Harbour',
    ])
    for (const notice of notices.toReversed()) {
      const reader = await answer(notice)
      expect(reader.page.refusal).toBeUndefined()
      expect(wordsOf(reader.page.text)).toContain('The change is frozen')
    }
    expect(await theirs.thief.isSignedIn()).toBe(false)
    expect(await addressesOf(account)).toContain(account.email)
  })

  test('in an account of a day does not either', async () => {
    const account = await accountOfDays(1)
    const theirs = await thiefWithTwoItems(account)
    await declaresLost(account, theirs)
    const reader = await answer((await noticesTo(account.email)).at(-1)!)
    expect(wordsOf(reader.page.text)).toContain('The change is frozen')
    expect(await addressesOf(account)).toContain(account.email)
  })
})

describe('a contact that its owner removed as lost or stolen', () => {
  async function removedAsLost() {
    const account = await accountOfDays(0)
    const second = { id: newId(), kind: 'email' as const, address: `second${nth}@example.org` }
    await insertContact(world.sql, account.id, { ...second, provenAt: world.now })
    const app = await giveApp(world, account)
    const person = await knownPerson(world, account)
    await world.advance(days(60))
    await signIn(person, account.email)
    const home = person.page.path
    await person.open(`${home}/security/totp`)
    await proveByMail(person, second.id, second.address)
    await person.open(`${home}/password`)
    await person.submit({ current: 'wharf lantern 7 gulls', next: 'nine loud starlings on a wire' })
    await world.advance(1000)
    await person.open(removalOf(home, account.itemId))
    await person.open(`${home}/stepup?for=remove_item&return_to=${removalOf(home, account.itemId)}`)
    await proveByApp(person, app)
    const { action, fields } = person.form('form')
    await person.follow(await person.request(action, { fields: { ...fields, lost: 'yes' } }), action)
    expect(person.page.path).toContain('done=removed')
    return { account, person, home, second }
  }

  test('is told, and its page says what it can still freeze, and freezes that alone', async () => {
    const { account, person, second } = await removedAsLost()
    const notice = (await noticesTo(account.email)).at(-1)!
    expect(notice.subject).toContain('was removed')
    expect(notice.text).toContain('removed as lost or stolen')
    const others = (await noticesTo(second.address)).at(-1)
    expect(others?.text).not.toContain('removed as lost or stolen')
    const reader = await answer(notice)
    expect(reader.page).toMatchObject({ status: 200, refusal: undefined })
    expect(wordsOf(reader.page.text)).toContain('Removed as lost or stolen')
    expect(wordsOf(reader.page.text)).toContain('Password changed')
    expect(wordsOf(reader.page.text)).not.toContain('Security info removed')
    expect(await person.isSignedIn()).toBe(true)
    await reader.submit({ change: reader.form('change').fields.change ?? '' })
    expect(wordsOf(reader.page.text)).toContain('The change is frozen')
    expect(await addressesOf(account)).not.toContain(account.email)
  })

  test('undoes that by a code to itself, and stays away', async () => {
    const { account, second } = await removedAsLost()
    const reader = await answer((await noticesTo(account.email)).at(-1)!)
    await reader.submit({ change: reader.form('change').fields.change ?? '' })
    const [, on = ''] = /href="(\/undo\/[\w-]+)"/.exec(reader.page.text) ?? []
    await reader.open(on)
    await proveByMail(reader, account.itemId, account.email)
    await reader.press('decide')
    expect(wordsOf(reader.page.text)).toContain('It is undone')
    expect(await addressesOf(account)).toEqual([second.address, 'totp'])
    const person = newPerson(world)
    expect((await signIn(person, account.email)).refusal).toBeUndefined()
  })

  test('has no say in what follows its removal, and its page stays', async () => {
    const { account, person, home, second } = await removedAsLost()
    await person.open(`${home}/security/add`)
    const third = `third${nth}@example.org`
    await person.submit({ contact: third })
    await person.submit({ code: await world.readCode(third) })
    const notices = await noticesTo(account.email)
    expect(notices.at(-1)?.subject).toContain('was removed')
    expect((await noticesTo(second.address)).at(-1)?.subject).toContain('was added')
    await world.advance(days(29))
    const reader = await answer(notices.at(-1)!)
    expect(wordsOf(reader.page.text)).toContain('Removed as lost or stolen')
  })
})
