import { afterAll, beforeAll, expect, test } from 'vitest'
import { days } from '../../src/core/time.ts'
import { recordChange } from '../../src/operations/changes/record-change.ts'
import { newId } from '../../src/secrets/random.ts'
import { insertContact } from '../../src/storage/security-info.ts'
import { knownPerson, makeAccount, signIn, stepUp } from '../support/accounts.ts'
import { act, newBrowser, onlyChoice, putFlow, signInOf, sourceOf } from '../support/flows.ts'
import { openWorld, policyForStories, type World } from '../support/world.ts'

/** Texts cost money, whether an application asks for them or somebody at a page. */
let world: World
beforeAll(async () => {
  const budget = { perMessage: 5, perDay: 50 }
  world = await openWorld({ policy: { ...policyForStories, phones: { ...policyForStories.phones, budget } } })
})
afterAll(() => world.close())

test('a phone that signs in has a code sent as often as one that nobody has: it can’t be told by that', async () => {
  const account = await makeAccount(world, 'caller@example.org')
  const known = '+447400123456'
  const itemId = newId()
  await insertContact(world.sql, account.id, {
    id: itemId,
    kind: 'phone',
    address: known,
    provenAt: world.now,
  })
  const answersFor = async (username: string, accountId: string | undefined) => {
    const answers: (string | undefined)[] = []
    for (let times = 0; times < 4; times += 1) {
      const hiddenPasswordAt = accountId === undefined ? undefined : world.now
      const state = signInOf(account, {
        username,
        accountId,
        guarded: true,
        hiddenPasswordAt,
        step: 'choose',
      })
      const item = await onlyChoice(world, state)
      const flow = await putFlow(world, { ...state, step: 'confirm', itemId: item?.id })
      const answered = await act(world, flow, { act: 'confirm', address: username })
      answers.push(answered.ok ? answered.value.refusal?.code : answered.refusal.code)
    }
    return answers
  }
  const never = [undefined, undefined, undefined, undefined]
  expect(await answersFor(known, account.id)).toEqual(never)
  expect(await answersFor('+447400123256', undefined)).toEqual(never)
  const sent = await world.sql`select 1 from message m join verification v on v.id = m.verification_id
    where v.destination = ${known} and m.kind = 'code'`
  expect(sent).toHaveLength(3)
})

test('texts that pages ask for count on the day’s budget, and stop where it ends', async () => {
  const account = await makeAccount(world, 'spender@example.org')
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  const add = `${person.page.path}/security/add`
  await stepUp(world, person, add, account.email)
  const refusals: (string | undefined)[] = []
  for (let times = 0; times < 8; times += 1) {
    await person.open(add)
    refusals.push((await person.submit({ contact: `+44740012300${times}` })).refusal)
  }
  expect(refusals).toEqual([...Array(7).fill(undefined), 'phone_budget_spent'])
  const [row] = await world.sql<{ queued: number }>`
    select count(*)::int as queued from message where channel = 'sms' and kind = 'code'`
  expect(row?.queued).toBe(10)
})

test('a phone is told of ten things a day, whatever its owner does all day; mail goes on', async () => {
  const account = await makeAccount(world, 'busy@example.org')
  const phone = { id: newId(), kind: 'phone' as const, address: '+447400129999', provenAt: world.now }
  await insertContact(world.sql, account.id, phone)
  const change = { kind: 'recovery_code_made' as const }
  for (let times = 0; times < 12; times += 1) {
    await world.deps.database.transaction((sql) =>
      recordChange(world.deps, sql, account.id, change, sourceOf(newBrowser()), world.now),
    )
  }
  const told = await world.sql<{ channel: string; count: number }>`
    select channel, count(*)::int as count from message
    where subject = ${account.id} and kind = 'notice' group by channel order by channel`
  expect(told).toEqual([
    { channel: 'email', count: 12 },
    { channel: 'sms', count: 10 },
  ])
  await world.advance(days(1))
  await world.deps.database.transaction((sql) =>
    recordChange(world.deps, sql, account.id, change, sourceOf(newBrowser()), world.now),
  )
  expect((await world.inbox(phone.address)).length).toBe(11)
})
