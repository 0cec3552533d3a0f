import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Activity, activityKinds } from '../../src/core/activity/activity.ts'
import { days, hours, minutes } from '../../src/core/time.ts'
import { readActivity, removeOldActivity } from '../../src/storage/activity.ts'
import {
  knownPerson,
  type MadeAccount,
  makeAccount,
  password,
  signIn,
  signInByCode,
  signUp,
} from '../support/accounts.ts'
import { inTurns } from '../support/flows.ts'
import { newPerson, type Person } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const newAccount = (): Promise<MadeAccount> => {
  nth += 1
  return makeAccount(world, `owner${nth}@example.org`)
}

/** What the account is told, newest first. */
const told = (account: { id: string }): Promise<Activity[]> =>
  readActivity(world.sql, account.id, { kinds: activityKinds, before: undefined, most: 500 })

/** The first of a kind: rows of one moment have no order. */
const firstOf = async (account: { id: string }, wanted: string): Promise<Activity | undefined> =>
  (await told(account)).find(({ kind }) => kind === wanted)

const kindsOf = async (account: { id: string }): Promise<string[]> =>
  (await told(account)).map(({ kind }) => kind)

/** Types a wrong password for a name. */
async function guess(person: Person, email: string): Promise<void> {
  await person.open('/signin')
  await person.submit({ username: email })
  await person.submit({ password: 'not the password' })
}

test('a sign-in is told with what proved it, where it came from, and the code that was used for it', async () => {
  const account = await newAccount()
  const person = newPerson(world, { ip: '203.0.113.9' })
  await signInByCode(world, person, account.email)
  const [signedIn, code] = [await firstOf(account, 'signed_in'), await firstOf(account, 'code_asked')]
  expect(await kindsOf(account)).toHaveLength(2)
  expect(signedIn).toMatchObject({
    kind: 'signed_in',
    at: world.now,
    detail: { ip: '203.0.113.9', newBrowser: true, proofs: ['email_code', 'password'] },
  })
  expect(code).toMatchObject({
    kind: 'code_asked',
    detail: { ip: '203.0.113.9', purpose: 'sign_in', usedAt: world.now },
  })
  expect(code?.detail.hint).toMatch(/^ow••••@example\.org$/)
  expect(JSON.stringify([signedIn, code])).not.toContain(account.email)
})

test('a browser that was known is not told as a new one', async () => {
  const account = await newAccount()
  await signIn(await knownPerson(world, account), account.email)
  expect(await firstOf(account, 'signed_in')).toMatchObject({ detail: { newBrowser: false } })
})

test('a code that nobody used is told as well, and so is one that was typed wrong', async () => {
  const account = await newAccount()
  const person = newPerson(world)
  await signIn(person, account.email)
  await person.submit({ item: person.form('item').fields.item ?? '' })
  await person.submit({ code: '000000' })
  const [wrong, code] = [await firstOf(account, 'sign_in_refused'), await firstOf(account, 'code_asked')]
  expect(wrong).toMatchObject({ kind: 'sign_in_refused', detail: { cause: 'code_wrong' } })
  expect(code?.kind).toBe('code_asked')
  expect(code?.detail.usedAt).toBeUndefined()
})

test('an account knows when it was made, when its password changed, and when it was signed out', async () => {
  const person = newPerson(world)
  const email = 'fresh@example.org'
  await signUp(world, person, email)
  const [account] = await world.sql<{ id: string }>`
    select account_id as id from account_username where name = ${email}`
  await person.open(`${person.page.path}/password`)
  await person.submit({ current: password, next: 'quite another one, 41 gulls' })
  await person.open('/account')
  await person.submit({ form: person.form('form').fields.form ?? '' })
  expect((await kindsOf(account!)).sort()).toEqual([
    'account_created',
    'password_changed',
    'signed_in',
    'signed_out',
  ])
})

test('somebody who signs up with the address of an account is told to it', async () => {
  const account = await newAccount()
  const person = newPerson(world)
  await person.open('/signup')
  await person.submit({ email: account.email })
  expect(await told(account)).toMatchObject([{ kind: 'sign_up_tried', detail: { purpose: 'sign_up' } }])
})

test('refused sign-ins from one source are one row with their number, for ten minutes from the first', async () => {
  const account = await newAccount()
  const stranger = newPerson(world)
  for (let times = 0; times < 4; times += 1) await guess(stranger, account.email)
  await world.advance(minutes(9))
  await guess(stranger, account.email)
  expect(await told(account)).toMatchObject([
    { kind: 'sign_in_refused', detail: { cause: 'sign_in_wrong', count: 5, lastAt: world.now } },
  ])
  await world.advance(minutes(1) + 1)
  await guess(stranger, account.email)
  expect((await told(account)).map(({ detail }) => detail.count)).toEqual([undefined, 5])
})

test('a code that somebody could not say the address of is told, counted for each source, and not as one that was sent', async () => {
  const account = await newAccount()
  const strangers = [newPerson(world), newPerson(world)]
  for (let times = 0; times < 10; times += 1) await guess(strangers[0]!, account.email)
  for (const stranger of strangers) {
    await stranger.open('/signin')
    await stranger.submit({ username: account.email })
    await stranger.submit({ password })
    for (const wrong of ['nobody', 'no one']) {
      await stranger.submit({ item: stranger.form('item').fields.item ?? '' })
      await stranger.submit({ address: wrong })
      await stranger.press('other')
    }
  }
  const notSent = (await told(account)).filter(({ kind }) => kind === 'code_not_sent')
  expect(notSent.map(({ detail }) => detail.count)).toEqual([2, 2])
  expect(await kindsOf(account)).not.toContain('code_asked')
})

test('a flood from two hundred networks leaves at most thirty rows of its sources and one of the rest', async () => {
  const account = await newAccount()
  for (let network = 0; network < 200; network += 1) {
    await guess(newPerson(world, { ip: `198.18.${network}.1` }), account.email)
  }
  const rows = await told(account)
  const refused = rows.filter(({ kind }) => kind === 'sign_in_refused')
  expect(refused).toHaveLength(31)
  expect(refused.filter(({ detail }) => detail.many)).toHaveLength(1)
  const counted = refused.reduce((sum, { detail }) => sum + (detail.count ?? 1), 0)
  expect(counted).toBe(200)
})

test('of sixty refusals from one source, four at a time, each is counted once', async () => {
  const account = await newAccount()
  const first = newPerson(world, { ip: '198.51.100.7' })
  await first.open('/signin')
  // Four at a time: no more of one network wait for their hashing.
  await inTurns(60, () => guess(newPerson(world, { cookies: first.cookies, ip: first.ip }), account.email))
  const refused = (await told(account)).filter(({ kind }) => kind === 'sign_in_refused')
  expect(refused.reduce((sum, { detail }) => sum + (detail.count ?? 1), 0)).toBe(60)
  // Two causes, each at most as many rows as the pool has connections.
  expect(refused.length).toBeLessThanOrEqual(12)
})

test('what is told about a name without an account is gone after a day; an account keeps ninety', async () => {
  const account = await newAccount()
  const rows = async () => {
    const [row] = await world.sql<{ decoys: number; own: number }>`
      select count(*) filter (where detail @> '{"decoy": true}')::int as decoys,
        count(*) filter (where subject = ${account.id})::int as own
      from activity where application_id is null`
    return row
  }
  await guess(newPerson(world), 'nobody@example.org')
  await guess(newPerson(world), account.email)
  expect(await rows()).toMatchObject({ own: 1 })
  expect((await rows())?.decoys).toBeGreaterThan(0)
  await world.advance(hours(25))
  while ((await removeOldActivity(world.sql)) > 0);
  expect(await rows()).toEqual({ decoys: 0, own: 1 })
  await world.advance(days(89) + hours(1))
  expect(await told(account)).toEqual([])
  while ((await removeOldActivity(world.sql)) > 0);
  expect(await rows()).toEqual({ decoys: 0, own: 0 })
})

test('what a stranger does for a name is told nowhere but to its account', async () => {
  const [one, other] = [await newAccount(), await newAccount()]
  await guess(newPerson(world), one.email)
  expect(await kindsOf(other)).toEqual([])
})
