import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { days, minutes } from '../../src/core/time.ts'
import { locales } from '../../src/core/verifications/message.ts'
import { claiming, confirmContact } from '../../src/operations/proving/claim-number.ts'
import { packageRoot } from '../../src/package-root.ts'
import { newId } from '../../src/secrets/random.ts'
import {
  insertContact,
  itemsOf,
  putItemBack,
  removeItem,
  setItemAside,
} from '../../src/storage/security-info.ts'
import { knownPerson, type MadeAccount, makeAccount, password, signIn } from '../support/accounts.ts'
import { act, inTurns, onlyChoice, putFlow, signInOf } from '../support/flows.ts'
import { giveApp, giveTwoStep } from '../support/items.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** What the look-up says is what the accounts have, whatever was done; and a number is confirmed once. */
afterEach(async () => {
  const rows = (from: string) =>
    `select encode(lookup, 'hex') as lookup, account_ids from (${from}) c order by 1`
  const sorted = `select lookup, array(select unnest(account_ids) order by 1) as account_ids from contact`
  const [there, wanted, twice] = await Promise.all([
    world.sql.run({ name: 'contacts there', text: rows(sorted) }, []),
    world.sql.run({ name: 'contacts wanted', text: rows(backfill) }, []),
    world.sql`
      select address from security_info where kind = 'phone' and proven_at is not null
      group by address having count(*) > 1`,
  ])
  expect(there).toEqual(wanted)
  expect(twice).toEqual([])
})

/** What the migration makes of the rows that it finds. */
const backfill = /select sha256[^;]*/
  .exec(readFileSync(`${packageRoot}migrations/0009_contacts.sql`, 'utf8'))?.[0]
  .replace('select sha256', 'select * from (select sha256')
  .concat(') b (lookup, account_ids)') as string

const newNumber = () => `+4474001${String(10_000 + ++nth)}`

type Owner = { account: MadeAccount; person: Person; home: string; phone: { id: string; address: string } }

const givePhone = async (account: MadeAccount, address: string, provenAt: number | undefined = world.now) => {
  const id = newId()
  await world.deps.database.transaction((sql) =>
    insertContact(sql, account.id, { id, kind: 'phone', address, provenAt }),
  )
  return { id, address }
}

/** Signed in on a browser that the account knows, with a mailbox and a phone, past the first week of all three. */
async function owner(): Promise<Owner> {
  const number = newNumber()
  const account = await makeAccount(world, `hands${nth}@example.org`)
  const phone = await givePhone(account, number)
  await world.advance(days(8))
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  return { account, person, home: person.page.path, phone }
}

const proveMailbox = async ({ account, person }: Pick<Owner, 'account' | 'person'>, before: string) => {
  await person.open(before)
  await person.submit({ item: account.itemId })
  await person.submit({ code: await world.readCode(account.email) })
}

const addNumber = async ({ account, person, home }: Owner, number: string) => {
  await proveMailbox({ account, person }, `${home}/security/add`)
  await person.submit({ contact: number })
  return person.submit({ code: await world.readCode(number) })
}

const confirmPath = ({ home, phone }: Owner) => `${home}/security/items/${phone.id}/confirm`

const phoneOf = async ({ account, phone }: Owner) =>
  (await itemsOf(world.sql, account.id)).find(({ id }) => id === phone.id)

const notices = async (to: string) => (await world.inbox(to)).filter(({ code }) => code === '')

/** Everything but mailboxes is gone. */
const leaveOnlyPhone = ({ account }: Owner) =>
  world.deps.database.transaction((sql) => removeItem(sql, account.id, account.itemId))

describe('a number that is proved on another account', () => {
  test('is unconfirmed here, and the other contacts are told: what it means, what to do, and not who it was', async () => {
    const [one, other] = [await owner(), await owner()]
    const second = await givePhone(one.account, newNumber())
    await addNumber(other, one.phone.address)
    expect((await phoneOf(one))?.provenAt).toBeUndefined()

    const [mail, ...more] = await notices(one.account.email)
    expect(more).toEqual([])
    expect(mail?.subject).toContain('A phone number of yours was proved on another account with Harbour')
    for (const part of [mail?.text, mail?.html]) {
      expect(part).toContain(one.phone.address.slice(-2))
      expect(part).toContain('confirm it again')
      expect(part).toContain('https://codes.harbour.test/account')
      expect(part).toContain(mail?.reference)
      expect(part).not.toContain(other.person.ip)
      expect(part).not.toContain('/changes/')
      expect(part).not.toContain(one.phone.address)
    }
    const [text] = await notices(second.address)
    expect(text?.text).toMatch(
      /^A phone number of yours .* Still yours\? Confirm it again: https:\/\/codes\.harbour\.test\/account \(/,
    )
    expect(await notices(one.phone.address)).toEqual([])

    await one.person.open(`${one.home}/activity`)
    const words = wordsOf(one.person.page.text)
    expect(words).toContain('A phone number was proved on another account')
    expect(words).not.toContain(other.person.ip)
    await one.person.open(`${one.home}/messages`)
    expect(wordsOf(one.person.page.text)).toContain('was proved on another account')
  })

  test('is told in the language of the account', async () => {
    for (const locale of locales) {
      const [one, other] = [await owner(), await owner()]
      await world.sql`update account set locale = ${locale} where id = ${one.account.id}`
      await addNumber(other, one.phone.address)
      const [mail] = await notices(one.account.email)
      expect(mail?.html).toContain(`<html lang="${locale}"`)
    }
  })

  test('is told once: what is unconfirmed cannot be taken again', async () => {
    const [one, other, third] = [await owner(), await owner(), await owner()]
    await addNumber(other, one.phone.address)
    await addNumber(third, one.phone.address)
    expect(await notices(one.account.email)).toHaveLength(1)
    expect(await notices(other.account.email)).toHaveLength(2)
  })

  test('comes back by being confirmed here: then it is the other account’s no more', async () => {
    const [one, other] = [await owner(), await owner()]
    await addNumber(other, one.phone.address)
    await proveMailbox(one, confirmPath(one))
    await one.person.submit({})
    await one.person.submit({ code: await world.readCode(one.phone.address) })
    expect((await phoneOf(one))?.provenAt).toBe(world.now)
    const theirs = (await itemsOf(world.sql, other.account.id)).find(
      (item) => 'address' in item && item.address === one.phone.address,
    )
    expect(theirs?.provenAt).toBeUndefined()
    expect((await notices(other.account.email)).at(-1)?.subject).toContain('proved on another account')
  })

  test('that comes back is as new as if it had just been added: alone it changes no password for a week', async () => {
    const [one, other] = [await owner(), await owner()]
    await addNumber(other, one.phone.address)
    await confirmContact(world.deps, { accountId: one.account.id }, one.phone.id, world.now)
    await one.person.open(`${one.home}/password`)
    expect(one.person.page.text).not.toContain(one.phone.id)
    await world.advance(days(7))
    await one.person.open(`${one.home}/password`)
    expect(one.person.page.text).toContain(one.phone.id)
  })

  test('proves nothing any more that it proved a minute before', async () => {
    const [one, other] = [await owner(), await owner()]
    await one.person.open(`${one.home}/password`)
    await one.person.submit({ item: one.phone.id })
    const late = one.person.copy()
    await late.open(one.person.page.path)
    await one.person.submit({ code: await world.readCode(one.phone.address) })
    expect(one.person.page.path).toBe(`${one.home}/password`)
    await addNumber(other, one.phone.address)
    await one.person.open(`${one.home}/password`)
    expect(one.person.page.path).toContain('/stepup')
    expect(one.person.page.text).not.toContain(one.phone.id)
  })

  test('is not proved for a step-up by a code that was on its way', async () => {
    const [one, other] = [await owner(), await owner()]
    await one.person.open(`${one.home}/password`)
    await one.person.submit({ item: one.phone.id })
    const code = await world.readCode(one.phone.address)
    await world.advance(minutes(1))
    await addNumber(other, one.phone.address)
    await one.person.submit({ code })
    expect(one.person.page.refusal).toBe('choice_missing')
    expect((await phoneOf(one))?.provenAt).toBeUndefined()
  })

  test('that comes back with a frozen removal stays unconfirmed', async () => {
    const [one, other] = [await owner(), await owner()]
    const removed = await phoneOf(one)
    expect(removed?.provenAt).toBeDefined()
    await world.deps.database.transaction((sql) => setItemAside(sql, one.account.id, one.phone.id))
    await addNumber(other, one.phone.address)
    await world.deps.database.transaction((sql) => putItemBack(sql, one.account.id, one.phone.id))
    expect((await phoneOf(one))?.provenAt).toBeUndefined()
  })

  test('an address of mail is not affected: several accounts share a mailbox', async () => {
    const [one, other] = [await owner(), await owner()]
    await addNumber(other, one.account.email)
    const mailbox = async ({ account }: Owner) =>
      (await itemsOf(world.sql, account.id)).find(
        (item) => 'address' in item && item.address === one.account.email,
      )
    expect((await mailbox(one))?.provenAt).toBeDefined()
    expect((await mailbox(other))?.provenAt).toBeDefined()
    expect(await notices(one.account.email)).toEqual([])
  })
})

/** Two ways in which a number comes to prove nothing by itself. */
const fallen = {
  'a number that was proved on another account': async (one: Owner) => {
    const other = await makeAccount(world, `taker${++nth}@example.org`)
    const insert = { id: newId(), kind: 'phone' as const, address: one.phone.address, provenAt: world.now }
    await claiming(world.deps, { accountId: other.id }, insert, world.now, async (sql) => {
      await insertContact(sql, other.id, insert)
      return { ok: true, value: null }
    })
  },
  'a number that was not proved for 90 days': async (one: Owner) => {
    await world.advance(days(83))
    // The mailbox was used meanwhile, and the browser.
    await signIn(one.person, one.account.email)
  },
}

describe.each(Object.entries(fallen))('%s', (_, fall) => {
  test('gets no code before the password: a decoy does the work of one', async () => {
    const one = await owner()
    const asked = async () => {
      const state = signInOf(one.account, {
        username: one.phone.address,
        guarded: true,
        hiddenPasswordAt: world.now,
        step: 'choose',
      })
      const item = await onlyChoice(world, state)
      const flow = await putFlow(world, { ...state, step: 'confirm', itemId: item?.id })
      const answered = await act(world, flow, { act: 'confirm', address: one.phone.address })
      expect(answered.ok && answered.value.refusal).toBeUndefined()
      const [row] = await world.sql<{ kind: string }>`select kind from message where subject = ${flow.id}`
      return { kind: row?.kind, hint: item?.hint }
    }
    const before = await asked()
    expect(before.kind).toBe('code')
    await fall(one)
    expect(await asked()).toEqual({ kind: 'decoy', hint: before.hint })
  })

  test('is no second kind with two-step verification: it is not offered, and no code of it is taken', async () => {
    const one = await owner()
    const app = await giveApp(world, one.account)
    await giveTwoStep(world, one.account)
    const late = newPerson(world)
    await signIn(late, one.account.email)
    await late.submit({ item: one.phone.id })
    const code = await world.readCode(one.phone.address)
    await fall(one)
    const answered = await late.submit({ code })
    expect(['choice_missing', 'flow_ended', undefined]).toContain(answered.refusal)
    expect(await late.isSignedIn()).toBe(false)

    const person = newPerson(world)
    await signIn(person, one.account.email)
    expect(person.page.text).not.toContain(one.phone.id)
    await person.submit({ item: app.itemId })
    await person.submit({ code: app.code() })
    expect(await person.isSignedIn()).toBe(true)
  })

  test('signs in beside the password where two-step verification is off, which confirms it; it is on probation then', async () => {
    const one = await owner()
    await fall(one)
    const person = newPerson(world)
    await signIn(person, one.account.email)
    await person.submit({ item: one.phone.id })
    await person.submit({ code: await world.readCode(one.phone.address) })
    expect(await person.isSignedIn()).toBe(true)
    expect((await phoneOf(one))?.provenAt).toBe(world.now)
    expect((await phoneOf(one))?.addedAt).toBe(world.now)
    const home = person.page.path
    await person.open(`${home}/password`)
    expect(person.page.path).toContain('/stepup')
    expect(person.page.text).not.toContain(one.phone.id)
  })

  test('that is all an account has: the password on a known browser lets its owner in, and confirms it with a code', async () => {
    const one = await owner()
    await leaveOnlyPhone(one)
    await fall(one)
    await signIn(one.person, one.account.email)
    expect(await one.person.isSignedIn()).toBe(true)
    await world.advance(minutes(11))
    await one.person.open(`${one.home}/password`)
    expect(one.person.page.text).not.toContain(one.phone.id)
    await one.person.open(confirmPath(one))
    expect(one.person.page.path).toContain('/stepup')
    await one.person.submit({ item: 'password' })
    await one.person.submit({ password })
    expect(one.person.page.path).toBe(confirmPath(one))
    await one.person.submit({})
    await one.person.submit({ code: await world.readCode(one.phone.address) })
    expect((await phoneOf(one))?.provenAt).toBe(world.now)
  })

  test('is not confirmed by the password where the account has something else to prove', async () => {
    const one = await owner()
    await fall(one)
    await signIn(one.person, one.account.email)
    await one.person.open(confirmPath(one))
    expect(one.person.page.path).toContain('/stepup')
    expect(one.person.page.text).not.toContain('value="password"')
  })
})

describe('at once', () => {
  const claim = (account: MadeAccount, address: string) => {
    const contact = { id: newId(), kind: 'phone' as const, address, provenAt: world.now }
    return claiming(world.deps, { accountId: account.id }, contact, world.now, async (sql) => {
      await insertContact(sql, account.id, contact)
      return { ok: true, value: null }
    })
  }
  const accounts = (count: number) => inTurns(count, () => makeAccount(world, `racer${++nth}@example.org`))
  const confirmedBy = async (number: string) =>
    world.sql<{ account_id: string }>`
      select account_id from security_info where address = ${number} and proven_at is not null`

  test('of any number of accounts that prove one number, the last holds it and no other', async () => {
    for (let round = 0; round < 10; round += 1) {
      const number = newNumber()
      const all = await accounts(4)
      for (const claimed of await Promise.all(all.map((account) => claim(account, number)))) {
        expect(claimed.ok).toBe(true)
      }
      expect(await confirmedBy(number)).toHaveLength(1)
    }
  })

  test('two accounts that take each other’s number don’t wait for each other in a ring', async () => {
    for (let round = 0; round < 20; round += 1) {
      const numbers = [newNumber(), newNumber()] as const
      const [one, other] = (await accounts(2)) as [MadeAccount, MadeAccount]
      await givePhone(one, numbers[0])
      await givePhone(other, numbers[1])
      const both = await Promise.all([claim(one, numbers[1]), claim(other, numbers[0])])
      expect(both.map(({ ok }) => ok)).toEqual([true, true])
      for (const number of numbers) expect(await confirmedBy(number)).toHaveLength(1)
    }
  })

  test('two accounts that have a number and confirm it: one has it confirmed', async () => {
    for (let round = 0; round < 20; round += 1) {
      const number = newNumber()
      const [one, other] = (await accounts(2)) as [MadeAccount, MadeAccount]
      const items = [await givePhone(one, number), await givePhone(other, number, undefined)] as const
      await Promise.all([
        confirmContact(world.deps, { accountId: one.id }, items[0].id, world.now),
        confirmContact(world.deps, { accountId: other.id }, items[1].id, world.now),
      ])
      expect(await confirmedBy(number)).toHaveLength(1)
    }
  })

  test('a removed number that is put back while another account proves it is confirmed once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const number = newNumber()
      const [one, other] = (await accounts(2)) as [MadeAccount, MadeAccount]
      const { id } = await givePhone(one, number)
      await world.deps.database.transaction((sql) => setItemAside(sql, one.id, id))
      await Promise.all([
        world.deps.database.transaction((sql) => putItemBack(sql, one.id, id)),
        claim(other, number),
      ])
      expect(await confirmedBy(number)).toHaveLength(1)
    }
  })
})
