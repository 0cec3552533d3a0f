import { afterAll, beforeAll, expect, test } from 'vitest'
import { hours } from '../../src/core/time.ts'
import { knownPerson, makeAccount, password, signIn } from '../support/accounts.ts'
import { newPerson, type Person } from '../support/person.ts'
import { openWorld, type World, withLimits } from '../support/world.ts'

/** What a sign-in costs is counted whether it is right or wrong: right passwords are not free. */
let world: World
const most = 6
beforeAll(async () => {
  const sign_ins = { sends: [], failures: [{ most, within: hours(1) }] }
  world = await openWorld({ policy: withLimits({ sign_ins }) })
})
afterAll(() => world.close())

async function begin(person: Person, email: string): Promise<string | undefined> {
  await person.open('/signin')
  return (await person.submit({ username: email })).refusal
}

test('right passwords of strangers at one address are compared so often and no more', async () => {
  const account = await makeAccount(world, 'right@example.org')
  const ip = '203.0.113.9'
  for (let nth = 0; nth < most; nth += 1) {
    expect((await signIn(newPerson(world, { ip }), account.email)).refusal).toBeUndefined()
  }
  const waiting = newPerson(world)
  await begin(waiting, account.email)
  const { action, fields } = waiting.form('password')
  const elsewhere = newPerson(world, { ip, cookies: waiting.cookies })
  const answer = await elsewhere.request(action, { fields: { ...fields, password } })
  expect(answer.headers.get('countersign-error')).toMatch(/^sign_ins_limit; .*retry_after=3600/)
})

test('beginning is counted by address, and for a name without an account alike', async () => {
  const account = await makeAccount(world, 'begun@example.org')
  for (const email of [account.email, 'nobody@example.org']) {
    const person = newPerson(world)
    for (let nth = 0; nth < most; nth += 1) expect(await begin(person, email)).toBeUndefined()
    expect(await begin(person, email)).toBe('sign_ins_limit')
    await world.advance(hours(1))
    expect(await begin(person, email)).toBeUndefined()
  }
})

test('an address whose number strangers used up holds up no known browser there', async () => {
  const account = await makeAccount(world, 'known@example.org')
  const owner = await knownPerson(world, account)
  const stranger = newPerson(world, { ip: owner.ip })
  while ((await begin(stranger, account.email)) === undefined);
  await signIn(owner, account.email)
  expect(await owner.isSignedIn()).toBe(true)
})

test('a known browser has the same number of its own', async () => {
  const account = await makeAccount(world, 'own@example.org')
  const owner = await knownPerson(world, account)
  for (let nth = 0; nth < most; nth += 1) expect(await begin(owner, account.email)).toBeUndefined()
  expect(await begin(owner, account.email)).toBe('sign_ins_limit')
})
