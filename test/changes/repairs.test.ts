import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
import { givePasskey, passkeyOptionsOn } from '../support/items.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

type Owner = { account: MadeAccount; person: Person; home: string }

/** An account past its first week; its owner signed in with the password alone. */
async function owner(): Promise<Owner> {
  nth += 1
  const account = await makeAccount(world, `owner${nth}@example.org`)
  await world.advance(days(30))
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  await world.advance(1000)
  return { account, person, home: person.page.path }
}

const itemsOf = async ({ id }: MadeAccount) =>
  world.sql<{ id: string; address: string | null; frozen: boolean }>`
    select id, address, frozen_until is not null as frozen from security_info
    where account_id = ${id} order by added_at, address`
const addressesOf = async (account: MadeAccount) => (await itemsOf(account)).map(({ address }) => address)
const itemOf = async (account: MadeAccount, address: string) =>
  (await itemsOf(account)).find((item) => item.address === address)?.id ?? ''
const stateOf = async ({ id }: MadeAccount, kind: string) =>
  (
    await world.sql<{ state: string }>`
      select state from change where account_id = ${id} and kind = ${kind} order by at desc limit 1`
  )[0]?.state

/** The newest notice to an address whose subject says this: where it leads, and its reference. */
async function noticeTo(email: string, about = ''): Promise<{ path: string; reference: string }> {
  const all = (await world.inbox(email)).filter(({ code, text }) => code === '' && text.includes('/changes/'))
  const notice = all.findLast(({ subject }) => subject?.includes(about))
  const path = /https:\/\/codes\.harbour\.test(\/changes\/[\w-]{43})/.exec(notice?.text ?? '')?.[1] ?? ''
  return { path, reference: notice?.reference ?? '' }
}

/** Follows a notice as its reader does: opens it, types the reference, presses, and goes on. */
async function answer(notice: { path: string; reference: string }): Promise<Person> {
  const reader = newPerson(world)
  await reader.open(notice.path)
  await reader.submit({ reference: notice.reference })
  return reader
}

async function goOn(reader: Person): Promise<Person> {
  const [, on] = /href="(\/undo\/[\w-]+)"/.exec(reader.page.text) ?? []
  if (on !== undefined) await reader.open(on)
  return reader
}

async function add(person: Person, home: string, contact: string): Promise<void> {
  await person.open(`${home}/security/add`)
  await person.submit({ contact })
  await person.submit({ code: await world.readCode(contact) })
  expect(person.page.path).toContain('done=added')
  await world.advance(1000)
}

/** Password and one phished code: signed in, and a mailbox of their own added. */
async function phished({ account }: Owner) {
  const thief = newPerson(world)
  await signInByCode(world, thief, account.email)
  const contact = `thief${nth}@evil.example`
  await world.advance(1000)
  await add(thief, thief.page.path, contact)
  return { thief, contact }
}

const pressFirst = (person: Person) => person.submit({ form: person.form('form').fields.form ?? '' })

describe('a freeze', () => {
  test('out and in again is signed out by a freeze', async () => {
    const one = await owner()
    const { thief } = await phished(one)
    const home = thief.page.path.split('/security')[0]
    await thief.open(`${home}`)
    const { action, fields } = thief.form('form')
    await thief.follow(await thief.request(action, { fields }), action)
    expect(await thief.isSignedIn()).toBe(false)
    await world.advance(minutes(1))
    await signIn(thief, one.account.email)
    expect(await thief.isSignedIn()).toBe(true)
    await answer(await noticeTo(one.account.email, 'added'))
    expect(await thief.isSignedIn()).toBe(false)
    expect(await one.person.isSignedIn()).toBe(true)
  })

  test('ends no session that proved an older item and froze in it', async () => {
    const one = await owner()
    await phished(one)
    const person = newPerson(world)
    await signInByCode(world, person, one.account.email)
    const home = person.page.path
    const [change] = await world.sql<{ id: string }>`
      select id from change where account_id = ${one.account.id} and kind = 'item_added'`
    await person.open(`${home}/security/changes/${change?.id}/freeze`)
    await pressFirst(person)
    expect(person.page.path).toContain('done=frozen')
    expect(await person.isSignedIn()).toBe(true)
  })

  test('leaves no sign-in its session that was gone through before it', async () => {
    const one = await owner()
    await phished(one)
    const [before] = await world.sql<{ at: Date | null }>`
      select sessions_ended_at as at from account where id = ${one.account.id}`
    expect(before?.at).toBeNull()
    await answer(await noticeTo(one.account.email, 'added'))
    const [after] = await world.sql<{ at: Date | null }>`
      select sessions_ended_at as at from account where id = ${one.account.id}`
    expect(Number(after?.at)).toBe(world.now)
  })

  test('leaves a passkey that came with it worth nothing, alone and beside the password', async () => {
    const one = await owner()
    await phished(one)
    const key = await givePasskey(world, one.account)
    await answer(await noticeTo(one.account.email, 'added'))
    const thief = newPerson(world)
    await thief.open('/signin')
    const { fields } = thief.form('offer')
    const credential = key.get(passkeyOptionsOn(thief.page))
    await thief.follow(
      await thief.request('/signin/passkey', { fields: { ...fields, credential } }),
      '/signin/passkey',
    )
    expect(thief.page.refusal).toBe('passkey_refused')
    await signIn(thief, one.account.email)
    expect(await thief.isSignedIn()).toBe(false)
    expect(thief.page.text).not.toContain(key.itemId)
  })

  test('brings back nothing that came and went since the change', async () => {
    const one = await owner()
    const { contact } = await phished(one)
    const remove = `${one.home}/security/items/${await itemOf(one.account, contact)}/remove`
    await stepUp(world, one.person, remove, one.account.email)
    await pressFirst(one.person)
    expect(await addressesOf(one.account)).toEqual([one.account.email])
    await answer(await noticeTo(one.account.email, 'added'))
    expect(await stateOf(one.account, 'item_removed')).toBe('frozen')
    expect(await addressesOf(one.account)).toEqual([one.account.email])
  })

  test('is told on the account’s first page, with all that is held by its name', async () => {
    const one = await owner()
    await phished(one)
    const reader = await answer(await noticeTo(one.account.email, 'added'))
    const held = ['Security info added', 'th••••']
    for (const words of held) expect(wordsOf(reader.page.text)).toContain(words)
    await one.person.open(one.home)
    expect(wordsOf(one.person.page.text)).toContain('Changes to your account are paused')
    for (const words of held) expect(wordsOf(one.person.page.text)).toContain(words)
    await one.person.open(`${one.home}/security`)
    for (const words of held) expect(wordsOf(one.person.page.text)).toContain(words)
  })
})

describe('the repair stands', () => {
  const next = 'nine loud starlings on a wire'

  /** A thief's mailbox of day 0; on day 8 the owner changes the password and removes it. */
  async function repaired() {
    const one = await owner()
    const { account, person, home } = one
    const { thief, contact } = await phished(one)
    const thiefs = await itemOf(account, contact)
    await world.advance(days(8))
    await stepUp(world, person, `${home}/password`, account.email)
    await person.submit({ current: password, next })
    await world.advance(1000)
    await person.open(`${home}/security/items/${thiefs}/remove`)
    await pressFirst(person)
    expect(await addressesOf(account)).toEqual([account.email])
    await world.advance(minutes(11))
    return { ...one, thief, contact, thiefs }
  }

  const bothRepairs = [
    ['password', 'password_changed'],
    ['removed', 'item_removed'],
  ] as const

  test.each(bothRepairs)(
    'against a thief’s item of day 0, which freezes and undoes nothing (%s)',
    async (about, kind) => {
      const { account, contact, thiefs } = await repaired()
      const reader = await goOn(await answer(await noticeTo(contact, about)))
      expect(await stateOf(account, kind)).toBe('frozen')
      expect(reader.page.text).toContain(account.itemId)
      expect(reader.page.text).not.toContain(thiefs)
      await reader.submit({ item: thiefs })
      expect(reader.page.refusal).toBe('choice_missing')
    },
  )

  test('and its owner confirms it with the older item, after which nothing freezes it again', async () => {
    const { account, contact } = await repaired()
    await answer(await noticeTo(contact, 'password'))
    const person = newPerson(world)
    await person.open('/signin')
    await person.submit({ username: account.email })
    await person.submit({ password: next })
    await person.submit({ item: account.itemId })
    await person.submit({ code: await world.readCode(account.email) })
    const [change] = await world.sql<{ id: string }>`
      select id from change where account_id = ${account.id} and kind = 'password_changed'`
    await person.open(`${person.page.path}/security/changes/${change?.id}/keep`)
    await pressFirst(person)
    expect(person.page.path).toContain('done=kept')
    expect(await addressesOf(account)).toEqual([account.email])
    for (const about of ['password', 'removed']) {
      const again = await answer(await noticeTo(contact, about))
      expect(wordsOf(again.page.text)).toContain('or confirmed with proofs that count for more')
    }
    const thief = newPerson(world)
    await thief.open('/signin')
    await thief.submit({ username: account.email })
    expect((await thief.submit({ password })).refusal).toBe('sign_in_wrong')
  })

  test('as does the owner’s freeze: what the thief then proves confirms nothing', async () => {
    const one = await owner()
    const { account } = one
    const { thief, contact } = await phished(one)
    await world.advance(days(8))
    await signIn(thief, account.email)
    const home = thief.page.path
    await thief.open(`${home}/security/items/${account.itemId}/remove`)
    await thief.submit({ item: await itemOf(account, contact) })
    await thief.submit({ code: await world.readCode(contact) })
    await pressFirst(thief)
    expect(await addressesOf(account)).toEqual([contact])
    const reader = await goOn(await answer(await noticeTo(account.email, 'removed')))
    await signIn(thief, account.email)
    await thief.submit({ item: await itemOf(account, contact) })
    await thief.submit({ code: await world.readCode(contact) })
    const [change] = await world.sql<{ id: string }>`
      select id from change where account_id = ${account.id} and kind = 'item_removed'`
    await thief.open(`${thief.page.path}/security/changes/${change?.id}/keep`)
    expect(wordsOf(thief.page.text)).toContain('Prove it with older security info')
    await reader.submit({ item: account.itemId })
    await reader.submit({ code: await world.readCode(account.email) })
    await reader.press('decide')
    expect(await stateOf(account, 'item_removed')).toBe('undone')
    expect(await addressesOf(account)).toContain(account.email)
  })
})
