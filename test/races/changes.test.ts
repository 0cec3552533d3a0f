import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Proof } from '../../src/core/proving/proof.ts'
import { supportsTwoStep } from '../../src/core/security-info/two-step.ts'
import { days } from '../../src/core/time.ts'
import { newId } from '../../src/secrets/random.ts'
import { insertContact, itemsOf, mostItems } from '../../src/storage/security-info.ts'
import { type MadeAccount, password } from '../support/accounts.ts'
import { newAuthenticator } from '../support/authenticator.ts'
import { appOf, giveApp, giveRecoveryCode, giveTwoStep, passkeyOptionsOn } from '../support/items.ts'
import { newPerson } from '../support/person.ts'
import {
  atOnce,
  oldAccount,
  refusalOf,
  seenFrom,
  signedInTab,
  startTwoWorlds,
  type Tab,
  type TwoWorlds,
  tallyOf,
} from './people.ts'

/** An account's ways in, changed at two processes at the same moment: what must remain does, and a freeze holds. */
let worlds: TwoWorlds

beforeAll(async () => {
  worlds = await startTwoWorlds()
}, 120_000)
afterAll(async () => {
  await worlds?.close()
  expect(worlds?.servers.faults()).toBe('')
})

const rounds = 5
const itemsNow = ({ id }: MadeAccount) => itemsOf(worlds.both.sql, id)

/** Contacts that have been there as long as the account. */
async function giveContacts(account: MadeAccount, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, newId)
  for (const id of ids) {
    const contact = { id, kind: 'email', address: `also-${id}@example.org`, provenAt: Date.now() } as const
    await insertContact(worlds.both.sql, account.id, contact)
  }
  await worlds.both.sql`
    update security_info set added_at = ${new Date(Date.now() - days(20))} where id = any(${ids}::uuid[])`
  return ids
}

/** The same tab at one process and at the other. */
const bothOf = ({ person }: Tab) => [seenFrom(worlds.here, person), seenFrom(worlds.there, person)] as const

const remove = (nth: number, tab: Tab, item: string): Promise<Response> =>
  bothOf(tab)[nth % 2]!.request(`${tab.home}/security/items/${item}/remove`, { fields: { form: tab.form } })

/** A fresh proof by each: whichever goes first, none of the others leads to a step-up. */
const provedBy = (ids: readonly string[]): Proof[] =>
  ids.map((itemId) => ({ kind: 'email_code', at: worlds.both.now, itemId }))

describe('removing at both processes at once', () => {
  test('of all contacts, leaves one', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const account = await oldAccount(worlds.both)
      const ids = [account.itemId, ...(await giveContacts(account, 5))]
      const tab = await signedInTab(worlds.both, account, { proofs: provedBy(ids) })
      const answers = await Promise.all(ids.map((id, nth) => remove(nth, tab, id)))
      expect(tallyOf(answers)).toMatchObject({ 303: 5 })
      expect(await itemsNow(account)).toHaveLength(1)
    }
  })

  test('from two browsers, of the only two kinds that two-step verification stands on, leaves both kinds', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const account = await oldAccount(worlds.both)
      const ids = [account.itemId, ...(await giveContacts(account, 2))]
      const app = await giveApp(worlds.both, account)
      await worlds.both.sql`
        update security_info set added_at = ${new Date(Date.now() - days(20))} where account_id = ${account.id}`
      await giveTwoStep(worlds.both, account)
      const proved = { proofs: provedBy(ids) }
      const tabs = [
        await signedInTab(worlds.both, account, proved),
        await signedInTab(worlds.both, account, proved),
      ]
      await Promise.all([...ids, app.itemId].map((id, nth) => remove(nth, tabs[nth % 2]!, id)))
      const kinds = (await itemsNow(account)).map(({ kind }) => kind).sort()
      expect(kinds).toEqual(['email', 'totp'])
    }
  })
})

describe('turning two-step verification on', () => {
  test('while its second kind is removed at the other process: it is never on with one kind', async () => {
    const came = { on: 0, off: 0 }
    for (let round = 0; round < 2 * rounds; round += 1) {
      const account = await oldAccount(worlds.both)
      const app = await giveApp(worlds.both, account)
      const tab = await signedInTab(worlds.both, account)
      const [here, there] = bothOf(tab)
      await here.open(`${tab.home}/security/two-step/on`)
      const { action, fields } = here.form('make')
      const on = () => here.request(action, { fields })
      const off = () =>
        there.request(`${tab.home}/security/items/${app.itemId}/remove`, { fields: { form: tab.form } })
      await Promise.all(round % 2 === 0 ? [on(), off()] : [off(), on()])
      const [row] = await worlds.both.sql<{ on: boolean }>`
        select two_step_at is not null as on from account where id = ${account.id}`
      const supported = supportsTwoStep(await itemsNow(account), worlds.both.now)
      expect(row?.on).toBe(supported)
      came[row?.on ? 'on' : 'off'] += 1
    }
    expect(came.on + came.off).toBe(2 * rounds)
  })

  test('at both processes at once, by the same form, makes one recovery code and tells it once', async () => {
    const account = await oldAccount(worlds.both)
    await giveApp(worlds.both, account)
    const tab = await signedInTab(worlds.both, account)
    const tabs = bothOf(tab)
    await tabs[0].open(`${tab.home}/security/two-step/on`)
    const { action, fields } = tabs[0].form('make')
    const answers = await atOnce(10, (nth) => tabs[nth % 2]!.request(action, { fields }))
    const codes = await Promise.all(
      answers.map(async (answer) => /[A-Z2-7]{5}(-[A-Z2-7]{5}){4}/.exec(await answer.text())?.[0]),
    )
    expect(new Set(codes).size).toBe(1)
    const changes = await worlds.both.sql<{ kind: string }>`
      select kind from change where account_id = ${account.id}`
    expect(changes).toEqual([{ kind: 'two_step_on' }])
  })
})

describe('adding at both processes at once', () => {
  /** Forms that wait for a code, each of one contact. */
  async function waiting(tab: Tab, contacts: readonly string[]) {
    const forms = []
    for (const contact of contacts) {
      await tab.person.open(`${tab.home}/security/add`)
      await tab.person.submit({ contact })
      const { action, fields } = tab.person.form('code')
      forms.push({ action, fields: { ...fields, code: await worlds.both.readCode(contact) } })
    }
    return forms
  }

  test('one address, waited for in two tabs, adds it once', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const account = await oldAccount(worlds.both)
      const tab = await signedInTab(worlds.both, account)
      const added = `twice-${newId()}@example.org`
      const forms = await waiting(tab, [added, added])
      const tabs = bothOf(tab)
      const sent = [...forms, ...forms].map(({ action, fields }, nth) =>
        tabs[nth % 2]!.request(action, { fields }),
      )
      expect(tallyOf(await Promise.all(sent))).toEqual({ 303: 2, item_exists: 2 })
      expect(
        (await itemsNow(account)).filter((item) => 'address' in item && item.address === added),
      ).toHaveLength(1)
    }
  })

  test('as many as would be too many: no more than an account may have', async () => {
    const account = await oldAccount(worlds.both)
    const tab = await signedInTab(worlds.both, account)
    const forms = await waiting(
      tab,
      Array.from({ length: 4 }, () => `full-${newId()}@example.org`),
    )
    await giveContacts(account, mostItems - 3)
    const tabs = bothOf(tab)
    const answers = await Promise.all(
      forms.map(({ action, fields }, nth) => tabs[nth % 2]!.request(action, { fields })),
    )
    expect(tallyOf(answers)).toEqual({ 303: 2, items_full: 2 })
    expect(await itemsNow(account)).toHaveLength(mostItems)
  })
})

/** What a thief with a fresh proof may do next, each made ready so that one request does it. */
type Act = { name: string; ready: (thief: Tab, account: MadeAccount) => Promise<() => Promise<Response>> }

const acts: Act[] = [
  {
    name: 'changes the password',
    async ready({ person, home, form }) {
      const fields = { form, current: password, next: 'now it is mine to keep 7' }
      return () => person.request(`${home}/password`, { fields })
    },
  },
  {
    name: 'adds an app',
    async ready({ person, home }) {
      await person.open(`${home}/security/totp`)
      const seed = /<bdo[^>]*class="digits-shown long"[^>]*>([A-Z2-7 ]+)</.exec(person.page.text)?.[1]
      const { action, fields } = person.form('sealed')
      const app = appOf(worlds.both, '', (seed ?? '').replaceAll(' ', ''))
      return () => person.request(action, { fields: { ...fields, code: app.code() } })
    },
  },
  {
    name: 'adds a passkey',
    async ready({ person, home }) {
      await person.open(`${home}/security/passkey`)
      const { action, fields } = person.form('offer')
      const credential = newAuthenticator().create(passkeyOptionsOn(person.page))
      return () => person.request(action, { fields: { ...fields, credential } })
    },
  },
  {
    name: 'adds a contact',
    async ready({ person, home }) {
      const contact = `thief-${newId()}@evil.example`
      await person.open(`${home}/security/add`)
      await person.submit({ contact })
      const { action, fields } = person.form('code')
      const code = await worlds.both.readCode(contact)
      return () => person.request(action, { fields: { ...fields, code } })
    },
  },
  {
    name: "removes the owner's contact",
    async ready({ person, home, form }, account) {
      return () => person.request(`${home}/security/items/${account.itemId}/remove`, { fields: { form } })
    },
  },
  {
    name: 'makes a recovery code',
    async ready({ person, home }) {
      await person.open(`${home}/security/recovery-code`)
      const { action, fields } = person.form('make')
      return () => person.request(action, { fields })
    },
  },
  {
    name: 'turns two-step verification on where it is on',
    async ready({ person, home }, account) {
      await person.open(`${home}/security/two-step/on`)
      const { action, fields } = person.form('make')
      await giveTwoStep(worlds.both, account)
      return () => person.request(action, { fields })
    },
  },
  {
    name: 'turns two-step verification off',
    async ready({ person, home, form }, account) {
      await giveTwoStep(worlds.both, account)
      return () => person.request(`${home}/security/two-step/off`, { fields: { form } })
    },
  },
]

describe('a freeze by the notice at one process, while at the other the thief', () => {
  test.each(acts)('$name: whichever comes first, nothing of the thief’s stands', async ({ ready }) => {
    const came = new Set<string>()
    for (let round = 0; round < 4; round += 1) {
      const account = await oldAccount(worlds.both)
      await giveContacts(account, 1)
      await giveRecoveryCode(worlds.both, account)
      await giveApp(worlds.both, account)
      const long = new Date(Date.now() - days(20))
      await worlds.both.sql`update security_info set added_at = ${long} where account_id = ${account.id}`
      const owners = (await itemsNow(account)).map(({ id }) => id)
      const thief = await signedInTab(worlds.there, account)
      // The first that the thief did, and that the owner is told of.
      await thief.person.open(`${thief.home}/security/passkey`)
      await thief.person.submit({
        credential: newAuthenticator().create(passkeyOptionsOn(thief.person.page)),
      })
      const { path, reference } = await worlds.notice(account.email)
      const acting = await ready(thief, account)
      const owner = newPerson(worlds.here)
      await owner.open(path)
      const { action, fields } = owner.form('reference')
      const freezing = () => owner.request(action, { fields: { ...fields, reference } })
      const [acted, frozen] =
        round % 2 === 0
          ? await Promise.all([acting(), freezing()])
          : (await Promise.all([freezing(), acting()])).toReversed()
      expect([refusalOf(frozen!), frozen!.status]).toEqual([undefined, 200])
      came.add(refusalOf(acted!) ?? `${acted!.status}`)
      const changes = await worlds.both.sql<{ kind: string; state: string }>`
        select kind, state from change where account_id = ${account.id}`
      expect(changes.map(({ state }) => state)).not.toContain('standing')
      const proving = (await itemsNow(account)).filter((item) => !item.frozen).map(({ id }) => id)
      expect(proving.filter((id) => !owners.includes(id))).toEqual([])
      expect(proving).toContain(account.itemId)
      expect(await thief.person.isSignedIn()).toBe(false)
    }
    // Before or after, or too late to be signed in at all: but never anything else.
    for (const one of came) expect(['303', '200', 'changes_frozen', 'form_stale']).toContain(one)
  })
})
