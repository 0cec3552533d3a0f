import { afterAll, beforeAll, expect, test } from 'vitest'
import { activityKinds } from '../../src/core/activity/activity.ts'
import { hours } from '../../src/core/time.ts'
import { readActivity } from '../../src/storage/activity.ts'
import { knownPerson, type MadeAccount, makeAccount, signIn, signInByCode } from '../support/accounts.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { type Client, openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const newAccount = (): Promise<MadeAccount> => {
  nth += 1
  return makeAccount(world, `reader${nth}@example.org`)
}

/** Somebody with the password, on a browser that the account doesn't know, has a code sent. */
async function asks(person: Person, account: MadeAccount): Promise<void> {
  await signIn(person, account.email)
  await person.submit({ item: person.form('item').fields.item ?? '' })
}

/** The newest message to the account: its link for reporting, the reference in it, and its code. */
async function newest(account: MadeAccount) {
  const message = (await world.inbox(account.email)).at(-1)
  const link = /\/report\/[\w-]+/.exec(message?.text ?? '')?.[0] ?? ''
  return { link, reference: message?.reference ?? '', code: message?.code ?? '' }
}

const codesOf = async (account: MadeAccount) =>
  (await readActivity(world.sql, account.id, { kinds: activityKinds, before: undefined, most: 50 })).filter(
    ({ kind }) => kind === 'code_asked',
  )

test('whoever is signed in to the account needs no reference: a button ends the code, and says who asked', async () => {
  const account = await newAccount()
  const owner = await knownPerson(world, account)
  await signIn(owner, account.email)
  const stranger = newPerson(world, { ip: '203.0.113.77' })
  await asks(stranger, account)
  const { link, code } = await newest(account)
  await owner.open(link)
  expect(wordsOf(owner.page.text)).not.toContain('Reference in the message')
  await owner.submit({ form: owner.form('handle').fields.form ?? '' })
  expect(wordsOf(owner.page.text)).toContain('The code no longer works')
  expect(wordsOf(owner.page.text)).toContain('203.0.113.0/24')
  await stranger.submit({ code })
  expect(stranger.page.refusal).toBe('verification_cancelled')
  expect(await codesOf(account)).toMatchObject([{ detail: { notAskedAt: world.now, ip: '203.0.113.77' } }])
})

test('opening the link, in any way, changes nothing', async () => {
  const account = await newAccount()
  const owner = await knownPerson(world, account)
  await signIn(owner, account.email)
  const stranger = newPerson(world)
  await asks(stranger, account)
  const { link, code } = await newest(account)
  for (const person of [owner, newPerson(world)]) {
    for (const method of ['GET', 'HEAD']) await person.request(link, { method })
  }
  await stranger.submit({ code })
  expect(stranger.page.refusal).toBeUndefined()
})

test('the session of another account is no proof, with or without its form', async () => {
  const [account, other] = [await newAccount(), await newAccount()]
  const stranger = newPerson(world)
  await asks(stranger, account)
  const { link, reference } = await newest(account)
  const person = await knownPerson(world, other)
  await signIn(person, other.email)
  const handle = person.page.path.split('/')[2] ?? ''
  const { form } = person.form('form').fields
  await person.open(link)
  expect(wordsOf(person.page.text)).toContain('Reference in the message')
  const answer = await person.request(link, { fields: { handle, form: form ?? '' } })
  expect(answer.headers.get('countersign-error')).toMatch(/^reference_wrong/)
  const forged = await person.request(link, { fields: { handle, form: 'x' } })
  expect(forged.headers.get('countersign-error')).toMatch(/^form_stale/)
  expect(await codesOf(account)).toMatchObject([{ detail: {} }])
  expect((await codesOf(account))[0]?.detail.notAskedAt).toBeUndefined()
  await person.submit({ reference })
  expect(wordsOf(person.page.text)).toContain('The code no longer works')
})

test('who asked may ask for half as many codes for a day, whoever they ask for, and then as many as before', async () => {
  const account = await newAccount()
  const stranger = newPerson(world)
  await asks(stranger, account)
  const { link, reference } = await newest(account)
  const reader = newPerson(world)
  await reader.open(link)
  await reader.submit({ reference })
  const sent = async (): Promise<number> => {
    for (let count = 0; ; count += 1) {
      const another = await newAccount()
      await asks(stranger, another)
      if (stranger.page.refusal === 'sends_limit') return count
    }
  }
  expect(await sent()).toBe(5)
  await world.advance(hours(2))
  expect(await sent()).toBe(5)
  await world.advance(hours(23))
  expect(await sent()).toBe(10)
})

test('disowning a code in the activity ends it as well', async () => {
  const account = await newAccount()
  const owner = await knownPerson(world, account)
  await signIn(owner, account.email)
  const home = owner.page.path
  const stranger = newPerson(world)
  await asks(stranger, account)
  const { code } = await newest(account)
  await owner.open(`${home}/activity?filter=codes`)
  const [path = ''] = /\/account\/[^"]+\/not-me/.exec(owner.page.text) ?? []
  await owner.open(path)
  await owner.submit({ form: owner.form('form').fields.form ?? '' })
  await stranger.submit({ code })
  expect(stranger.page.refusal).toBe('verification_cancelled')
  expect(wordsOf((await owner.open(`${home}/activity?filter=codes`)).text)).toContain(
    'you said it wasn’t you',
  )
})

test('a code that had been used is said to have been, with a way to sign that browser out', async () => {
  const account = await newAccount()
  const owner = await knownPerson(world, account)
  await signIn(owner, account.email)
  const home = owner.page.path
  await signInByCode(world, newPerson(world), account.email)
  const { link } = await newest(account)
  const codes = (await world.inbox(account.email)).filter(({ text }) => text.includes('/report/'))
  await owner.open(/\/report\/[\w-]+/.exec(codes.at(-1)?.text ?? '')?.[0] ?? link)
  await owner.submit({ form: owner.form('handle').fields.form ?? '' })
  expect(wordsOf(owner.page.text)).toContain('This code had been used')
  expect(owner.page.text).toContain(`${home}/sessions`)
})

test('a name without an account leaves nothing that a report could be told to', async () => {
  await world.advance(1)
  const stranger = newPerson(world)
  await stranger.open('/signup')
  await stranger.submit({ email: 'fresh.reader@example.org' })
  const message = (await world.inbox('fresh.reader@example.org')).at(-1)
  const reader = newPerson(world)
  await reader.open(/\/report\/[\w-]+/.exec(message?.text ?? '')?.[0] ?? '')
  await reader.submit({ reference: message?.reference ?? '' })
  expect(wordsOf(reader.page.text)).toContain('The code no longer works')
  const [row] = await world.sql<{ count: number }>`
    select count(*)::int as count from activity where kind = 'not_asked' and application_id is null
      and not detail @> '{"decoy": true}' and at = ${new Date(world.now)}`
  expect(row?.count).toBe(0)
})

/** Somebody reads the newest message to an address, and says that they didn't ask for it. */
async function disowns(email: string): Promise<Person> {
  const message = (await world.inbox(email)).at(-1)
  const reader = newPerson(world)
  await reader.open(/\/report\/[\w-]+/.exec(message?.text ?? '')?.[0] ?? '')
  await reader.submit({ reference: message?.reference ?? '' })
  return reader
}

/** How many codes an application gets out for somebody at this address before a limit stops it. */
async function issuedFor(client: Client, ip: string): Promise<number> {
  for (let count = 0; ; count += 1) {
    nth += 1
    const { status, body } = await client.issue(`reader${nth}@example.net`, { end_user: { ip } })
    if (status === 201) continue
    expect(body).toMatchObject({ code: 'sends_limit', limit: 'ip' })
    return count
  }
}

test('a code that an application asked for ends as well; the page names it, when, and the network it was for', async () => {
  const shop = await world.application('Corner Shop')
  const { body } = await shop.issue('buyer1@example.net', { end_user: { ip: '198.51.100.77' } })
  const reader = await disowns('buyer1@example.net')
  const words = wordsOf(reader.page.text)
  expect(words).toContain('The code no longer works')
  expect(words).toContain('Corner Shop')
  expect(words).toContain('198.51.100.0/24')
  expect(words).not.toContain('198.51.100.77')
  expect(words).toContain('half as many codes')
  expect((await shop.read(body.id)).body.status).toBe('cancelled')
})

test('the address that an application asked for may ask for half, of it and on the pages, for a day', async () => {
  const [shop, other] = [await world.application(), await world.application()]
  const ip = '198.51.100.91'
  await shop.issue('buyer2@example.net', { end_user: { ip } })
  await disowns('buyer2@example.net')
  expect(await issuedFor(shop, ip)).toBe(10)
  expect(await issuedFor(shop, '198.51.100.92')).toBe(20)
  expect(await issuedFor(other, ip)).toBe(20)
  const onPages = async (): Promise<number> => {
    for (let count = 0; ; count += 1) {
      const person = newPerson(world, { ip })
      nth += 1
      await person.open('/signup')
      await person.submit({ email: `reader${nth}@example.net` })
      if (person.page.refusal === 'sends_limit') return count
    }
  }
  expect(await onPages()).toBe(10)
  await world.advance(hours(25))
  expect(await issuedFor(shop, ip)).toBe(20)
})

test('where the application said not for whom, the code ends, nobody is held to half, and the page says so', async () => {
  const livingReports = async () =>
    (await world.sql`select 1 from reported_source where until > statement_timestamp()`).length
  const shop = await world.application('Quiet Shop')
  await shop.issue('buyer3@example.net')
  const before = await livingReports()
  const reader = await disowns('buyer3@example.net')
  const words = wordsOf(reader.page.text)
  expect(words).toContain('The code no longer works')
  expect(words).toContain('Quiet Shop')
  expect(words).toContain('tell us who asked for it')
  expect(words).not.toContain('half as many codes')
  expect(await livingReports()).toBe(before)
  for (let sends = 0; sends < 30; sends += 1) {
    nth += 1
    expect((await shop.issue(`reader${nth}@example.net`)).status).toBe(201)
  }
})

test('of the address of an end user nothing is kept in clear', async () => {
  const shop = await world.application()
  await shop.issue('buyer4@example.net', { end_user: { ip: '203.0.113.201' } })
  const [row] = await world.sql<{ all: string }>`
    select string_agg(row_to_json(a)::text, '') as all from activity a`
  expect(row?.all).toContain('203.0.113.0/24')
  expect(row?.all).not.toContain('203.0.113.201')
})

test('a report takes a reference that was sent in capitals, typed in any case', async () => {
  const account = await newAccount()
  await asks(newPerson(world), account)
  await world.sql`update verification set message_reference = upper(message_reference) where destination = ${account.email}`
  const { link, reference } = await newest(account)
  const reader = newPerson(world)
  await reader.open(link)
  await reader.submit({ reference: reference.toLowerCase() })
  expect(reader.page.refusal).toBeUndefined()
  expect(wordsOf(reader.page.text)).toContain('The code no longer works')
})
