import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, hours, minutes } from '../../src/core/time.ts'
import { locales } from '../../src/core/verifications/message.ts'
import type { Provider } from '../../src/delivery/provider.ts'
import { removeOldBrowsers } from '../../src/storage/session.ts'
import {
  knownPerson,
  type MadeAccount,
  makeAccount,
  password,
  signIn,
  signInByCode,
  signUp,
  stepUp,
} from '../support/accounts.ts'
import { newPerson, type Person } from '../support/person.ts'
import { openWorld, publicUrl, type World } from '../support/world.ts'

let world: World
let nth = 0
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

async function signedIn(): Promise<{ account: MadeAccount; person: Person; home: string }> {
  nth += 1
  const account = await makeAccount(world, `owner${nth}@example.org`)
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  return { account, person, home: person.page.path }
}

async function changePassword({ account, person, home }: Awaited<ReturnType<typeof signedIn>>) {
  await stepUp(world, person, `${home}/password`, account.email)
  await person.submit({ current: password, next: 'nine loud starlings on a wire' })
}

const noticesTo = async (email: string) => (await world.inbox(email)).filter(({ code }) => code === '')

describe('a change of password is told', () => {
  test('to the contact: what, when, from where, and how to stop it; in text and in HTML', async () => {
    const one = await signedIn()
    await changePassword(one)
    const [notice, ...others] = await noticesTo(one.account.email)
    expect(others).toEqual([])
    expect(notice?.subject).toContain('Your password for Harbour was changed')
    for (const part of [notice?.text, notice?.html]) {
      expect(part).toContain('1 June 2026')
      expect(part).toContain(one.person.ip)
      expect(part).toMatch(/https:\/\/codes\.harbour\.test\/changes\/[\w-]{43}/)
      expect(part).toContain(notice?.reference)
    }
  })

  test('in the language of the account', async () => {
    for (const locale of locales) {
      const one = await signedIn()
      await world.sql`update account set locale = ${locale} where id = ${one.account.id}`
      await changePassword(one)
      const [notice] = await noticesTo(one.account.email)
      expect(notice?.html).toContain(`<html lang="${locale}"`)
    }
  })

  test('to a phone in a text', async () => {
    const one = await signedIn()
    await world.advance(1)
    await world.sql`
      insert into security_info (account_id, id, kind, address, proven_at)
      values (${one.account.id}, ${one.account.id}, 'phone', '+447400123456', statement_timestamp())`
    await changePassword(one)
    const [notice] = await noticesTo('+447400123456')
    expect(notice?.text).toMatch(/^Your password for Harbour was changed\. Not you\? https:/)
  })

  test('S24: and ends the trust in every browser, this one too', async () => {
    const one = await signedIn()
    await world.sql`update known_browser set trusted_at = statement_timestamp() where account_id = ${one.account.id}`
    await changePassword(one)
    const trusted = await world.sql`
      select 1 from known_browser where account_id = ${one.account.id} and trusted_at is not null`
    expect(trusted).toEqual([])
  })

  test('in the activity, once', async () => {
    const one = await signedIn()
    await changePassword(one)
    const rows = await world.sql`
      select 1 from activity where subject = ${one.account.id} and kind = 'password_changed'`
    expect(rows).toHaveLength(1)
  })
})

describe('a sign-in from a browser that is new to the account', () => {
  test('is told, with the browser that it came from', async () => {
    const { account } = await signedIn()
    const elsewhere = newPerson(world)
    await signInByCode(world, elsewhere, account.email)
    const [notice] = await noticesTo(account.email)
    expect(notice?.subject).toContain('A new sign-in to your account with Harbour')
    expect(notice?.text).toContain(elsewhere.ip)
  })

  test('is told also where the account knows no browser any more', async () => {
    const { account } = await signedIn()
    await world.advance(days(91))
    await removeOldBrowsers(world.sql)
    await signInByCode(world, newPerson(world), account.email)
    expect((await noticesTo(account.email)).at(-1)?.subject).toContain('A new sign-in')
  })

  test('is not told for a browser that is known, nor for the first of all', async () => {
    const { account, person } = await signedIn()
    await signIn(person, account.email)
    expect(await noticesTo(account.email)).toEqual([])
    await signUp(world, newPerson(world), 'fresh@example.org')
    expect(await noticesTo('fresh@example.org')).toEqual([])
  })
})

test('a change that could not be told is not made: both are one transaction', async () => {
  const one = await signedIn()
  await stepUp(world, one.person, `${one.home}/password`, one.account.email)
  await world.sql`alter table notice rename to notice_away`
  const answer = one.person.submit({ current: password, next: 'nine loud starlings on a wire' })
  await answer.catch(() => {})
  await world.sql`alter table notice_away rename to notice`
  const again = newPerson(world)
  await again.open('/signin')
  await again.submit({ username: one.account.email })
  expect((await again.submit({ password })).refusal).toBeUndefined()
})

test('a notice outlasts a mail server that is away for an hour', async () => {
  let away = true
  const sent: string[] = []
  const provider: Provider = {
    name: 'smtp',
    channels: ['email'],
    capacity: 1,
    async send(message) {
      if (away) return { result: 'deferred', cause: 'connection_failed' }
      sent.push(message.text)
      return { result: 'accepted', by: 'mx', response: '250' }
    },
    close: async () => {},
  }
  const harbour = await openWorld({ provider })
  const account = await makeAccount(harbour, 'owner@example.org')
  await knownPerson(harbour, account)
  const { recordChange } = await import('../../src/operations/changes/record-change.ts')
  const requester = {
    browser: Buffer.alloc(32),
    ip: '192.0.2.7',
    userAgent: undefined,
    locale: 'en' as const,
    origin: publicUrl,
  }
  await recordChange(harbour.deps, harbour.sql, account.id, { kind: 'two_step_off' }, requester, harbour.now)
  for (let spent = 0; spent < hours(1); spent += minutes(2)) await harbour.advance(minutes(2))
  away = false
  await harbour.advance(hours(1))
  await harbour.carried()
  expect(sent).toHaveLength(1)
  await harbour.close()
})
