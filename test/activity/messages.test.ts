import { afterAll, beforeAll, expect, test } from 'vitest'
import { days, minutes } from '../../src/core/time.ts'
import { readMessages } from '../../src/operations/activity/read-messages.ts'
import { removeOldVerifications } from '../../src/storage/retention.ts'
import { knownPerson, makeAccount, signIn, signInByCode, signUp } from '../support/accounts.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

async function owner(): Promise<{ id: string; email: string; person: Person; home: string }> {
  nth += 1
  const account = await makeAccount(world, `told${nth}@example.org`)
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  return { id: account.id, email: account.email, person, home: person.page.path }
}

const messages = (id: string) => readMessages(world.deps, id, undefined, world.now)

test('each message to a contact is told with why, where to and its reference, and so is every notice', async () => {
  const { id, email, person, home } = await owner()
  await signInByCode(world, newPerson(world), email)
  await world.carried()
  const inbox = await world.inbox(email)
  const { sent } = await messages(id)
  expect(sent.map(({ reference }) => reference).sort()).toEqual(
    inbox.map(({ reference }) => reference).sort(),
  )
  expect(sent.every(({ deliveries }) => deliveries[0]?.state === 'sent')).toBe(true)
  const words = wordsOf((await person.open(`${home}/messages`)).text)
  for (const { reference } of inbox) expect(words).toContain(reference)
  expect(words).toContain('Signing in to Harbour')
  expect(words).toContain('to••••@example.org')
  expect(words).not.toContain(`${email} ·`)
})

test('a code that was sent again is one line with both sends', async () => {
  const { id, email } = await owner()
  const stranger = newPerson(world)
  await signIn(stranger, email)
  await stranger.submit({ item: stranger.form('item').fields.item ?? '' })
  await world.advance(minutes(1))
  await stranger.press('resend')
  expect((await messages(id)).sent.map(({ deliveries }) => deliveries.length)).toEqual([2])
})

test('the mail of a sign-up is told to the account that came of it', async () => {
  const person = newPerson(world)
  await signUp(world, person, 'newcomer@example.org')
  const [mail] = await world.inbox('newcomer@example.org')
  const words = wordsOf((await person.open(`${person.page.path}/messages`)).text)
  expect(words).toContain(`Setting up your account with Harbour ${mail?.reference}`)
})

test('somebody else signing up with the address is told as what was mailed about it', async () => {
  const { email, person, home } = await owner()
  const stranger = newPerson(world)
  await stranger.open('/signup')
  await stranger.submit({ email })
  const words = wordsOf((await person.open(`${home}/messages`)).text)
  expect(words).toContain('Somebody tried to sign up with your address')
})

test('a reference in any way of typing is found where it is ours, and another account’s is not', async () => {
  const [one, other] = [await owner(), await owner()]
  await signInByCode(world, newPerson(world), one.email)
  for (const { reference } of await world.inbox(one.email)) {
    const typed = ` ${reference.toLowerCase().replace('-', ' ')} `
    const path = `/messages?reference=${encodeURIComponent(typed)}`
    expect(wordsOf((await one.person.open(one.home + path)).text)).toContain('is from us')
    expect(wordsOf((await other.person.open(other.home + path)).text)).toContain('We sent you nothing')
  }
  for (const none of ['ZZZ-ZZ', 'x', "' or 1=1", '🙂🙂🙂🙂🙂']) {
    const path = `${one.home}/messages?reference=${encodeURIComponent(none)}`
    expect(wordsOf((await one.person.open(path)).text)).toContain('We sent you nothing')
  }
})

test('a reference that was sent in capitals is found in any case', async () => {
  const { id, email, person, home } = await owner()
  await signInByCode(world, newPerson(world), email)
  await world.carried()
  await world.sql`update verification set message_reference = upper(message_reference) where destination = ${email}`
  await world.sql`update notice set reference = upper(reference) where account_id = ${id}`
  for (const { reference } of await world.inbox(email)) {
    for (const typed of [reference.toLowerCase(), reference.toUpperCase()]) {
      const { text } = await person.open(`${home}/messages?reference=${typed}`)
      expect(wordsOf(text)).toContain('is from us')
    }
  }
})

test('pages of messages lose none and double none', async () => {
  const { id, email } = await owner()
  for (let times = 0; times < 25; times += 1) {
    const stranger = newPerson(world)
    await signInByCode(world, stranger, email)
    await world.advance(days(1) / 8)
  }
  const read: string[] = []
  let before: string | undefined
  do {
    const page = await readMessages(world.deps, id, before, world.now)
    read.push(...page.sent.map(({ reference }) => reference))
    before = page.older
  } while (before !== undefined)
  const sent = (
    await world.sql<{ reference: string }>`
    select message_reference as reference from verification where destination = ${email}
    union all select reference from notice where account_id = ${id}`
  ).map(({ reference }) => reference)
  expect(read.sort()).toEqual(sent.sort())
}, 60_000)

test('what is not kept any more is not listed, and leaves no empty page behind', async () => {
  const { id, email } = await owner()
  const stranger = newPerson(world)
  await signIn(stranger, email)
  await stranger.submit({ item: stranger.form('item').fields.item ?? '' })
  await world.advance(days(31))
  await removeOldVerifications(world.sql, days(30))
  expect(await messages(id)).toEqual({ sent: [], older: undefined })
})
