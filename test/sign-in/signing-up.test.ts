import { afterAll, beforeAll, expect, test } from 'vitest'
import { minutes } from '../../src/core/time.ts'
import { makeAccount, password, signUp } from '../support/accounts.ts'
import { newPerson, wordsOf } from '../support/person.ts'
import { openWorld, type World, wrongCode } from '../support/world.ts'

let world: World

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

test('an address, its code and a password make an account that is signed in', async () => {
  const ana = newPerson(world)
  await ana.open('/')
  expect(ana.page.text).toContain('href="/signup"')
  await ana.open('/signup')
  await ana.submit({ email: ' Ana@Example.org ' })
  expect(ana.page.path).toMatch(/^\/signup\/[0-9a-f-]{36}$/)
  expect(await countOf('account')).toBe(0)
  await ana.submit({ code: await world.readCode('ana@example.org') })
  expect(await countOf('account')).toBe(0)
  await ana.submit({ password })
  expect(ana.page).toMatchObject({ status: 200, path: expect.stringMatching(/^\/account\/[\w-]{12}$/) })
  expect(wordsOf(ana.page.text)).toContain('ana@example.org')
  expect((await ana.open('/')).path).toMatch(/^\/account\//)
})

test('a network guesses at few codes of sign-ups, whatever addresses they are for', async () => {
  const ip = '203.0.113.9'
  let compared = 0
  for (let nth = 0; nth < 8; nth += 1) {
    const guesser = newPerson(world, { ip })
    await guesser.open('/signup')
    await guesser.submit({ email: `guess${nth}@example.org` })
    const right = await world.readCode(`guess${nth}@example.org`)
    for (let guess = 1; guess <= 4; guess += 1) {
      await guesser.submit({ code: wrongCode(right, guess) })
      if (guesser.page.refusal === 'code_wrong') compared += 1
      else expect(guesser.page.refusal).toBe('wrong_codes_limit')
    }
  }
  expect(compared).toBe(10)
  const elsewhere = newPerson(world, { ip: '198.51.100.9' })
  expect((await signUp(world, elsewhere, 'not-guessing@example.org')).path).toMatch(/^\/account\//)
})

test('before its address is proved nothing of an account exists', async () => {
  const before = await countOf('account')
  const bea = newPerson(world)
  await bea.open('/signup')
  await bea.submit({ email: 'bea@example.org' })
  const wrong = await bea.submit({ code: wrongCode(await world.readCode('bea@example.org')) })
  expect(wrong).toMatchObject({ status: 422, refusal: 'code_wrong' })
  const { form, revision } = bea.form('code').fields
  const early = await bea.request(bea.page.path, {
    fields: { form: form!, revision: revision!, act: 'password', password },
  })
  expect(early.headers.get('countersign-error')).toMatch(/^step_elsewhere;/)
  expect(await countOf('account')).toBe(before)
  expect(await bea.isSignedIn()).toBe(false)
})

test('two clicks on sign-up send one code, and both lead to the page that waits for it', async () => {
  const abe = newPerson(world)
  await abe.open('/signup')
  const [first, second] = await Promise.all([
    abe.submit({ email: 'abe@example.org' }),
    abe.submit({ email: ' Abe@Example.org ' }),
  ])
  expect(first.path).toMatch(/^\/signup\/[0-9a-f-]{36}$/)
  expect(second.path).toBe(first.path)
  expect(await world.inbox('abe@example.org')).toHaveLength(1)
  await abe.submit({ code: await world.readCode('abe@example.org') })
  expect((await abe.submit({ password })).path).toMatch(/^\/account\//)
})

test('the form of a sign-up, sent again later, leads to where that stands; with another address to another', async () => {
  const abi = newPerson(world)
  await abi.open('/signup')
  const { action, fields } = abi.form('email')
  await abi.submit({ email: 'abi@example.org' })
  const { path } = abi.page
  await abi.submit({ code: await world.readCode('abi@example.org') })
  const again = await abi.request(action, { fields: { ...fields, email: 'abi@example.org' } })
  expect(again.headers.get('location')).toBe(path)
  expect(await world.inbox('abi@example.org')).toHaveLength(1)
  const other = await abi.request(action, { fields: { ...fields, email: 'abi.two@example.org' } })
  expect(other.headers.get('location')).not.toBe(path)
  expect(await world.inbox('abi.two@example.org')).toHaveLength(1)
})

test('an empty field is told to be empty, and of nothing else', async () => {
  const eve = newPerson(world)
  await eve.open('/signup')
  for (const email of ['', '  ', '\u200e']) {
    await eve.submit({ email })
    expect(eve.page).toMatchObject({ status: 422, refusal: 'address_missing' })
    expect(wordsOf(eve.page.text)).not.toContain('xn--')
  }
})

test('an address that has an account gets the same pages, and a mail that says so instead of a code', async () => {
  await makeAccount(world, 'cem@example.org')
  const [cem, dia] = [newPerson(world), newPerson(world)]
  for (const [person, email] of [
    [cem, 'cem@example.org'],
    [dia, 'dia@example.org'],
  ] as const) {
    await person.open('/signup')
    await person.submit({ email })
    await world.carried()
    await person.open(person.page.path)
  }
  const told = (text: string, email: string) =>
    wordsOf(text)
      .replaceAll(email, '')
      .replace(/[2-8a-fhjkmnp-tv-z]{3}-[2-8a-fhjkmnp-tv-z]{2}/g, '')
  expect(told(cem.page.text, 'cem@example.org')).toBe(told(dia.page.text, 'dia@example.org'))
  const [mail] = await world.inbox('cem@example.org')
  expect(mail?.code).toBe('')
  expect(mail?.text).toContain('https://codes.harbour.test/signin')
})

test('asking again for the mail that says so brings the same mail, never a code', async () => {
  await makeAccount(world, 'eli@example.org')
  const person = newPerson(world)
  await person.open('/signup')
  await person.submit({ email: 'eli@example.org' })
  await world.advance(minutes(1))
  await person.press('resend')
  const mails = await world.inbox('eli@example.org')
  expect(mails).toHaveLength(2)
  expect(mails.map((mail) => mail.code)).toEqual(['', ''])
})

test.for([
  ['short', 'password_short', 'wharf 7 gulls'],
  ['long', 'password_long', 'a1 '.repeat(400)],
  ['what everybody tries first', 'password_common', 'passwordpassword'],
  ['made of the address', 'password_own_words', 'fay@example.org1'],
  ['all digits', 'password_digits', '1234 5678 9012 3456'],
] as const)(
  'a password that is %s is declined with its own reason, and the next may be right',
  async ([, code, typed]) => {
    const fay = newPerson(world)
    const email = `fay.${code.replace('_', '-')}@example.org`
    await fay.open('/signup')
    await fay.submit({ email: code === 'password_own_words' ? 'fay@example.org' : email })
    await fay.submit({
      code: await world.readCode(code === 'password_own_words' ? 'fay@example.org' : email),
    })
    const declined = await fay.submit({ password: typed })
    expect(declined).toMatchObject({ status: 422, refusal: code })
    expect(declined.text).not.toContain(typed)
    expect((await fay.submit({ password })).path).toMatch(/^\/account\//)
  },
)

test('of two sign-ups for one address the second to finish is told that it has ended', async () => {
  const [gil, hal] = [newPerson(world), newPerson(world)]
  for (const person of [gil, hal]) {
    await person.open('/signup')
    await person.submit({ email: 'gil@example.org' })
    await person.submit({ code: await world.readCode('gil@example.org') })
  }
  const both = await Promise.all([gil.submit({ password }), hal.submit({ password })])
  expect(both.map((page) => page.refusal).sort()).toEqual(['flow_ended', undefined])
  expect(await signedIn([gil, hal])).toBe(1)
})

test('a double click on the last button makes one account and ends signed in both times', async () => {
  const ida = newPerson(world)
  await ida.open('/signup')
  await ida.submit({ email: 'ida@example.org' })
  await ida.submit({ code: await world.readCode('ida@example.org') })
  const before = await countOf('account')
  const both = await Promise.all([ida.submit({ password }), ida.submit({ password })])
  expect(both.map((page) => page.path.slice(0, 9))).toEqual(['/account/', '/account/'])
  expect(await countOf('account')).toBe(before + 1)
  expect(await ida.isSignedIn()).toBe(true)
})

test('the language of the browser is the language of the mail', async () => {
  const jon = newPerson(world)
  await jon.open('/?language=ja')
  await jon.open('/signup')
  await jon.submit({ email: 'jon@example.org' })
  const [mail] = await world.inbox('jon@example.org')
  expect(mail?.text).toMatch(/[ぁ-ん]/)
  expect((await signUp(world, newPerson(world), 'kim@example.org')).status).toBe(200)
})

async function countOf(table: 'account'): Promise<number> {
  const [row] = await world.sql.run<{ count: number }>(
    { name: `count_${table}`, text: `select count(*)::int as count from ${table}` },
    [],
  )
  return row?.count ?? -1
}

const signedIn = async (people: { isSignedIn(): Promise<boolean> }[]): Promise<number> =>
  (await Promise.all(people.map((person) => person.isSignedIn()))).filter(Boolean).length
