import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { hours } from '../../src/core/time.ts'
import { inviteAdministrator } from '../../src/operations/administration/invitations.ts'
import { knownPerson, makeAccount, password, signIn } from '../support/accounts.ts'
import { newPerson, type Person } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World

beforeAll(async () => {
  world = await openWorld()
})
afterEach(() => world.sql`update account set role = 'member'`)
afterAll(() => world.close())

const link = async (): Promise<string> => {
  const token = await inviteAdministrator(world.deps.database)
  if (token === undefined) throw new Error('There is an administrator.')
  return `/administrator/${token}`
}
const administrators = async (): Promise<string[]> =>
  (
    await world.sql<{ name: string }>`
      select u.name from account a join account_username u on u.account_id = a.id
      where a.role = 'administrator' order by u.name`
  ).map((row) => row.name)

/** Presses the one button of the page. */
const accept = (person: Person, fields: Record<string, string> = {}) =>
  person.submit({ form: person.form('form').fields.form!, ...fields })

test('opening the link changes nothing; its button and a sign-up make an administrator', async () => {
  const path = await link()
  const ana = newPerson(world)
  for (let times = 0; times < 3; times += 1) expect((await ana.open(path)).status).toBe(200)
  expect((await accept(ana)).path).toBe('/signup')
  await ana.submit({ email: 'ana@example.org' })
  await ana.submit({ code: await world.readCode('ana@example.org') })
  expect(await administrators()).toEqual([])
  await ana.submit({ password })
  expect(await administrators()).toEqual(['ana@example.org'])
  expect(await newPerson(world).open(path)).toMatchObject({ status: 410, refusal: 'invitation_ended' })
})

test('an account that is signed in accepts it with one button', async () => {
  const bea = await makeAccount(world, 'bea@example.org')
  const person = await knownPerson(world, bea)
  await signIn(person, bea.email)
  await person.open(await link())
  await accept(person)
  expect(await administrators()).toEqual(['bea@example.org'])
})

test('a link works once', async () => {
  const path = await link()
  const people = await Promise.all(
    ['cem', 'dia'].map(async (name) => {
      const account = await makeAccount(world, `${name}@example.org`)
      const person = await knownPerson(world, account)
      await signIn(person, account.email)
      await person.open(path)
      return person
    }),
  )
  const answers = await Promise.all(people.map((person) => accept(person)))
  expect(answers.map((page) => page.refusal).sort()).toEqual(['invitation_ended', undefined])
  expect(await administrators()).toHaveLength(1)
})

test('of two links used at once one makes an administrator', async () => {
  const paths = [await link(), await link()]
  const people = await Promise.all(
    paths.map(async (path, index) => {
      const account = await makeAccount(world, `both${index}@example.org`)
      const person = await knownPerson(world, account)
      await signIn(person, account.email)
      await person.open(path)
      return person
    }),
  )
  await Promise.all(people.map((person) => accept(person)))
  expect(await administrators()).toHaveLength(1)
})

test('a link lives an hour', async () => {
  const path = await link()
  const person = newPerson(world)
  await world.advance(hours(1) - 1)
  expect((await person.open(path)).status).toBe(200)
  await world.advance(1)
  expect((await accept(person)).refusal).toBe('invitation_ended')
})

test('a sign-up that began with a link that has run out makes an ordinary account', async () => {
  const path = await link()
  const eli = newPerson(world)
  await eli.open(path)
  await accept(eli)
  await world.advance(hours(1) - 1)
  await eli.submit({ email: 'eli@example.org' })
  await eli.submit({ code: await world.readCode('eli@example.org') })
  await world.advance(1)
  await eli.submit({ password })
  expect(await eli.isSignedIn()).toBe(true)
  expect(await administrators()).toEqual([])
})

test('once there is an administrator every link is dead, and no other is made', async () => {
  const paths = [await link(), await link()]
  const fay = await makeAccount(world, 'fay@example.org')
  const person = await knownPerson(world, fay)
  await signIn(person, fay.email)
  await person.open(paths[0]!)
  await accept(person)
  expect((await person.open(paths[1]!)).refusal).toBe('invitation_ended')
  expect(await inviteAdministrator(world.deps.database)).toBeUndefined()
})

test('a link that was never made is told like one that has ended', async () => {
  const person = newPerson(world)
  await person.open('/signin')
  for (const token of ['x', 'a'.repeat(43), '%00', '..%2f', '😀', 'a'.repeat(3000)]) {
    expect((await person.open(`/administrator/${token}`)).refusal).toBe('invitation_ended')
  }
})
