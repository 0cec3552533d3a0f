import { afterAll, beforeAll, expect, test } from 'vitest'
import { minutes } from '../../src/core/time.ts'
import { livingSessions, makeAccount, password, signIn, signUp } from '../support/accounts.ts'
import { codeOf } from '../support/flows.ts'
import { newPerson } from '../support/person.ts'
import { openWorld, type World, wrongCode } from '../support/world.ts'

/**
 * Somebody prepares the account of a person who is yet to come (S13; Sudhodanan and Paverd, 2022). There are no accounts
 * before an address is proved, no merging and no other providers here, so of the five ways three are left to try.
 */
let world: World

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

test('classic: a sign-up with an address that is not proved leaves nothing that its owner meets', async () => {
  const attacker = newPerson(world)
  await attacker.open('/signup')
  await attacker.submit({ email: 'ana@example.org' })
  const waiting = attacker.form('code')
  await world.advance(minutes(1))
  const ana = newPerson(world)
  await signUp(world, ana, 'ana@example.org')
  expect(ana.page.path).toMatch(/^\/account\//)
  expect((await newPerson(world).open('/signin')).status).toBe(200)
  const code = (await world.inbox('ana@example.org'))[0]?.code ?? ''
  await attacker.follow(
    await attacker.request(waiting.action, { fields: { ...waiting.fields, code } }),
    waiting.action,
  )
  await attacker.submit({ password: 'the attacker chose this one' })
  expect(attacker.page.refusal).toBe('flow_ended')
  expect(await attacker.isSignedIn()).toBe(false)
  expect(
    (await signIn(newPerson(world), 'ana@example.org')).forms.some((form) => 'item' in form.fields),
  ).toBe(true)
})

test('unexpired session: nobody holds a session, a step or a code from before the account was', async () => {
  const attacker = newPerson(world)
  await attacker.open('/signin')
  await attacker.submit({ username: 'bea@example.org' })
  const step = attacker.form('password')
  const bea = newPerson(world)
  await signUp(world, bea, 'bea@example.org')
  const answer = await attacker.request(step.action, { fields: { ...step.fields, password } })
  expect(answer.headers.get('countersign-error')).toMatch(/^sign_in_wrong;/)
  const [row] = await world.sql<{ count: number }>`select count(*)::int as count from session`
  const [known] = await world.sql<{ count: number }>`
    select count(*)::int as count from known_browser where browser = ${attacker.browser}`
  expect(row?.count).toBe(2)
  expect(known?.count).toBe(0)
})

test('trojan identifier: a new account has one name and one contact, both the address that was proved', async () => {
  const person = newPerson(world)
  await person.open('/signup')
  const { action, fields } = person.form('email')
  const more = {
    email: 'cem@example.org',
    address: 'evil@evil.example',
    phone: '+447400123456',
    username: 'evil@evil.example',
  }
  await person.follow(await person.request(action, { fields: { ...fields, ...more } }), action)
  const body = new URLSearchParams({
    ...person.form('code').fields,
    code: await world.readCode('cem@example.org'),
  })
  body.append('email', 'evil@evil.example')
  await person.follow(await person.request(person.page.path, { fields: body }), person.page.path)
  await person.submit({ password })
  const rows = await world.sql<{ name: string; address: string }>`
    select u.name, i.address from account_username u join security_info i using (account_id)
    where u.name like '%cem%' or u.name like '%evil%' or i.address like '%evil%'`
  expect(rows).toEqual([{ name: 'cem@example.org', address: 'cem@example.org' }])
})

test('an attacker who finishes first has proved the address, and the owner is told so by mail at once', async () => {
  const account = await makeAccount(world, 'dia@example.org')
  const owner = newPerson(world)
  await owner.open('/signup')
  await owner.submit({ email: account.email })
  expect((await world.inbox(account.email)).at(-1)?.text).toContain('/signin')
  expect(await livingSessions(world, account.id)).toBe(0)
})

test('no code, however it was guessed, leads on from a sign-up with an address that has an account', async () => {
  const account = await makeAccount(world, 'eli@example.org')
  const attacker = newPerson(world)
  await attacker.open('/signup')
  await attacker.submit({ email: account.email })
  const [flow] = await world.sql<{ id: string }>`select id from flow where browser = ${attacker.browser}`
  const lucky = await codeOf(world, flow?.id ?? '')
  expect((await attacker.submit({ code: wrongCode(lucky) })).refusal).toBe('code_wrong')
  expect((await attacker.submit({ code: lucky })).refusal).toBe('code_tries_spent')
  expect(attacker.page.forms.some((form) => 'password' in form.fields)).toBe(false)
})
