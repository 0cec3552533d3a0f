import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, minutes } from '../../src/core/time.ts'
import { removeOldChanges } from '../../src/storage/change.ts'
import {
  knownPerson,
  type MadeAccount,
  makeAccount,
  password,
  signIn,
  signInByCode,
  stepUp,
} from '../support/accounts.ts'
import { giveRecoveryCode } from '../support/items.ts'
import { newPerson, type Person } from '../support/person.ts'
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
  await world.advance(days(8))
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  return { account, person, home: person.page.path }
}

const itemsOf = async ({ id }: MadeAccount) =>
  world.sql<{ id: string; address: string; frozen: boolean }>`
    select id, address, frozen_until is not null as frozen from security_info
    where account_id = ${id} order by added_at, address`
const addressesOf = async (account: MadeAccount) => (await itemsOf(account)).map(({ address }) => address)

/** Adds a contact in the tab that is open there, whose proof is fresh. */
async function addFreshly(person: Person, home: string, contact: string): Promise<void> {
  await person.open(`${home}/security/add`)
  await person.submit({ contact })
  await person.submit({ code: await world.readCode(contact) })
  expect(person.page.path).toContain('done=added')
}

/** The newest notice to an address: where it leads, and its reference. */
async function noticeTo(email: string): Promise<{ path: string; reference: string }> {
  const notice = (await world.inbox(email)).findLast(({ code }) => code === '')
  const path = /https:\/\/codes\.harbour\.test(\/changes\/[\w-]{43})/.exec(notice?.text ?? '')?.[1] ?? ''
  return { path, reference: notice?.reference ?? '' }
}

/** Follows the notice as its reader does: opens it, types the reference, presses. */
async function freezeByNotice(email: string, notice?: { path: string; reference: string }): Promise<Person> {
  const { path, reference } = notice ?? (await noticeTo(email))
  const reader = newPerson(world)
  await reader.open(path)
  await reader.submit({ reference })
  return reader
}

/** Somebody who has the password and phished one code: signed in, with a fresh proof, and a contact of their own added. */
async function phished(one: Owner): Promise<{ thief: Person; home: string; contact: string }> {
  const thief = newPerson(world)
  await signInByCode(world, thief, one.account.email)
  const home = thief.page.path
  const contact = `thief${nth}@evil.example`
  await world.advance(1000)
  await addFreshly(thief, home, contact)
  return { thief, home, contact }
}

const pressFirst = (person: Person) => person.submit({ form: person.form('form').fields.form! })

async function changeOf(account: MadeAccount, kind: string): Promise<{ id: string; state: string }> {
  const rows = await world.sql<{ id: string; state: string }>`
    select id, state from change where account_id = ${account.id} and kind = ${kind} order by at desc limit 1`
  return rows[0] ?? { id: '', state: '' }
}

describe('a notice’s link', () => {
  test('S15: opening it, and pressing its button as a scanner does, changes nothing', async () => {
    const one = await owner()
    await phished(one)
    const { path } = await noticeTo(one.account.email)
    const scanner = newPerson(world)
    for (let times = 0; times < 3; times += 1) await scanner.open(path)
    await scanner.request(path, { method: 'HEAD' })
    await scanner.open(path)
    expect((await scanner.submit({ reference: '' })).refusal).toBe('reference_wrong')
    expect((await scanner.submit({ reference: 'AAA-AA' })).refusal).toBe('reference_wrong')
    expect((await changeOf(one.account, 'item_added')).state).toBe('standing')
  })

  test('shows the same page whether there is a notice behind it or not', async () => {
    const one = await owner()
    await phished(one)
    const { path } = await noticeTo(one.account.email)
    const reader = newPerson(world)
    const shown = async (link: string) =>
      (await reader.open(link)).text.replaceAll(link, '').replace(/name="form" value="[^"]*"/, '')
    const there = await shown(path)
    expect(await shown(`/changes/${'A'.repeat(43)}`)).toBe(there)
    expect((await reader.submit({ reference: 'K7F-2Q' })).refusal).toBe('reference_wrong')
  })

  test('takes a reference that was sent in capitals, typed in any case', async () => {
    const one = await owner()
    await phished(one)
    await world.sql`update notice set reference = upper(reference) where account_id = ${one.account.id}`
    const { path, reference } = await noticeTo(one.account.email)
    const reader = newPerson(world)
    await reader.open(path)
    expect((await reader.submit({ reference: reference.toLowerCase() })).refusal).toBeUndefined()
  })

  test('takes five wrong references of a browser a day, which use up nothing of another’s', async () => {
    const one = await owner()
    await phished(one)
    const { path, reference } = await noticeTo(one.account.email)
    const stranger = newPerson(world)
    await stranger.open(path)
    for (let times = 0; times < 5; times += 1) await stranger.submit({ reference: 'AAA-AA' })
    expect((await stranger.submit({ reference })).refusal).toBe('reference_wrong')
    const reader = newPerson(world)
    await reader.open(path)
    for (let times = 0; times < 6; times += 1) {
      await reader.open(path)
      expect((await reader.submit({ reference })).refusal).toBeUndefined()
    }
  })

  test('freezes: who did it is out, what they added proves nothing, and nothing further changes', async () => {
    const one = await owner()
    const { thief, home, contact } = await phished(one)
    const reader = await freezeByNotice(one.account.email)
    expect(reader.page).toMatchObject({ status: 200, refusal: undefined })
    expect(await thief.isSignedIn()).toBe(false)
    expect((await itemsOf(one.account)).find((item) => item.address === contact)?.frozen).toBe(true)
    await signIn(thief, one.account.email)
    expect(thief.page.text).toContain('ow••••')
    expect(thief.page.text).not.toContain('th••••')
    expect(home).toBeDefined()
    await stepUp(world, one.person, `${one.home}/stepup?for=undo_change`, one.account.email)
    expect((await one.person.open(`${one.home}/password`)).refusal).toBe('changes_frozen')
    expect((await one.person.open(`${one.home}/security/add`)).refusal).toBe('changes_frozen')
  })

  test('works for thirty days', async () => {
    const one = await owner()
    await phished(one)
    await world.advance(days(30))
    const reader = await freezeByNotice(one.account.email)
    expect(reader.page.text).toContain('more than 30 days old')
    expect((await changeOf(one.account, 'item_added')).state).toBe('standing')
  })

  test('says that it is too late for as long as anybody may keep the message', async () => {
    const one = await owner()
    await phished(one)
    const { path, reference } = await noticeTo(one.account.email)
    for (const later of [days(40), days(60), days(1000)]) {
      await world.advance(later)
      await removeOldChanges(world.sql)
      const reader = newPerson(world)
      await reader.open(path)
      await reader.submit({ reference })
      expect(reader.page.refusal).toBeUndefined()
      expect(reader.page.text).toContain('more than 30 days old')
    }
  })

  test('gives no say to a contact that was not there before the change', async () => {
    const one = await owner()
    const { contact } = await phished(one)
    await signIn(one.person, one.account.email)
    await stepUp(world, one.person, `${one.home}/password`, one.account.email)
    await one.person.submit({ current: password, next: 'nine loud starlings on a wire' })
    const reader = await freezeByNotice(contact)
    expect(reader.page.text).toContain('came to the account later')
    expect(reader.page.refusal).toBeUndefined()
    expect((await changeOf(one.account, 'password_changed')).state).toBe('standing')
  })
})

test('a freeze and further changes at the same moment: whatever came first, nothing of the thief’s stays unfrozen', async () => {
  for (let round = 0; round < 8; round += 1) {
    const one = await owner()
    const { thief, home } = await phished(one)
    const notice = await noticeTo(one.account.email)
    const contact = `another${nth}@evil.example`
    await thief.open(`${home}/security/add`)
    await thief.submit({ contact })
    const { action, fields } = thief.form('code')
    const code = await world.readCode(contact)
    const reader = newPerson(world)
    await reader.open(notice.path)
    const freezing = () => reader.submit({ reference: notice.reference })
    const adding = () => thief.request(action, { fields: { ...fields, code } })
    await Promise.all(round % 2 === 0 ? [freezing(), adding()] : [adding(), freezing()])
    const items = await itemsOf(one.account)
    const unfrozen = items.filter((item) => !item.frozen).map(({ address }) => address)
    expect(unfrozen).toEqual([one.account.email])
  }
})

describe('deciding a frozen change', () => {
  async function decidedBy(one: Owner, act: 'undo' | 'keep'): Promise<Person> {
    const { id } = await changeOf(one.account, 'item_added')
    const person = newPerson(world)
    await signInByCode(world, person, one.account.email)
    await person.open(`${person.page.path}/security/changes/${id}/${act}`)
    return person
  }

  test('undoing puts things back: the thief’s contact is gone, and the thief needs a code again', async () => {
    const one = await owner()
    const { thief, contact } = await phished(one)
    await freezeByNotice(one.account.email)
    const person = await decidedBy(one, 'undo')
    await pressFirst(person)
    expect(person.page.path).toContain('done=undone')
    expect(await addressesOf(one.account)).toEqual([one.account.email])
    expect(await world.inbox(contact)).toHaveLength(1)
    await signIn(thief, one.account.email)
    expect(await thief.isSignedIn()).toBe(false)
    expect((await world.inbox(one.account.email)).at(-1)?.subject).toContain('was undone')
    expect((await person.open(`${person.page.path.split('/security')[0]}/password`)).refusal).toBeUndefined()
  })

  test('where the password was changed, undoing asks for a new one', async () => {
    const one = await owner()
    const { thief, home } = await phished(one)
    await thief.open(`${home}/password`)
    await thief.submit({ current: password, next: 'now it is mine to keep' })
    expect(thief.page.path).toContain('done=password')
    await freezeByNotice(one.account.email)
    // The owner is signed in by another proof here: recovery is how one gets that far without the password.
    const person = await knownPerson(world, one.account)
    await person.open('/signin')
    await person.submit({ username: one.account.email })
    await person.submit({ password: 'now it is mine to keep' })
    await person.submit({ item: person.form('item').fields.item! })
    await person.submit({ code: await world.readCode(one.account.email) })
    const { id } = await changeOf(one.account, 'item_added')
    await person.open(`${person.page.path}/security/changes/${id}/undo`)
    expect((await person.submit({ next: 'short' })).refusal).toBe('password_short')
    await person.submit({ next: 'a fresh one by the harbour wall' })
    expect(person.page.path).toContain('done=undone')
    const again = newPerson(world)
    await again.open('/signin')
    await again.submit({ username: one.account.email })
    expect((await again.submit({ password: 'now it is mine to keep' })).refusal).toBe('sign_in_wrong')
    expect((await again.submit({ password: 'a fresh one by the harbour wall' })).refusal).toBeUndefined()
  })

  test('“it was me” gives back what was frozen', async () => {
    const one = await owner()
    const { contact } = await phished(one)
    await freezeByNotice(one.account.email)
    const person = await decidedBy(one, 'keep')
    await pressFirst(person)
    expect(person.page.path).toContain('done=kept')
    expect((await itemsOf(one.account)).map(({ frozen }) => frozen)).toEqual([false, false])
    expect(await addressesOf(one.account)).toContain(contact)
    const reader = await freezeByNotice(one.account.email)
    expect(reader.page.text).toContain('confirmed')
  })

  test('with two-step verification before, one kind of proof is not enough', async () => {
    const one = await owner()
    await world.sql`update account set two_step_at = statement_timestamp() where id = ${one.account.id}`
    await phished(one)
    await freezeByNotice(one.account.email)
    const person = await decidedBy(one, 'undo')
    expect(person.page.text).toContain('two proofs of different kinds')
    const { id } = await changeOf(one.account, 'item_added')
    const home = person.page.path.split('/security')[0]
    const form = (await person.open(home!)).forms[0]?.fields.form ?? ''
    const answer = await person.request(`${home}/security/changes/${id}/undo`, { fields: { form } })
    expect(answer.headers.get('countersign-error')).toContain('choice_missing')
    expect((await changeOf(one.account, 'item_added')).state).toBe('frozen')
  })

  test('undecided, the freeze ends with the thirty days', async () => {
    const one = await owner()
    await phished(one)
    await freezeByNotice(one.account.email)
    await world.advance(days(30))
    await signIn(one.person, one.account.email)
    await stepUp(world, one.person, `${one.home}/password`, one.account.email)
    expect(one.person.page.path).toBe(`${one.home}/password`)
  })
})

describe('an account that is held still', () => {
  test('keeping a later change gives back nothing that an earlier one holds', async () => {
    const one = await owner()
    const { thief, home, contact } = await phished(one)
    const notice = await noticeTo(one.account.email)
    await world.advance(1000)
    await addFreshly(thief, home, `later${nth}@evil.example`)
    const later = await changeOf(one.account, 'item_added')
    await freezeByNotice(one.account.email, notice)
    const person = newPerson(world)
    await signInByCode(world, person, one.account.email)
    await person.open(`${person.page.path}/security/changes/${later.id}/keep`)
    await pressFirst(person)
    expect(person.page.path).toContain('done=kept')
    expect((await itemsOf(one.account)).find(({ address }) => address === contact)?.frozen).toBe(true)
  })

  test('a sign-in that was under way with what is frozen now does not come to its end', async () => {
    const one = await owner()
    const { contact } = await phished(one)
    const itemId = (await itemsOf(one.account)).find(({ address }) => address === contact)?.id ?? ''
    const thief = newPerson(world)
    await signIn(thief, one.account.email)
    await thief.submit({ item: itemId })
    const code = await world.readCode(contact)
    await freezeByNotice(one.account.email)
    await thief.submit({ code })
    expect(await thief.isSignedIn()).toBe(false)
  })

  test('a recovery code whose use is frozen proves nothing: whoever used it holds the next', async () => {
    const one = await owner()
    const code = await giveRecoveryCode(world, one.account)
    await world.advance(days(8))
    const thief = newPerson(world)
    await signIn(thief, one.account.email)
    const [item] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${one.account.id} and kind = 'recovery_code'`
    await thief.submit({ item: item?.id ?? '' })
    await thief.submit({ recovery_code: code })
    const used = (await world.inbox(one.account.email)).findLast((mail) => mail.code === '')
    await thief.press('saved')
    expect(await thief.isSignedIn()).toBe(true)
    const path = /https:\/\/codes\.harbour\.test(\/changes\/[\w-]{43})/.exec(used?.text ?? '')?.[1] ?? ''
    await freezeByNotice(one.account.email, { path, reference: used?.reference ?? '' })
    expect((await changeOf(one.account, 'recovery_code_used')).state).toBe('frozen')
    await signIn(thief, one.account.email)
    expect(thief.page.text).toContain(one.account.itemId)
    expect(thief.page.text).not.toContain(item?.id)
  })
})

describe('who wins (docs/who-wins.md)', () => {
  test('a thief with the password alone gets nowhere', async () => {
    const one = await owner()
    const thief = newPerson(world)
    await signIn(thief, one.account.email)
    expect(await thief.isSignedIn()).toBe(false)
    expect(thief.page.text).toContain('name="item"')
  })

  test('a thief at an unlocked browser can look, and change nothing', async () => {
    const one = await owner()
    const thief = one.person.copy()
    expect((await thief.open(`${one.home}/security`)).status).toBe(200)
    for (const path of ['password', 'security/add', `security/items/${one.account.itemId}/remove`]) {
      expect((await thief.open(`${one.home}/${path}`)).path).toContain('/stepup')
    }
  })

  test('a thief with one phished code can’t push the owner’s contact out for a week; once out, it still wins', async () => {
    const one = await owner()
    const { thief, home, contact } = await phished(one)
    const remove = `${home}/security/items/${one.account.itemId}/remove`
    await thief.open(remove)
    expect(thief.page.text).toContain('You can remove it in a few days')
    await world.advance(days(8))
    await signIn(thief, one.account.email)
    await thief.open(`${home}/security/items/${one.account.itemId}/remove`)
    const young = (await itemsOf(one.account)).find(({ address }) => address === contact)
    await thief.submit({ item: young?.id ?? '' })
    await thief.submit({ code: await world.readCode(contact) })
    await pressFirst(thief)
    expect(await addressesOf(one.account)).toEqual([contact])

    const reader = await freezeByNotice(one.account.email)
    expect(reader.page.refusal).toBeUndefined()
    expect(await thief.isSignedIn()).toBe(false)
    expect(await addressesOf(one.account)).toContain(one.account.email)
    const person = newPerson(world)
    await signIn(person, one.account.email)
    await person.submit({ item: one.account.itemId })
    await person.submit({ code: await world.readCode(one.account.email) })
    const { id } = await changeOf(one.account, 'item_removed')
    await person.open(`${person.page.path}/security/changes/${id}/undo`)
    await pressFirst(person)
    expect(person.page.path).toContain('done=undone')
    const added = await changeOf(one.account, 'item_added')
    await person.open(`${person.page.path.split('?')[0]}/changes/${added.id}/undo`)
    await pressFirst(person)
    expect(await addressesOf(one.account)).toEqual([one.account.email])
  })

  test('who holds nothing but a contact that the owner removed can hold the account still, and the owner ends that', async () => {
    const one = await owner()
    const second = `second${nth}@example.org`
    await stepUp(world, one.person, `${one.home}/security/add`, one.account.email)
    await one.person.submit({ contact: second })
    await one.person.submit({ code: await world.readCode(second) })
    // What took its place is settled: nobody can undo its coming any more.
    await world.advance(days(31))
    await signIn(one.person, one.account.email)
    await stepUp(
      world,
      one.person,
      `${one.home}/security/items/${one.account.itemId}/remove`,
      one.account.email,
    )
    await pressFirst(one.person)
    await world.advance(minutes(11))
    const notice = await noticeTo(one.account.email)
    await freezeByNotice(one.account.email, notice)
    const person = newPerson(world)
    await signIn(person, one.account.email)
    const newer = (await itemsOf(one.account)).find(({ address }) => address === second)
    await person.submit({ item: newer?.id ?? '' })
    await person.submit({ code: await world.readCode(second) })
    const { id } = await changeOf(one.account, 'item_removed')
    await person.open(`${person.page.path}/security/changes/${id}/keep`)
    await pressFirst(person)
    expect(person.page.path).toContain('done=kept')
    expect(await addressesOf(one.account)).toEqual([second])
    const again = await freezeByNotice(one.account.email, notice)
    expect(again.page.text).toContain('confirmed')
  })
})
