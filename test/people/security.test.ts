import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, minutes } from '../../src/core/time.ts'
import { mostItems } from '../../src/storage/security-info.ts'
import { knownPerson, type MadeAccount, makeAccount, password, signIn, stepUp } from '../support/accounts.ts'
import { giveApp } from '../support/items.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

type Owner = { account: MadeAccount; person: Person; home: string }

/** Somebody signed in with a password alone, in an account past its first week. */
async function owner(): Promise<Owner> {
  nth += 1
  const account = await makeAccount(world, `owner${nth}@example.org`)
  await world.advance(days(8))
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  return { account, person, home: person.page.path }
}

/** Adds a contact, from the step-up to the code that proves it. */
async function add({ account, person, home }: Owner, contact: string): Promise<void> {
  if (!(await person.open(`${home}/security/add`)).text.includes('name="contact"')) {
    await stepUp(world, person, `${home}/security/add`, account.email)
  }
  await person.submit({ contact })
  await person.submit({ code: await world.readCode(contact) })
}

const says = (person: Person) => wordsOf(person.page.text).replaceAll('&#39;', "'")

async function itemIdOf(account: MadeAccount, address: string): Promise<string> {
  const rows = await world.sql<{ id: string }>`
    select id from security_info where account_id = ${account.id} and address = ${address}`
  return rows[0]?.id ?? ''
}

const addressesOf = async ({ id }: MadeAccount) =>
  (
    await world.sql<{ address: string }>`
    select address from security_info where account_id = ${id} order by added_at`
  ).map((row) => row.address)

describe('adding a contact', () => {
  test('asks for a proof first, then proves the new one, and tells the old one', async () => {
    const one = await owner()
    const added = `second${nth}@example.org`
    await one.person.open(`${one.home}/security/add`)
    expect(one.person.page.path).toContain('/stepup?for=add_item')
    await add(one, added)
    expect(one.person.page.path).toBe(`${one.home}/security?done=added`)
    expect(says(one.person)).toContain('se••••@example.org')
    expect(one.person.page.text).not.toContain(added)
    const told = (await world.inbox(one.account.email)).at(-1)
    expect(told?.subject).toContain('Something was added to your security info')
    expect(told?.text).toContain('se••••')
    expect((await world.inbox(added)).map(({ code }) => code !== '')).toEqual([true])
  })

  test('nothing is added before its code was right', async () => {
    const one = await owner()
    await stepUp(world, one.person, `${one.home}/security/add`, one.account.email)
    await one.person.submit({ contact: `never${nth}@example.org` })
    expect(await addressesOf(one.account)).toEqual([one.account.email])
    await one.person.submit({ code: '000000' })
    expect(await addressesOf(one.account)).toEqual([one.account.email])
  })

  test('of two that are waited for at once, only as many are added as an account may have', async () => {
    const one = await owner()
    await stepUp(world, one.person, `${one.home}/security/add`, one.account.email)
    const tabs = []
    for (const contact of [`left${nth}@example.org`, `right${nth}@example.org`]) {
      await one.person.open(`${one.home}/security/add`)
      await one.person.submit({ contact })
      tabs.push({ contact, path: one.person.page.path })
    }
    for (let more = 1; more < mostItems - 1; more += 1) await giveApp(world, one.account)
    for (const { contact, path } of tabs) {
      await one.person.open(path)
      await one.person.submit({ code: await world.readCode(contact) })
    }
    expect(one.person.page.refusal).toBe('items_full')
  })

  test('an address that other accounts use may be added; one that is there already may not', async () => {
    const [one, other] = [await owner(), await owner()]
    await signIn(one.person, one.account.email)
    await add(one, other.account.email)
    expect(await addressesOf(one.account)).toEqual([one.account.email, other.account.email])
    await one.person.open(`${one.home}/security/add`)
    expect((await one.person.submit({ contact: other.account.email })).refusal).toBe('item_exists')
  })

  test('a phone is added by a text', async () => {
    const one = await owner()
    await add(one, '+447400123456')
    expect(await addressesOf(one.account)).toEqual([one.account.email, '+447400123456'])
  })

  test('two clicks on the code add it once', async () => {
    const one = await owner()
    const added = `twice${nth}@example.org`
    await stepUp(world, one.person, `${one.home}/security/add`, one.account.email)
    await one.person.submit({ contact: added })
    const { action, fields } = one.person.form('code')
    const sent = { fields: { ...fields, code: await world.readCode(added) } }
    const answers = await Promise.all([one.person.request(action, sent), one.person.request(action, sent)])
    expect(answers.map((answer) => answer.headers.get('location'))).toEqual([
      `${one.home}/security?done=added`,
      `${one.home}/security?done=added`,
    ])
    expect(await addressesOf(one.account)).toEqual([one.account.email, added])
  })

  test('what is new is on probation: alone it changes no password, for seven days', async () => {
    const one = await owner()
    const added = `young${nth}@example.org`
    await add(one, added)
    await one.person.open(`${one.home}/security`)
    expect(says(one.person)).toContain('new')
    await world.advance(minutes(11))
    await one.person.open(`${one.home}/password`)
    const offered = one.person.page.text
    expect(offered).toContain('ow••••')
    expect(offered).not.toContain('yo••••')
    await world.advance(days(7))
    await signIn(one.person, one.account.email)
    await one.person.open(`${one.home}/password`)
    expect(one.person.page.text).toContain('yo••••')
  })
})

describe('removing a contact', () => {
  async function withTwo(): Promise<Owner & { second: string }> {
    const one = await owner()
    const second = `second${nth}@example.org`
    await add(one, second)
    await world.advance(days(8))
    await signIn(one.person, one.account.email)
    return { ...one, second }
  }

  test('tells both, and leaves the name to sign in with', async () => {
    const one = await withTwo()
    const path = `${one.home}/security/items/${one.account.itemId}/remove`
    await stepUp(world, one.person, path, one.account.email)
    expect(says(one.person)).toContain('You can go on signing in with it as a name.')
    await one.person.submit({ form: one.person.form('form').fields.form! })
    expect(one.person.page.path).toBe(`${one.home}/security?done=removed`)
    expect(await addressesOf(one.account)).toEqual([one.second])
    for (const to of [one.account.email, one.second]) {
      expect((await world.inbox(to)).at(-1)?.subject).toContain('Something was removed')
    }
    const elsewhere = newPerson(world)
    await elsewhere.open('/signin')
    await elsewhere.submit({ username: one.account.email })
    await elsewhere.submit({ password })
    expect(elsewhere.page.text).toContain('se••••')
    expect(elsewhere.page.text).not.toContain('ow••••')
  })

  test('the last one stays: the page leads to adding another, and comes back', async () => {
    nth += 1
    const account = await makeAccount(world, `owner${nth}@example.org`)
    const person = await knownPerson(world, account)
    await signIn(person, account.email)
    const one = { account, person, home: person.page.path }
    const path = `${one.home}/security/items/${account.itemId}/remove`
    await stepUp(world, person, path, account.email)
    expect(says(person)).toContain('Something else comes first')
    const next = /href="([^"]*security\/add\?return_to=[^"]*)"/.exec(person.page.text)?.[1] ?? ''
    await person.open(next.replaceAll('&amp;', '&'))
    await person.submit({ contact: `second${nth}@example.org` })
    await person.submit({ code: await world.readCode(`second${nth}@example.org`) })
    expect(person.page.path).toBe(path)
    await person.submit({ form: person.form('form').fields.form! })
    expect(await addressesOf(account)).toEqual([`second${nth}@example.org`])
  })

  test('an item on probation does not count as remaining', async () => {
    const one = await owner()
    await add(one, `young${nth}@example.org`)
    await one.person.open(`${one.home}/security/items/${one.account.itemId}/remove`)
    expect(says(one.person)).toContain('It can go in a few days')
    expect(says(one.person)).toContain('You can remove this from')
    const form = (await one.person.open(one.home)).forms[0]?.fields.form ?? ''
    const path = `${one.home}/security/items/${one.account.itemId}/remove`
    const answer = await one.person.request(path, { fields: { form } })
    expect(answer.headers.get('countersign-error')).toContain('must_remain')
    expect(await addressesOf(one.account)).toHaveLength(2)
  })

  test('of two removals at once, one is refused: something remains', async () => {
    const one = await withTwo()
    const ids = [one.account.itemId, await itemIdOf(one.account, one.second)]
    const paths = ids.map((id) => `${one.home}/security/items/${id}/remove`)
    await stepUp(world, one.person, paths[0]!, one.account.email)
    const { form } = one.person.form('form').fields
    await Promise.all(paths.map((path) => one.person.request(path, { fields: { form: form! } })))
    expect(await addressesOf(one.account)).toHaveLength(1)
  })

  test('another account’s item is not found', async () => {
    const [one, other] = [await withTwo(), await owner()]
    await signIn(one.person, one.account.email)
    await stepUp(world, one.person, `${one.home}/security/add`, one.account.email)
    const path = `${one.home}/security/items/${other.account.itemId}`
    expect((await one.person.open(path)).refusal).toBe('route_unknown')
    expect((await one.person.open(`${path}/confirm`)).refusal).toBe('route_unknown')
  })

  test('lost or stolen: with two others freshly proved, it is told, and can’t stop it', async () => {
    const one = await withTwo()
    const third = `third${nth}@example.org`
    await stepUp(world, one.person, `${one.home}/security/add`, one.account.email)
    await one.person.submit({ contact: third })
    await one.person.submit({ code: await world.readCode(third) })
    await world.advance(days(8))
    await signIn(one.person, one.account.email)
    const lostId = await itemIdOf(one.account, third)
    const path = `${one.home}/security/items/${lostId}/remove`
    await stepUp(world, one.person, path, one.account.email)
    expect(one.person.page.text).not.toContain('name="lost"')
    await one.person.open(`${one.home}/stepup?for=remove_item&return_to=${encodeURIComponent(path)}`)
    await one.person.submit({ item: await itemIdOf(one.account, one.second) })
    await one.person.submit({ code: await world.readCode(one.second) })
    expect(one.person.page.path).toBe(path)
    expect(one.person.page.text).toContain('name="lost"')
    const before = (await world.inbox(third)).length
    const { action, fields } = one.person.form('form')
    await one.person.request(action, { fields: { ...fields, lost: 'yes' } })
    expect(await world.inbox(third)).toHaveLength(before + 1)
    expect((await world.inbox(third)).at(-1)?.text).toContain('removed as lost or stolen')
    const [change] = await world.sql<{ lost: boolean }>`
      select (detail->>'lost')::boolean as lost from change
      where account_id = ${one.account.id} and kind = 'item_removed'`
    expect(change?.lost).toBe(true)
  })
})

describe('confirming a contact', () => {
  test('by its own code, after a proof by another', async () => {
    const one = await owner()
    const second = `second${nth}@example.org`
    await add(one, second)
    await world.advance(minutes(11))
    const path = `${one.home}/security/items/${await itemIdOf(one.account, second)}/confirm`
    await stepUp(world, one.person, path, one.account.email)
    await one.person.submit({ form: one.person.form('form').fields.form! })
    await one.person.submit({ code: await world.readCode(second) })
    expect(one.person.page.path).toBe(`${one.home}/security?done=confirmed`)
  })
})

describe('the security page says how safe the account is', () => {
  test('with one way back only, it says so and leads to adding another', async () => {
    const one = await owner()
    await one.person.open(`${one.home}/security`)
    expect(says(one.person)).toContain("There's only one way back in.")
    await add(one, `second${nth}@example.org`)
    expect(says(one.person)).not.toContain("There's only one way back in.")
    expect(says(one.person)).toContain('Everything in your security info is of one kind.')
  })

  test('it knows a mailbox that itself hangs on this account', async () => {
    const one = await owner()
    const mailbox = await makeAccount(world, `mailbox${nth}@example.org`)
    await world.sql`
      update security_info set address = ${one.account.email} where account_id = ${mailbox.id}`
    await add(one, mailbox.email)
    expect(says(one.person)).toContain('can itself be recovered only through this account')
  })
})
