import { afterAll, beforeAll, expect, test } from 'vitest'
import { days } from '../../src/core/time.ts'
import { knownPerson, type MadeAccount, makeAccount, signIn, stepUp } from '../support/accounts.ts'
import { newAuthenticator } from '../support/authenticator.ts'
import { appOf, giveApp, givePasskey, giveTwoStep, passkeyOptionsOn } from '../support/items.ts'
import { type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** Somebody signed in with a password alone. */
async function owner(more: (account: MadeAccount) => Promise<unknown> = async () => {}) {
  nth += 1
  const account = await makeAccount(world, `checked${nth}@example.org`)
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  const home = person.page.path
  await more(account)
  return { account, person, home, checkup: `${home}/security/checkup` }
}

/** The one main button of a page that is a link. */
const mainOf = (person: Person): string =>
  (/<a class="button" href="([^"]*)"/.exec(person.page.text)?.[1] ?? '').replaceAll('&amp;', '&')

/** Opens a page that asks for a proof first, and gives it by a code to the account's own address. */
async function proveFor(person: Person, path: string, account: MadeAccount) {
  await person.open(path)
  await person.submit({ item: account.itemId })
  await person.submit({ code: await world.readCode(account.email) })
}

const says = (person: Person) => wordsOf(person.page.text).replaceAll('&#39;', "'")

const keyOn = (person: Person): string =>
  /class="digits-shown long">([A-Z2-7 ]+)</.exec(person.page.text)?.[1]?.replaceAll(' ', '') ?? ''

test('the checkup leads through everything that is left, one step after the other, and comes back after each', async () => {
  const { account, person, home, checkup } = await owner()
  await person.open(`${home}/security`)
  expect(says(person)).toContain("There's only one way back in.")
  expect(person.page.text).toContain(`href="${checkup}"`)

  await person.open(checkup)
  expect(says(person)).toContain('3 steps are left.')
  // The proof that is asked for first comes back to the step, and the step to the checkup.
  await stepUp(world, person, mainOf(person), account.email)
  const added = `second${nth}@example.org`
  await person.submit({ contact: 'not an address' })
  expect(person.page.refusal).toBe('email_malformed')
  await person.submit({ contact: added })
  await person.submit({ code: await world.readCode(added) })
  expect(person.page.path).toBe(checkup)
  expect(says(person)).toContain('2 steps are left.')

  await person.open(mainOf(person))
  const app = appOf(world, '', keyOn(person))
  await person.submit({ code: 'abc' })
  expect(person.page.refusal).toBe('code_malformed')
  await person.submit({ code: app.code() })
  expect(person.page.path).toBe(checkup)
  expect(says(person)).toContain('One step is left.')

  await person.open(mainOf(person))
  await person.submit({ make: person.form('make').fields.make ?? '' })
  expect(person.page.text).toMatch(/[A-Z2-7]{5}(-[A-Z2-7]{5}){4}/)
  expect(mainOf(person)).toBe(checkup)
  await person.open(checkup)
  expect(says(person)).toContain('Nothing is left to do.')
  expect(mainOf(person)).toBe(`${home}/security`)
})

test('a passkey is offered beside an app, and comes back as well', async () => {
  const { account, person, checkup } = await owner()
  await person.open(checkup)
  const href = /href="([^"]*\/security\/passkey\?return_to=[^"]*)"/.exec(person.page.text)?.[1] ?? ''
  await stepUp(world, person, href, account.email)
  const options = passkeyOptionsOn(person.page)
  await person.submit({ credential: newAuthenticator().create(options) })
  expect(person.page.path).toBe(checkup)
})

test('a number that was not proved for 90 days is no way back, and says that it wants to be confirmed', async () => {
  const { account, person, home } = await owner()
  await stepUp(world, person, `${home}/security/add`, account.email)
  const phone = `+44740012${String(3000 + nth)}`
  await person.submit({ contact: phone })
  await person.submit({ code: await world.readCode(phone) })
  expect(says(person)).not.toContain("There's only one way back in.")
  await world.advance(days(13))
  for (let week = 0; week < 13; week += 1) {
    await signIn(person, account.email)
    await world.advance(days(7))
  }
  await signIn(person, account.email)
  await person.open(`${home}/security`)
  expect(says(person)).toContain("There's only one way back in.")
  expect(says(person)).toContain('confirm it')
})

test.each([
  'https://elsewhere.example.com/',
  '//elsewhere.example.com/account',
  '/account/another/security/checkup',
  '/signin',
])('a step comes back to no page but one of the same account’s security: not to %s', async (asked) => {
  const { account, person, home } = await owner()
  await stepUp(world, person, `${home}/security/totp?return_to=${encodeURIComponent(asked)}`, account.email)
  const app = appOf(world, '', keyOn(person))
  await person.submit({ code: app.code() })
  expect(person.page.path).toBe(`${home}/security?done=totp`)
})

test('where two-step verification would be left with one kind, an app is added and the removal goes on', async () => {
  const passkey: { id?: string } = {}
  const { account, person, home } = await owner(async (made) => {
    passkey.id = (await givePasskey(world, made)).itemId
    await giveTwoStep(world, made)
  })
  const path = `${home}/security/items/${passkey.id}/remove`
  await proveFor(person, path, account)
  expect(says(person)).toContain('Two-step verification needs two kinds.')
  for (const page of ['passkey', 'add']) {
    expect(person.page.text).toContain(`/security/${page}?return_to=${encodeURIComponent(path)}`)
  }
  await person.open(mainOf(person))
  expect(person.page.path).toContain('/security/totp')
  await person.submit({ code: appOf(world, '', keyOn(person)).code() })
  expect(person.page.path).toBe(path)
  await person.submit({ form: person.form('form').fields.form ?? '' })
  expect(person.page.path).toBe(`${home}/security?done=removed`)
})

test('what an item is, and when it was added, proved and used, stands on the security page', async () => {
  const { account, person, home } = await owner((made) => giveApp(world, made, 'Pocket phone'))
  await world.advance(days(20))
  await signIn(person, account.email)
  await proveFor(person, `${home}/security/add`, account)
  await person.submit({ contact: `young${nth}@example.org` })
  await person.submit({ code: await world.readCode(`young${nth}@example.org`) })
  await person.open(`${home}/security`)
  const day = (at: number) =>
    new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(at)
  const then = day(world.now - days(20))
  const today = day(world.now)
  expect(says(person)).toContain(`Authenticator app · added ${then} last proved ${then} · last used ${then}`)
  expect(says(person)).toContain(`Email · added ${then} last proved ${today} · last used ${today}`)
  expect(says(person)).toContain(
    `Email · added ${today} last proved ${today} · not used yet counts fully from ${day(world.now + days(7))}`,
  )
})
