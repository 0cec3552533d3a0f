import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountRoutes } from '../../src/http/pages/session/access.ts'
import { newId } from '../../src/secrets/random.ts'
import { livingSessions, type MadeAccount, password } from '../support/accounts.ts'
import { giveApp, giveTwoStep } from '../support/items.ts'
import { cookieNamed, type Person } from '../support/person.ts'
import {
  atOnce,
  knownBrowser,
  oldAccount,
  refusalOf,
  seenFrom,
  signedInTab,
  startTwoWorlds,
  type Tab,
  type TwoWorlds,
  tallyOf,
} from './people.ts'

/** Sessions, browsers and tabs over two processes: what one has ended or raised, the other knows at once. */
let worlds: TwoWorlds

beforeAll(async () => {
  worlds = await startTwoWorlds()
}, 120_000)
afterAll(async () => {
  await worlds?.close()
  expect(worlds?.servers.faults()).toBe('')
})

const bothOf = (person: Person) => [seenFrom(worlds.here, person), seenFrom(worlds.there, person)] as const
const cookieOf = ({ home }: Pick<Tab, 'home'>) => cookieNamed(`account-${home.split('/')[2]}`)

/** A tab before a sensitive act, where the code has come: its last form, ready to be sent. */
async function atLastForm(account: MadeAccount) {
  const proofs = [{ kind: 'password' as const, at: worlds.both.now }]
  const tab = await signedInTab(worlds.both, account, { proofs })
  await tab.person.open(`${tab.home}/password`)
  await tab.person.submit({ item: account.itemId })
  const { action, fields } = tab.person.form('code')
  return { tab, action, fields: { ...fields, code: await worlds.both.readCode(account.email) } }
}

describe('the last form of a step-up, sent to both processes at once', () => {
  test('raises the session once: all answers carry the one new cookie, and the old one is dead at both', async () => {
    for (let round = 0; round < 4; round += 1) {
      const account = await oldAccount(worlds.both)
      const { tab, action, fields } = await atLastForm(account)
      const copies = Array.from({ length: 10 }, () => bothOf(tab.person)).flat()
      const answers = await Promise.all(copies.map((copy) => copy.request(action, { fields })))
      expect(answers.map((answer) => answer.headers.get('location'))).toEqual(
        answers.map(() => `${tab.home}/password`),
      )
      const cookies = new Set(copies.map(({ cookies }) => cookies.get(cookieOf(tab))))
      expect([...cookies]).toHaveLength(1)
      expect([...cookies][0]).not.toBe(tab.person.cookies.get(cookieOf(tab)))
      const [row] = await worlds.both.sql<{ attempts: number }>`
        select attempts from verification where subject = ${action.split('/').at(-1)}`
      expect(row?.attempts).toBe(1)
      expect(await livingSessions(worlds.both, account.id)).toBe(1)
      for (const risen of bothOf(copies[0]!)) {
        expect((await risen.open(`${tab.home}/password`)).path).toBe(`${tab.home}/password`)
      }
      for (const old of bothOf(tab.person)) expect(await old.isSignedIn()).toBe(false)
    }
  })

  test('while at the other process its owner signs out everywhere: no cookie of it is alive after', async () => {
    for (let round = 0; round < 8; round += 1) {
      const account = await oldAccount(worlds.both)
      const { tab, action, fields } = await atLastForm(account)
      const other = await signedInTab(worlds.here, account)
      const [here, there] = bothOf(tab.person)
      const raising = () => there.request(action, { fields })
      const ending = () =>
        other.person.request(`${other.home}/sessions`, { fields: { form: other.form, act: 'everywhere' } })
      await Promise.all(round % 2 === 0 ? [raising(), ending()] : [ending(), raising()])
      expect(await livingSessions(worlds.both, account.id)).toBe(0)
      await there.request(action, { fields })
      for (const one of [here, there]) expect(await one.isSignedIn()).toBe(false)
    }
  })
})

describe('S24: a browser that is trusted', () => {
  const next = 'quite another one, 41 gulls'

  async function trusting() {
    const account = await oldAccount(worlds.both)
    await giveApp(worlds.both, account)
    await giveTwoStep(worlds.both, account)
    const owner = await signedInTab(worlds.here, account)
    const browsers = await atOnce(6, () => knownBrowser(worlds.there, account))
    await worlds.both.sql`
      update known_browser set trusted_at = statement_timestamp(), trust_used_at = statement_timestamp()
      where account_id = ${account.id}`
    for (const browser of browsers) {
      await browser.open('/signin')
      await browser.submit({ username: account.email })
    }
    return { account, owner, browsers }
  }
  const changeAt = ({ person, home, form }: Tab) =>
    person.request(`${home}/password`, { fields: { form, current: password, next } })
  const isAsked = ({ page }: Person): boolean => page.text.includes('name="item"')

  test('is asked again at the other process by all that is sent once the password is changed', async () => {
    const { account, owner, browsers } = await trusting()
    const [first, ...others] = browsers
    await first!.submit({ password })
    expect([isAsked(first!), await first!.isSignedIn()]).toEqual([false, true])
    expect((await changeAt(owner)).status).toBe(303)
    // Sent the moment the answer is there, and refused: no second is needed.
    await Promise.all(others.map((browser) => browser.submit({ password: next })))
    expect(others.map(isAsked)).toEqual(others.map(() => true))
    expect(await first!.isSignedIn()).toBe(false)
    expect(await livingSessions(worlds.both, account.id)).toBe(1)
  })

  test('and so once its owner has signed out everywhere', async () => {
    const { account, owner, browsers } = await trusting()
    const fields = { form: owner.form, act: 'everywhere' }
    expect((await owner.person.request(`${owner.home}/sessions`, { fields })).status).toBe(200)
    await Promise.all(browsers.map((browser) => browser.submit({ password })))
    expect(browsers.map(isAsked)).toEqual(browsers.map(() => true))
    expect(await livingSessions(worlds.both, account.id)).toBe(0)
  })

  test('that signs in while the password is changed is signed in no more after, and trusted no more', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { account, owner, browsers } = await trusting()
      const signingIn = browsers.map((browser) => browser.submit({ password }))
      const [changed] = await Promise.all([changeAt(owner), ...signingIn])
      expect(changed.status).toBe(303)
      expect(await livingSessions(worlds.both, account.id)).toBe(1)
      const [row] = await worlds.both.sql<{ trusted: number }>`
        select count(trusted_at)::int as trusted from known_browser where account_id = ${account.id}`
      expect(row?.trusted).toBe(0)
    }
  })
})

describe('S22: two accounts in one browser', () => {
  async function twoTabs() {
    const accounts = [await oldAccount(worlds.both), await oldAccount(worlds.both)] as const
    const person = await knownBrowser(worlds.both, accounts[0])
    const one = await signedInTab(worlds.both, accounts[0], { person })
    const two = await signedInTab(worlds.both, accounts[1], { person })
    return { accounts, person, one, two }
  }
  const rowsOf = ({ id }: MadeAccount) => worlds.both.sql<{ row: string }>`
    select a::text || coalesce((select string_agg(s::text, ' ' order by s.id) from security_info s where s.account_id = a.id), '')
      || coalesce((select string_agg(s.secret_hash::text || s.ended_at::text, ' ' order by s.id) from session s where s.account_id = a.id), '')
      as row from account a where a.id = ${id}`

  test('a form of the one does nothing at the address of the other, at either process, whatever it is for', async () => {
    const { accounts, person, one, two } = await twoTabs()
    const before = await Promise.all(accounts.map(rowsOf))
    const forms = Object.keys(accountRoutes).filter((route) => route.startsWith('POST'))
    for (const asker of bothOf(person)) {
      const answers = await Promise.all(
        forms.map((route) => {
          const path = route
            .replace('POST ', '')
            .replace('/account/:handle', two.home)
            .replace(':item', accounts[1].itemId)
            .replace(':id', newId())
          return asker.request(path, { fields: { form: one.form, act: 'everywhere', browser: 'all' } })
        }),
      )
      expect(tallyOf(answers)).toEqual({ form_stale: forms.length })
    }
    expect(await Promise.all(accounts.map(rowsOf))).toEqual(before)
  })

  test('the cookie or the session of the one is nothing at the address of the other, at either process', async () => {
    const { person, one, two } = await twoTabs()
    const [first, second] = [cookieOf(one), cookieOf(two)].map((name) => person.cookies.get(name) ?? '')
    const swapped = seenFrom(worlds.both, person)
    swapped.cookies.set(cookieOf(one), second!)
    swapped.cookies.set(cookieOf(two), first!)
    for (const asker of bothOf(swapped)) {
      for (const { home, form } of [one, two]) {
        expect((await asker.request(home)).status).toBe(303)
        const answer = await asker.request(`${home}/signout`, { fields: { form } })
        expect(answer.headers.get('location')).toMatch(/^\/signin/)
      }
    }
    for (const asker of bothOf(person)) {
      for (const { home } of [one, two]) expect((await asker.request(home)).status).toBe(200)
    }
  })

  test('forms of both tabs, right and crossed, to both processes at once act each on its own account alone', async () => {
    const { accounts, person, one, two } = await twoTabs()
    const tabs = [one, two]
    const askers = bothOf(person)
    const answers = await atOnce(80, (nth) => {
      const [at, formOf] = [tabs[nth & 1]!, tabs[(nth >> 1) & 1]!]
      const fields = { form: formOf.form, act: 'others' }
      return askers[(nth >> 2) & 1]!.request(`${at.home}/sessions`, { fields })
    })
    for (const [nth, answer] of answers.entries()) {
      const crossed = (nth & 1) !== ((nth >> 1) & 1)
      expect(refusalOf(answer)).toBe(crossed ? 'form_stale' : undefined)
    }
    for (const { id } of accounts) {
      const [row] = await worlds.both.sql<{ count: number }>`
        select coalesce(sum(coalesce((detail->>'count')::int, 1)), 0)::int as count from activity
        where subject = ${id} and kind = 'sessions_ended'`
      expect(row?.count).toBe(20)
      expect(await livingSessions(worlds.both, id)).toBe(1)
    }
  })

  test('signing out of the one at one process leaves the other signed in at both', async () => {
    const { person, one, two } = await twoTabs()
    const [here, there] = bothOf(person)
    await here.request(`${one.home}/signout`, { fields: { form: one.form } })
    for (const asker of bothOf(person)) {
      expect((await asker.request(one.home)).status).toBe(303)
      expect((await asker.request(two.home)).status).toBe(200)
    }
    expect((await there.request(one.home)).headers.get('location')).toMatch(/^\/signin/)
  })
})
