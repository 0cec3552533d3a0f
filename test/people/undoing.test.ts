import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, minutes } from '../../src/core/time.ts'
import { tellOfUndos } from '../../src/operations/changes/tell-of-undos.ts'
import { newId } from '../../src/secrets/random.ts'
import { insertContact } from '../../src/storage/security-info.ts'
import { rememberBrowser } from '../../src/storage/session.ts'
import { knownPerson, type MadeAccount, makeAccount, password, signIn } from '../support/accounts.ts'
import { type App, giveApp, giveRecoveryCode, giveTwoStep } from '../support/items.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

type Owner = { account: MadeAccount; person: Person; home: string }

/** An account of a month, with whatever it is given on its first day; its owner is signed in with the password alone. */
async function owner(give: (account: MadeAccount) => Promise<unknown> = async () => {}): Promise<Owner> {
  nth += 1
  const account = await makeAccount(world, `undo${nth}@example.org`)
  await give(account)
  const person = await knownPerson(world, account)
  await world.advance(days(30))
  await signIn(person, account.email)
  return { account, person, home: person.page.path }
}

async function givePhone(account: MadeAccount, address: string): Promise<string> {
  const id = newId()
  await insertContact(world.sql, account.id, { id, kind: 'phone', address, provenAt: world.now })
  return id
}

/** The newest notice to a contact whose title says this: where it leads, and its reference. */
async function noticeTo(to: string, about = ''): Promise<{ path: string; reference: string; text: string }> {
  const said = (await world.inbox(to)).filter(({ code, text }) => code === '' && text.includes('/changes/'))
  const notice = said.findLast((one) => `${one.subject} ${one.text}`.includes(about))
  const path = /https:\/\/codes\.harbour\.test(\/changes\/[\w-]{43})/.exec(notice?.text ?? '')?.[1] ?? ''
  const reference = /\b([0-9A-Z]{3}-[0-9A-Z]{2})\b/.exec(notice?.text ?? '')?.[1] ?? ''
  return { path, reference, text: notice?.text ?? '' }
}

/** Follows a notice as its reader does: opens it, types the reference, presses, and goes on. */
async function answer(
  notice: { path: string; reference: string },
  reader = newPerson(world),
): Promise<Person> {
  await reader.open(notice.path)
  await reader.submit({ reference: notice.reference })
  const [, on] = /href="(\/undo\/[\w-]+)"/.exec(reader.page.text) ?? []
  if (on !== undefined) await reader.open(on)
  return reader
}

/** Sends a code to the contact that the notice came to, and types it. */
async function proveBy(reader: Person, itemId: string, address: string): Promise<void> {
  await reader.submit({ item: itemId })
  await reader.submit({ code: await world.readCode(address) })
}

const decide = (reader: Person) => reader.press('decide')

const addressesOf = async ({ id }: MadeAccount) =>
  (
    await world.sql<{ address: string | null; kind: string }>`
      select address, kind from security_info where account_id = ${id} order by added_at, id`
  ).map(({ address, kind }) => address ?? kind)

async function thiefIn({ account }: Owner): Promise<{ thief: Person; home: string }> {
  const thief = newPerson(world)
  await signIn(thief, account.email)
  await thief.submit({ item: account.itemId })
  await thief.submit({ code: await world.readCode(account.email) })
  await world.advance(1000)
  return { thief, home: thief.page.path }
}

const stateOf = async ({ id }: MadeAccount, kind: string) =>
  (
    await world.sql<{ state: string }>`
      select state from change where account_id = ${id} and kind = ${kind} order by at desc limit 1`
  )[0]?.state

describe('undoing from a notice, without being signed in', () => {
  test('a thief who changed the password is undone by one code: the old password works, theirs does not', async () => {
    const one = await owner()
    const { thief, home } = await thiefIn(one)
    await thief.open(`${home}/password`)
    await thief.submit({ current: password, next: 'now it is mine to keep' })
    const reader = await answer(await noticeTo(one.account.email, 'password'))
    expect(await thief.isSignedIn()).toBe(false)
    await proveBy(reader, one.account.itemId, one.account.email)
    expect(wordsOf(reader.page.text)).toContain('The password from before works again')
    await decide(reader)
    expect(wordsOf(reader.page.text)).toContain('It is undone')
    const person = newPerson(world)
    await person.open('/signin')
    await person.submit({ username: one.account.email })
    expect((await person.submit({ password: 'now it is mine to keep' })).refusal).toBe('sign_in_wrong')
    expect((await person.submit({ password })).refusal).toBeUndefined()
    const told = (await world.inbox(one.account.email)).map(({ subject }) => subject ?? '')
    expect(told.some((subject) => subject.includes('was undone'))).toBe(true)
  })

  test('signs out every browser and makes each a stranger, the thief’s too', async () => {
    const one = await owner()
    const { thief, home } = await thiefIn(one)
    const contact = `thief${nth}@evil.example`
    await thief.open(`${home}/security/add`)
    await thief.submit({ contact })
    await thief.submit({ code: await world.readCode(contact) })
    const reader = await answer(await noticeTo(one.account.email, 'added'))
    await proveBy(reader, one.account.itemId, one.account.email)
    await decide(reader)
    expect(await addressesOf(one.account)).toEqual([one.account.email])
    expect(await one.person.isSignedIn()).toBe(false)
    await signIn(thief, one.account.email)
    expect(await thief.isSignedIn()).toBe(false)
  })

  test('the code has eight digits, five tries, and is worth nothing in another browser', async () => {
    const one = await owner()
    await thiefIn(one)
    const reader = await answer(await noticeTo(one.account.email, 'sign-in'))
    const path = reader.page.path
    await reader.submit({ item: one.account.itemId })
    const code = await world.readCode(one.account.email)
    expect(code).toHaveLength(8)
    expect((await newPerson(world).open(path)).refusal).toBe('flow_ended')
    for (let left = 4; left >= 0; left -= 1) {
      await reader.submit({ code: code === '00000000' ? '00000001' : '00000000' })
    }
    expect((await reader.submit({ code })).refusal).toBe('code_tries_spent')
    expect(await stateOf(one.account, 'new_sign_in')).toBe('frozen')
  })

  test('of another contact the rest must be typed, and a wrong one looks the same and sends nothing', async () => {
    const phone = '+3125550014'
    const one = await owner((account) => givePhone(account, '+31612345614'))
    await thiefIn(one)
    const reader = await answer(await noticeTo(one.account.email, 'sign-in'))
    const other = [...reader.page.text.matchAll(/name="item" value="([\w-]+)"/g)].map(([, id]) => id ?? '')
    const phoneId = other.find((id) => id !== one.account.itemId) ?? ''
    await reader.submit({ item: phoneId })
    await reader.submit({ address: phone })
    expect(reader.page.refusal).toBeUndefined()
    const wrong = reader.page.status
    expect((await world.inbox('+31612345614')).filter(({ code }) => code !== '')).toEqual([])
    await reader.press('other')
    await reader.submit({ item: phoneId })
    await world.advance(minutes(1))
    await reader.submit({ address: '+31 6 1234 5614' })
    expect(reader.page.status).toBe(wrong)
    await reader.submit({ code: await world.readCode('+31612345614') })
    expect(reader.page.text).toContain('value="decide"')
  })

  test('with two-step verification before, it takes two of different kinds', async () => {
    let app: App | undefined
    const one = await owner(async (account) => {
      app = await giveApp(world, account)
      await giveTwoStep(world, account)
    })
    const thief = newPerson(world)
    await signIn(thief, one.account.email)
    await thief.submit({ item: one.account.itemId })
    await thief.submit({ code: await world.readCode(one.account.email) })
    const reader = await answer(await noticeTo(one.account.email, 'sign-in'))
    await proveBy(reader, one.account.itemId, one.account.email)
    expect(wordsOf(reader.page.text)).toContain('two proofs of different kinds')
    expect(reader.page.text).not.toContain(`value="${one.account.itemId}"`)
    await reader.submit({ item: app?.itemId ?? '' })
    await reader.submit({ code: app?.code() ?? '' })
    await decide(reader)
    expect(await stateOf(one.account, 'new_sign_in')).toBe('undone')
  })

  test('a recovery code proves it too, and the next one is kept by its owner', async () => {
    let code = ''
    const one = await owner(async (account) => {
      code = await giveRecoveryCode(world, account)
    })
    await thiefIn(one)
    const reader = await answer(await noticeTo(one.account.email, 'sign-in'))
    const [item] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${one.account.id} and kind = 'recovery_code'`
    await reader.submit({ item: item?.id ?? '' })
    await reader.submit({ recovery_code: code })
    const [next] = /(?:[A-Z2-7]{5}-){4}[A-Z2-7]{5}/.exec(reader.page.text) ?? []
    await reader.press('kept')
    await decide(reader)
    expect(await stateOf(one.account, 'new_sign_in')).toBe('undone')
    await signIn(reader, one.account.email)
    await reader.submit({ item: item?.id ?? '' })
    await reader.submit({ recovery_code: next ?? '' })
    expect(reader.page.refusal).toBeUndefined()
  })

  test('a double click on the last button undoes once, and both answers say so', async () => {
    const one = await owner()
    await thiefIn(one)
    const reader = await answer(await noticeTo(one.account.email, 'sign-in'))
    await proveBy(reader, one.account.itemId, one.account.email)
    const { action, fields } = reader.form('act')
    const answers = await Promise.all([1, 2].map(() => reader.request(action, { fields })))
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    const undone = (await world.inbox(one.account.email)).filter(({ subject }) => subject?.includes('undone'))
    expect(undone).toHaveLength(1)
  })
})

describe('the good that came after the bad', () => {
  /** A thief's mailbox, and after it two of the owner's: one added with the old mailbox, one by the thief's own. */
  async function mixed() {
    const one = await owner()
    const { account, person, home } = one
    const { thief, home: theirs } = await thiefIn(one)
    const add = async (by: Person, at: string, contact: string) => {
      await by.open(`${at}/security/add`)
      if (by.page.text.includes('name="item"')) await proveBy(by, account.itemId, account.email)
      await by.submit({ contact })
      await by.submit({ code: await world.readCode(contact) })
      await world.advance(1000)
    }
    const [bad, good, worse] = [
      `bad${nth}@evil.example`,
      `good${nth}@example.org`,
      `worse${nth}@evil.example`,
    ]
    await add(thief, theirs, bad)
    await add(person, home, good)
    await world.advance(minutes(11))
    const [item] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${account.id} and address = ${bad}`
    await thief.open(`${theirs}/security/add`)
    await thief.submit({ item: item?.id ?? '' })
    await thief.submit({ code: await world.readCode(bad) })
    await thief.submit({ contact: worse })
    await thief.submit({ code: await world.readCode(worse) })
    expect(await addressesOf(account)).toEqual([account.email, bad, good, worse])
    return { ...one, bad, good, worse }
  }
  /** The first notice of an addition tells of the bad one. */
  async function firstAdded(account: MadeAccount) {
    const said = (await world.inbox(account.email)).filter(({ subject }) => subject?.includes('added'))
    const path = /https:\/\/codes\.harbour\.test(\/changes\/[\w-]{43})/.exec(said[0]?.text ?? '')?.[1] ?? ''
    return { path, reference: said[0]?.reference ?? '' }
  }
  const changeOf = async (account: MadeAccount, address: string) =>
    (
      await world.sql<{ id: string; state: string }>`
        select id, state from change where account_id = ${account.id} and kind = 'item_added'
          and detail->'item'->>'address' = ${address}`
    )[0]

  test('is spared where something older had proved it, and its owner says that it is theirs', async () => {
    const { account, good } = await mixed()
    const reader = await answer(await firstAdded(account))
    await proveBy(reader, account.itemId, account.email)
    const spare = `spare-${(await changeOf(account, good))?.id}`
    expect([...reader.page.text.matchAll(/name="(spare-[\w-]+)"/g)].map(([, name]) => name)).toEqual([spare])
    const { action, fields } = reader.form('act')
    await reader.follow(await reader.request(action, { fields: { ...fields, [spare]: 'yes' } }), action)
    expect(wordsOf(reader.page.text)).toContain('It is undone')
    expect(await addressesOf(account)).toEqual([account.email, good])
    expect((await changeOf(account, good))?.state).toBe('kept')
    const [frozen] = await world.sql`
      select 1 from security_info where account_id = ${account.id} and frozen_until is not null`
    expect(frozen).toBeUndefined()
  })

  test('goes with the rest where nobody speaks for it, and where only what came since had proved it', async () => {
    const { account, worse } = await mixed()
    const reader = await answer(await firstAdded(account))
    await proveBy(reader, account.itemId, account.email)
    const { action, fields } = reader.form('act')
    const spare = `spare-${(await changeOf(account, worse))?.id}`
    await reader.follow(await reader.request(action, { fields: { ...fields, [spare]: 'yes' } }), action)
    expect(await addressesOf(account)).toEqual([account.email])
  })

  test('is spared by its owner signed in, too', async () => {
    const { account, person, home, bad, good, worse } = await mixed()
    const [change, spare] = [await changeOf(account, bad), await changeOf(account, good)]
    await person.open(`${home}/security/changes/${change?.id}/undo`)
    await proveBy(person, account.itemId, account.email)
    const { action, fields } = person.form('form')
    const sent = { fields: { ...fields, [`spare-${spare?.id}`]: 'yes' } }
    await person.follow(await person.request(action, sent), action)
    expect(await addressesOf(account)).toEqual([account.email, good])
    expect(await stateOf(account, 'item_added')).toBe('undone')
    expect((await changeOf(account, good))?.state).toBe('standing')
    expect((await changeOf(account, worse))?.state).toBe('undone')
  })
})

describe('who has one contact and no password', () => {
  test('undoes the owner’s new password at most: the one from before is the owner’s too, and opens nothing to others', async () => {
    const phone = '+31612345699'
    const one = await owner((account) => givePhone(account, phone))
    await one.person.open(`${one.home}/password`)
    await one.person.submit({ item: one.account.itemId })
    await one.person.submit({ code: await world.readCode(one.account.email) })
    await one.person.submit({ current: password, next: 'nine loud starlings on a wire' })
    const thief = await answer(await noticeTo(phone, 'password'))
    const [item] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${one.account.id} and kind = 'phone'`
    await proveBy(thief, item?.id ?? '', phone)
    await decide(thief)
    expect(wordsOf(thief.page.text)).toContain('It is undone')
    expect(await thief.isSignedIn()).toBe(false)
    expect(thief.page.text).not.toContain('new-password')
    await signIn(newPerson(world), one.account.email)
    const guess = newPerson(world)
    await guess.open('/signin')
    await guess.submit({ username: one.account.email })
    expect((await guess.submit({ password: 'nine loud starlings on a wire' })).refusal).toBe('sign_in_wrong')
  })

  test('a number that was not proved for ninety days freezes nothing and undoes nothing', async () => {
    const phone = '+31612345688'
    const one = await owner((account) => givePhone(account, phone))
    await world.advance(days(61))
    await thiefIn(one)
    const reader = newPerson(world)
    const notice = await noticeTo(phone, 'sign-in')
    await reader.open(notice.path)
    expect((await reader.submit({ reference: notice.reference })).refusal).toBe('reference_wrong')
    expect(await stateOf(one.account, 'new_sign_in')).toBe('standing')
  })
})

describe('an item that was removed', () => {
  test('is back with its seed once the removal is frozen, and proves again', async () => {
    let app: App | undefined
    const one = await owner(async (account) => {
      app = await giveApp(world, account)
    })
    const { thief, home } = await thiefIn(one)
    await thief.open(`${home}/security/items/${app?.itemId}/remove`)
    await thief.submit({ form: thief.form('form').fields.form ?? '' })
    expect(await addressesOf(one.account)).toEqual([one.account.email])
    const reader = await answer(await noticeTo(one.account.email, 'removed'))
    expect((await addressesOf(one.account)).sort()).toEqual(['totp', one.account.email])
    await reader.submit({ item: app?.itemId ?? '' })
    await reader.submit({ code: app?.code() ?? '' })
    await decide(reader)
    expect(await stateOf(one.account, 'item_removed')).toBe('undone')
    expect((await addressesOf(one.account)).sort()).toEqual(['totp', one.account.email])
  })

  test('and added again meanwhile is not taken away by “it was me”', async () => {
    const second = `second${nth}@example.org`
    const one = await owner(async (account) => {
      const contact = { id: newId(), kind: 'email' as const, address: second, provenAt: world.now }
      await insertContact(world.sql, account.id, contact)
    })
    const { account, home } = one
    const itemOf = async (address: string) =>
      (
        await world.sql<{ id: string }>`
          select id from security_info where account_id = ${account.id} and address = ${address}`
      )[0]?.id ?? ''
    const remove = async (id: string) => {
      await one.person.open(`${home}/security/items/${id}/remove`)
      await one.person.submit({ form: one.person.form('form').fields.form ?? '' })
    }
    await one.person.open(`${home}/security/items/${await itemOf(second)}/remove`)
    await one.person.submit({ item: account.itemId })
    await one.person.submit({ code: await world.readCode(account.email) })
    await one.person.submit({ form: one.person.form('form').fields.form ?? '' })
    const removal = await noticeTo(second, 'removed')
    await world.advance(1000)
    await one.person.open(`${home}/security/add`)
    await one.person.submit({ contact: second })
    await one.person.submit({ code: await world.readCode(second) })
    await world.advance(days(8))
    await signIn(one.person, account.email)
    await one.person.open(`${home}/security/items/${account.itemId}/remove`)
    await one.person.submit({ item: await itemOf(second) })
    await one.person.submit({ code: await world.readCode(second) })
    await remove(account.itemId)
    expect(await addressesOf(account)).toEqual([second])
    await answer(removal)
    const person = newPerson(world)
    await signIn(person, account.email)
    await person.submit({ item: await itemOf(account.email) })
    await person.submit({ code: await world.readCode(account.email) })
    const [change] = await world.sql<{ id: string }>`
      select id from change where account_id = ${account.id} and kind = 'item_removed' order by at limit 1`
    await person.open(`${person.page.path}/security/changes/${change?.id}/keep`)
    await person.submit({ form: person.form('form').fields.form ?? '' })
    expect(person.page.path).toContain('done=kept')
    expect(await addressesOf(account)).toEqual([second])
  })
})

describe('two-step verification that was turned on', () => {
  async function turnedOn(give: (account: MadeAccount) => Promise<unknown> = async () => {}) {
    let app: App | undefined
    const one = await owner(async (account) => {
      app = await giveApp(world, account)
      await give(account)
    })
    await one.person.open(`${one.home}/security/two-step/on`)
    await one.person.submit({ item: one.account.itemId })
    await one.person.submit({ code: await world.readCode(one.account.email) })
    await one.person.submit({ make: one.person.form('make').fields.make ?? '' })
    await world.advance(minutes(1))
    return { ...one, app }
  }
  const isOn = async ({ id }: MadeAccount) =>
    (await world.sql<{ on: boolean }>`select two_step_at is not null as on from account where id = ${id}`)[0]
      ?.on
  const announcements = async (to: string) =>
    (await world.inbox(to)).filter(({ subject }) => subject?.includes('about to be undone'))

  /** Asks for it by the mailbox alone. */
  async function asked(one: Owner): Promise<Person> {
    const reader = await answer(await noticeTo(one.account.email, 'Two-step'))
    await proveBy(reader, one.account.itemId, one.account.email)
    await decide(reader)
    expect(wordsOf(reader.page.text)).toContain('It is announced')
    return reader
  }

  test('is undone by a contact alone only once that was announced to every contact for seven days', async () => {
    const one = await turnedOn()
    await world.advance(days(9))
    await asked(one)
    expect(await isOn(one.account)).toBe(true)
    expect(await announcements(one.account.email)).toHaveLength(1)
    for (const day of [1, 2, 3, 4, 5, 6]) {
      await world.advance(days(1))
      await tellOfUndos(world.deps.database)
      await tellOfUndos(world.deps.database)
      const rounds = { 1: 2, 2: 2, 3: 3, 4: 3, 5: 3, 6: 4 }[day]
      expect(await announcements(one.account.email)).toHaveLength(rounds ?? 0)
    }
    const early = await answer(await noticeTo(one.account.email, 'Two-step verification was turned on'))
    const words = wordsOf(early.page.text)
    expect(words.indexOf('undoes it at once')).toBeLessThan(words.indexOf('Email · from'))
    await proveBy(early, one.account.itemId, one.account.email)
    expect(wordsOf(early.page.text)).toContain('Every contact has been told')
    await world.advance(days(1))
    const late = await answer(await noticeTo(one.account.email, 'Two-step verification was turned on'))
    await proveBy(late, one.account.itemId, one.account.email)
    await decide(late)
    expect(wordsOf(late.page.text)).toContain('It is undone')
    expect(await isOn(one.account)).toBe(false)
  })

  test('says of each choice what it gives before it is made, the app first', async () => {
    const one = await turnedOn()
    const reader = await answer(await noticeTo(one.account.email, 'Two-step'))
    const words = wordsOf(reader.page.text)
    const app = words.indexOf('undoes it at once')
    expect(app).toBeGreaterThan(0)
    expect(words.indexOf('in seven days')).toBeGreaterThan(app)
    expect(reader.form('item').fields.item).toBe(one.app?.itemId)
    await proveBy(reader, one.account.itemId, one.account.email)
    expect(wordsOf(reader.page.text)).toContain('Undo it at once with something else')
    await reader.press('other')
    await reader.submit({ item: one.app?.itemId ?? '' })
    await reader.submit({ code: one.app?.code() ?? '' })
    await decide(reader)
    expect(wordsOf(reader.page.text)).toContain('It is undone')
    expect(await isOn(one.account)).toBe(false)
  })

  test('tells its owner, signed in, the same', async () => {
    const one = await turnedOn()
    const [change] = await world.sql<{ id: string }>`
      select id from change where account_id = ${one.account.id} and kind = 'two_step_on'`
    await one.person.open(`${one.home}/security/changes/${change?.id}`)
    const words = wordsOf(one.person.page.text)
    expect(words).toContain('Pocket phone (Authenticator app): undoes it at once')
    expect(words).toContain('(Email): in seven days')
  })

  test('asked for on the last of the thirty days, it can still be undone when its week is over', async () => {
    const one = await turnedOn()
    await world.advance(days(29))
    await asked(one)
    await world.advance(days(7))
    const late = await answer(await noticeTo(one.account.email, 'Two-step verification was turned on'))
    await proveBy(late, one.account.itemId, one.account.email)
    await decide(late)
    expect(await isOn(one.account)).toBe(false)
  })

  test('the password in a browser that was known for long stops that, and the contact can’t ask again', async () => {
    const one = await turnedOn()
    await asked(one)
    const stranger = await answer(await noticeTo(one.account.email, 'about to be undone'))
    expect(stranger.page.text).not.toContain('value="password"')
    const known = newPerson(world, { cookies: one.person.cookies })
    await answer(await noticeTo(one.account.email, 'about to be undone'), known)
    await known.submit({ item: 'password' })
    expect((await known.submit({ password: 'some other password' })).refusal).toBe('password_wrong')
    await known.submit({ password })
    await decide(known)
    expect(wordsOf(known.page.text)).toContain('It is stopped')
    expect(await stateOf(one.account, 'two_step_on')).toBe('kept')
    const again = await answer(await noticeTo(one.account.email, 'Two-step verification was turned on'))
    expect(wordsOf(again.page.text)).toContain('or confirmed with proofs that count for more')
    expect(await isOn(one.account)).toBe(true)
  })

  test('a thief’s item, and their browser, of a week before don’t stop what the owner asked for', async () => {
    const one = await owner()
    const { account, person, home } = one
    const { thief, home: theirs } = await thiefIn(one)
    const contact = `thief${nth}@evil.example`
    await thief.open(`${theirs}/security/add`)
    await thief.submit({ contact })
    await thief.submit({ code: await world.readCode(contact) })
    const [item] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${account.id} and address = ${contact}`
    await world.advance(days(8))
    await giveApp(world, account)
    await thief.open(`${theirs}/security/two-step/on`)
    await thief.submit({ item: item?.id ?? '' })
    await thief.submit({ code: await world.readCode(contact) })
    await thief.submit({ make: thief.form('make').fields.make ?? '' })
    const [change] = await world.sql<{ id: string }>`
      select id from change where account_id = ${account.id} and kind = 'two_step_on'`
    await world.advance(minutes(1))
    await person.open(`${home}/security/changes/${change?.id}/undo`)
    await person.submit({ item: account.itemId })
    await person.submit({ code: await world.readCode(account.email) })
    await person.submit({ form: person.form('form').fields.form ?? '' })
    expect(person.page.path).toContain('done=announced')
    const again = newPerson(world, { cookies: thief.cookies })
    await answer(await noticeTo(contact, 'about to be undone'), again)
    expect(again.page.text).toContain(account.itemId)
    expect(again.page.text).not.toContain(item?.id)
    expect(again.page.text).not.toContain('value="password"')
  })

  test('an app from before stops it, and a browser that came with the change does not', async () => {
    const one = await turnedOn()
    await asked(one)
    const newer = newPerson(world)
    await newer.open('/signin')
    await rememberBrowser(world.sql, one.account.id, newer.browser)
    await answer(await noticeTo(one.account.email, 'about to be undone'), newer)
    expect(newer.page.text).not.toContain('value="password"')
    await newer.submit({ item: one.app?.itemId ?? '' })
    await newer.submit({ code: one.app?.code() ?? '' })
    await decide(newer)
    expect(await stateOf(one.account, 'two_step_on')).toBe('kept')
  })
})

describe('confirming a frozen change', () => {
  test('is told to every contact, and whoever has another item from before can freeze it again', async () => {
    const phone = '+31612345678'
    const one = await owner((account) => givePhone(account, phone))
    const { thief, home } = await thiefIn(one)
    const contact = `thief${nth}@evil.example`
    await thief.open(`${home}/security/add`)
    await thief.submit({ contact })
    await thief.submit({ code: await world.readCode(contact) })
    const notice = await noticeTo(phone, 'added')
    await answer(notice)
    // The thief has the mailbox as well, and says that it was the owner.
    await signIn(thief, one.account.email)
    await thief.submit({ item: one.account.itemId })
    await thief.submit({ code: await world.readCode(one.account.email) })
    const [change] = await world.sql<{ id: string }>`
      select id from change where account_id = ${one.account.id} and kind = 'item_added'`
    await thief.open(`${thief.page.path}/security/changes/${change?.id}/keep`)
    await thief.submit({ form: thief.form('form').fields.form ?? '' })
    expect(thief.page.path).toContain('done=kept')
    expect((await world.inbox(phone)).at(-1)?.text).toContain('was confirmed')
    const again = await answer(notice)
    expect(await thief.isSignedIn()).toBe(false)
    const [phoneItem] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${one.account.id} and kind = 'phone'`
    await proveBy(again, phoneItem?.id ?? '', phone)
    await decide(again)
    expect((await addressesOf(one.account)).sort()).toEqual([phone, one.account.email])
    const byThief = await answer(await noticeTo(one.account.email, 'added'))
    expect(wordsOf(byThief.page.text)).toContain('undone')
  })
})
