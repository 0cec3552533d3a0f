import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownPerson, makeAccount, password, signIn, stepUp } from '../support/accounts.ts'
import { newPerson, type Person } from '../support/person.ts'
import { openWorld, policyForStories, type World } from '../support/world.ts'

/** What strangers do, with the password or without, takes nothing from the owner's session or known browser. */
let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** The owner, signed in on a browser that the account knows. */
async function signedIn(email: string) {
  const account = await makeAccount(world, email)
  const person = await knownPerson(world, account)
  await signIn(person, email)
  return { account, person, home: person.page.path }
}

const add = async (person: Person, home: string, contact: string) => {
  await person.open(`${home}/security/add`)
  return person.submit({ contact })
}

test('sign-ins begun with the password keep no code from the owner’s step-up', async () => {
  const { account, person, home } = await signedIn('ana@example.org')
  for (let times = 0; times < 8; times += 1) {
    const thief = newPerson(world)
    await signIn(thief, account.email)
    await thief.submit({ item: account.itemId })
  }
  await stepUp(world, person, `${home}/password`, account.email)
  expect(person.page).toMatchObject({ refusal: undefined, path: `${home}/password` })
})

test('sign-ups with an address keep nobody from adding it to their account', async () => {
  const { account, person, home } = await signedIn('bea@example.org')
  for (let times = 0; times < 6; times += 1) {
    const stranger = newPerson(world)
    await stranger.open('/signup')
    await stranger.submit({ email: 'bea@second.example.org' })
  }
  await stepUp(world, person, `${home}/security/add`, account.email)
  const added = await add(person, home, 'bea@second.example.org')
  expect(added.refusal).toBeUndefined()
})

test('wrong codes of strangers with the password leave a known browser its own', async () => {
  const { account } = await signedIn('cem@example.org')
  for (let flow = 0; flow < 3; flow += 1) {
    const thief = newPerson(world)
    await signIn(thief, account.email)
    await thief.submit({ item: account.itemId })
    for (let guess = 0; guess < 5; guess += 1) await thief.submit({ code: `00000${guess}` })
  }
  const known = await knownPerson(world, account)
  await signIn(known, account.email)
  await stepUp(world, known, `${known.page.path}/password`, account.email)
  expect(known.page.refusal).toBeUndefined()
})

test('a sign-up and an application are told of an address’s full limit', async () => {
  const refusals: (string | undefined)[] = []
  for (let times = 0; times < 5; times += 1) {
    const person = newPerson(world)
    await person.open('/signup')
    refusals.push((await person.submit({ email: 'dia@example.org' })).refusal)
  }
  expect(refusals).toEqual([...Array(4).fill(undefined), 'sends_limit'])
})

test('a fifth of the day’s budget for texts is kept for sessions and known browsers', async () => {
  const budget = { perMessage: 5, perDay: 50 }
  const policy = { ...policyForStories, phones: { ...policyForStories.phones, budget } }
  const apart = await openWorld({ policy })
  const shop = await apart.application('Shop')
  const statuses: number[] = []
  for (let nth = 0; nth < 9; nth += 1) {
    statuses.push((await shop.issue(`+4474001230${10 + nth}`)).status)
  }
  expect(statuses).toEqual([...Array(8).fill(201), 429])
  const account = await makeAccount(apart, 'eva@example.org')
  const person = await knownPerson(apart, account)
  await signIn(person, account.email)
  const home = person.page.path
  await stepUp(apart, person, `${home}/security/add`, account.email)
  expect((await add(person, home, '+447400123099')).refusal).toBeUndefined()
  await apart.close()
})

test('a new password forgets every browser but the one that chose it', async () => {
  const { account, person, home } = await signedIn('fay@example.org')
  const thief = await knownPerson(world, account)
  await stepUp(world, person, `${home}/password`, account.email)
  await person.submit({ current: password, next: 'nine grey herons at low tide' })
  expect(person.page.refusal).toBeUndefined()
  for (const [known, isIn] of [[person, true] as const, [thief, false] as const]) {
    await known.open('/signin')
    await known.submit({ username: account.email })
    await known.submit({ password: 'nine grey herons at low tide' })
    expect(known.page.path.startsWith('/account/')).toBe(isIn)
  }
})
