import { afterAll, beforeAll, expect, test } from 'vitest'
import { days, minutes } from '../../src/core/time.ts'
import {
  knownPerson,
  type MadeAccount,
  makeAccount,
  password,
  signIn,
  signInByCode,
  stepUp,
} from '../support/accounts.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

async function signedIn(): Promise<{ account: MadeAccount; person: Person; home: string }> {
  nth += 1
  const account = await makeAccount(world, `owner${nth}@example.org`)
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  return { account, person, home: person.page.path }
}

test('signing out ends the session on the server: a copy of the cookie is worth nothing', async () => {
  const { person } = await signedIn()
  const thief = person.copy()
  expect(await thief.isSignedIn()).toBe(true)
  await person.submit({ form: person.form('form').fields.form! })
  expect(await thief.isSignedIn()).toBe(false)
})

test('a session ends after fourteen days of rest', async () => {
  const { person } = await signedIn()
  await world.advance(days(14) - 1)
  expect(await person.isSignedIn()).toBe(true)
  await world.advance(days(14) - 1)
  expect(await person.isSignedIn()).toBe(true)
  await world.advance(days(14))
  expect(await person.isSignedIn()).toBe(false)
})

test('a session ends after ninety days, however much it is used', async () => {
  const { person } = await signedIn()
  for (let day = 10; day < 90; day += 10) {
    await world.advance(days(10))
    expect(await person.isSignedIn()).toBe(true)
  }
  await world.advance(days(10) - 1)
  expect(await person.isSignedIn()).toBe(true)
  await world.advance(1)
  expect(await person.isSignedIn()).toBe(false)
})

test('changing the password asks for the old one, and ends every other session', async () => {
  const { account, person, home } = await signedIn()
  const other = newPerson(world)
  await signInByCode(world, other, account.email)
  await stepUp(world, person, `${home}/password`, account.email)
  const next = 'quite another one, 41 gulls'
  expect((await person.submit({ current: 'not the password', next })).refusal).toBe('password_wrong')
  expect((await person.submit({ current: '123 456', next })).refusal).toBe('password_is_code')
  expect((await person.submit({ current: password, next: 'short' })).refusal).toBe('password_short')
  expect(await other.isSignedIn()).toBe(true)
  await person.submit({ current: password, next })
  expect(person.page).toMatchObject({ status: 200, path: `${home}?done=password` })
  expect(await other.isSignedIn()).toBe(false)
  expect(await person.isSignedIn()).toBe(true)
  await signIn(other, account.email)
  expect(other.page.refusal).toBe('sign_in_wrong')
})

test('the well-known address leads to where the password is changed', async () => {
  const { person, home } = await signedIn()
  const { path } = await person.open('/.well-known/change-password')
  expect(new URLSearchParams(path.split('?')[1]).get('return_to')).toBe(`${home}/password`)
})

test('wrong old passwords are limited to ten in a quarter of an hour', async () => {
  const { account, person, home } = await signedIn()
  await stepUp(world, person, `${home}/password`, account.email)
  const typed = (current: string) => person.submit({ current, next: 'quite another one, 41 gulls' })
  for (let times = 0; times < 10; times += 1) expect((await typed('no')).refusal).toBe('password_wrong')
  expect(await typed(password)).toMatchObject({ status: 429, refusal: 'passwords_limit' })
  await world.advance(minutes(15))
  await stepUp(world, person, `${home}/password`, account.email)
  expect((await typed(password)).path).toBe(`${home}?done=password`)
})

test('several accounts are signed in side by side, each with its own cookie and handle', async () => {
  const [ana, bea] = await Promise.all(
    ['ana', 'bea'].map((name) => makeAccount(world, `${name}@example.org`)),
  )
  const person = await knownPerson(world, ana!)
  await signIn(person, ana!.email)
  const first = person.page.path
  await signInByCode(world, person, bea!.email)
  const second = person.page.path
  expect(first).not.toBe(second)
  expect(wordsOf((await person.open(first)).text)).toContain(ana!.email)
  expect(wordsOf((await person.open(second)).text)).toContain(bea!.email)
  expect(wordsOf((await person.open('/account')).text)).toMatch(/ana@example\.org.*bea@example\.org/)
  await person.open(first)
  await person.submit({ form: person.form('form').fields.form! })
  expect((await person.open(first)).path).toMatch(/^\/signin/)
  expect((await person.open(second)).path).toBe(second)
})

test('a form of one account, sent while another is looked at, acts on its own account or on none', async () => {
  const one = await signedIn()
  const two = await makeAccount(world, 'two@example.org')
  await signInByCode(world, one.person, two.email)
  const second = one.person.page.path
  await one.person.open(one.home)
  const { action, fields } = one.person.form('form')
  await one.person.open(second)
  const crossed = await one.person.request(`${second}/signout`, { fields })
  expect(crossed.status).toBe(403)
  expect(crossed.headers.get('countersign-error')).toMatch(/^form_stale;/)
  expect((await one.person.request(action, { fields })).status).toBe(303)
  expect((await one.person.open(second)).path).toBe(second)
})

test('an account keeps its handle in a browser, and has another in every other', async () => {
  const { account, person, home } = await signedIn()
  await person.submit({ form: person.form('form').fields.form! })
  await signIn(person, account.email)
  expect(person.page.path).toBe(home)
  const other = newPerson(world)
  await signInByCode(world, other, account.email)
  expect(other.page.path).not.toBe(home)
  expect((await other.open(home)).path).toMatch(/^\/signin/)
})

test('ten accounts at most are signed in on one browser; one signed out makes room', async () => {
  const person = newPerson(world)
  for (let count = 0; count < 10; count += 1) {
    const account = await makeAccount(world, `many${count}@example.org`)
    const known = await knownOn(person, account)
    expect(known).toMatch(/^\/account\//)
  }
  const last = await makeAccount(world, 'eleventh@example.org')
  await knownOn(person, last)
  expect(person.page).toMatchObject({ status: 409, refusal: 'accounts_full' })
  await person.open('/account')
  const path = /href="(\/account\/[\w-]{12})"/.exec(person.page.text)?.[1] ?? ''
  await person.open(path)
  await person.submit({ form: person.form('form').fields.form! })
  expect(await knownOn(person, last)).toMatch(/^\/account\//)
})

test('cookies of sessions that have ended do not stand in the way of living ones', async () => {
  const person = newPerson(world)
  for (let count = 0; count < 10; count += 1) {
    await knownOn(person, await makeAccount(world, `ended${count}@example.org`))
  }
  await world.advance(days(14))
  for (let count = 0; count < 3; count += 1) {
    const home = await knownOn(person, await makeAccount(world, `living${count}@example.org`))
    expect((await person.open(home)).path).toBe(home)
  }
  expect(wordsOf((await person.open('/account')).text)).toMatch(/living0.*living1.*living2/)
})

/** Signs in on this browser as if the account had known it. @returns where that ends */
async function knownOn(person: Person, account: MadeAccount): Promise<string> {
  await person.open('/signin')
  await world.sql`insert into known_browser (account_id, browser) values (${account.id}, ${person.browser}) on conflict do nothing`
  return (await signIn(person, account.email)).path
}
