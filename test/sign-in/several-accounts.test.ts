import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accountRoutes } from '../../src/http/pages/session/access.ts'
import { newId } from '../../src/secrets/random.ts'
import { livingSessions, type MadeAccount, makeAccount, signIn, signInByCode } from '../support/accounts.ts'
import { cookieNamed, newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

/** Several accounts in one browser (S22): nothing that is done in the tab of one ever reaches another. */
let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

type SignedIn = { account: MadeAccount; home: string; form: string }

async function alsoSignedIn(person: Person): Promise<SignedIn> {
  nth += 1
  const account = await makeAccount(world, `side${nth}@example.org`)
  await signInByCode(world, person, account.email)
  return { account, home: person.page.path, form: person.form('form').fields.form ?? '' }
}

async function twoAccounts(): Promise<{ person: Person; one: SignedIn; two: SignedIn }> {
  const person = newPerson(world)
  return { person, one: await alsoSignedIn(person), two: await alsoSignedIn(person) }
}

const isIn = async (person: Person, { home }: SignedIn): Promise<boolean> =>
  (await person.request(home)).status === 200

const post = (person: Person, path: string, fields: Record<string, string>) =>
  person.request(path, { fields })

test('a form of one account does nothing at the address of another, whatever it is for', async () => {
  const { person, one, two } = await twoAccounts()
  const forms = Object.keys(accountRoutes).filter((route) => route.startsWith('POST'))
  for (const route of forms) {
    const path = route.replace('POST ', '').replace('/account/:handle', two.home).replace(':id', newId())
    const answer = await post(person, path, { form: one.form, act: 'everywhere' })
    expect([route, answer.headers.get('countersign-error')?.split(';')[0]]).toEqual([route, 'form_stale'])
  }
  expect(forms.length).toBeGreaterThan(4)
  expect([await isIn(person, one), await isIn(person, two)]).toEqual([true, true])
})

test('signing out empties what the browser keeps of the pages', async () => {
  const { person, one } = await twoAccounts()
  await alsoSignedIn(person)
  const left = [await post(person, `${one.home}/signout`, { form: one.form })]
  await person.open('/account')
  left.push(await post(person, '/account/signout', { form: formForAll(person) }))
  const alone = await alsoSignedIn(person)
  left.push(await post(person, `${alone.home}/sessions`, { form: alone.form, act: 'everywhere' }))
  for (const answer of left) expect(answer.headers.get('clear-site-data')).toBe('"cache"')
  const stays = await person.request('/')
  expect(stays.headers.get('clear-site-data')).toBeNull()
})

test('in two tabs each form acts on its own account, whichever was opened or signed in to last', async () => {
  const { person, one, two } = await twoAccounts()
  await person.open(two.home)
  await post(person, `${one.home}/signout`, { form: one.form })
  expect([await isIn(person, one), await isIn(person, two)]).toEqual([false, true])
  expect(await livingSessions(world, two.account.id)).toBe(1)
})

test('a page of an earlier sign-in, come back to, does nothing to the new one', async () => {
  const { person, one, two } = await twoAccounts()
  await post(person, `${one.home}/signout`, { form: one.form })
  await signIn(person, one.account.email)
  expect(person.page.path).toBe(one.home)
  const answer = await post(person, `${one.home}/signout`, { form: one.form })
  expect(answer.headers.get('countersign-error')).toMatch(/^form_stale/)
  expect([await isIn(person, one), await isIn(person, two)]).toEqual([true, true])
})

test('requests of two tabs in any order, also at once, act each on its own account and no other', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ tab: fc.constantFrom(0, 1), formOf: fc.constantFrom(0, 1) }), {
        minLength: 1,
        maxLength: 10,
      }),
      fc.boolean(),
      async (acts, atOnce) => {
        const { person, one, two } = await twoAccounts()
        const tabs = [one, two]
        const send = ({ tab, formOf }: (typeof acts)[number]) =>
          post(person, `${tabs[tab]?.home}/sessions`, { form: tabs[formOf]?.form ?? '', act: 'others' })
        if (atOnce) await Promise.all(acts.map(send))
        else for (const act of acts) await send(act)
        for (const [index, tab] of tabs.entries()) {
          const [row] = await world.sql<{ count: number }>`
            select coalesce(sum(coalesce((detail->>'count')::int, 1)), 0)::int as count from activity
            where subject = ${tab.account.id} and kind = 'sessions_ended'`
          expect(row?.count).toBe(acts.filter((act) => act.tab === index && act.formOf === index).length)
        }
        expect([await isIn(person, one), await isIn(person, two)]).toEqual([true, true])
      },
    ),
    { numRuns: 8 },
  )
}, 60_000)

test('the cookie of one account under the handle of another opens neither', async () => {
  const { person, one, two } = await twoAccounts()
  const nameOf = ({ home }: SignedIn) => cookieNamed(`account-${home.split('/')[2]}`)
  const [first, second] = [person.cookies.get(nameOf(one)) ?? '', person.cookies.get(nameOf(two)) ?? '']
  person.cookies.set(nameOf(one), second)
  person.cookies.set(nameOf(two), first)
  expect([await isIn(person, one), await isIn(person, two)]).toEqual([false, false])
})

test('all accounts are signed out by one press, and one that was added since that page was opened is not', async () => {
  const { person, one, two } = await twoAccounts()
  await person.open('/account')
  const before = formForAll(person)
  const three = await alsoSignedIn(person)
  const stale = await post(person, '/account/signout', { form: before })
  expect(stale.headers.get('countersign-error')).toMatch(/^form_stale/)
  expect(await isIn(person, three)).toBe(true)
  await person.open('/account')
  await post(person, '/account/signout', { form: formForAll(person) })
  for (const account of [one, two, three]) {
    expect(await isIn(person, account)).toBe(false)
    expect(await livingSessions(world, account.account.id)).toBe(0)
  }
})

test('in the picker each account can be signed out by itself, and the others are still there to choose', async () => {
  const { person, one, two } = await twoAccounts()
  await person.open('/account')
  const own = person.page.forms.find(({ action }) => action === `${one.home}/signout`)
  await person.follow(await post(person, `${one.home}/signout`, own?.fields ?? {}), `${one.home}/signout`)
  expect([await isIn(person, one), await isIn(person, two)]).toEqual([false, true])
  expect(person.page.path).toBe('/account?choose=yes')
  const words = wordsOf(person.page.text)
  expect(words).toContain(two.account.email)
  expect(words).not.toContain(one.account.email)
  const last = person.page.forms.find(({ action }) => action === `${two.home}/signout`)
  const answer = await post(person, `${two.home}/signout`, last?.fields ?? {})
  expect(answer.headers.get('location')).toBe('/')
})

test('the picker’s button for one account signs out no other', async () => {
  const { person, one, two } = await twoAccounts()
  await person.open('/account')
  const own = person.page.forms.find(({ action }) => action === `${one.home}/signout`)
  const crossed = await post(person, `${two.home}/signout`, own?.fields ?? {})
  expect(crossed.headers.get('countersign-error')).toMatch(/^form_stale/)
  expect([await isIn(person, one), await isIn(person, two)]).toEqual([true, true])
})

test('with one account the picker opens where it is asked for', async () => {
  const person = newPerson(world)
  const one = await alsoSignedIn(person)
  expect((await person.open('/account')).path).toBe(one.home)
  const words = wordsOf((await person.open('/account?choose=yes')).text)
  expect(words).toContain(one.account.email)
  expect(words).toContain('Sign in to another account')
})

test('signing in to another account leaves the page that waits as it was, and it is found again', async () => {
  nth += 1
  const first = await makeAccount(world, `side${nth}@example.org`)
  const person = newPerson(world)
  await signIn(person, first.email)
  await person.submit({ item: person.form('item').fields.item ?? '' })
  const waiting = person.page.path
  const code = await world.readCode(first.email)
  const second = await alsoSignedIn(person)
  await person.open('/signin')
  expect(wordsOf(person.page.text)).toContain(first.email)
  expect(person.page.text).toContain(`href="${waiting}"`)
  await person.open(waiting)
  await person.submit({ code })
  expect(person.page).toMatchObject({ status: 200 })
  expect(await isIn(person, second)).toBe(true)
  expect(wordsOf((await person.open('/account')).text)).toContain(first.email)
  await person.open('/signin')
  expect(person.page.text).not.toContain(waiting)
})

test('the three latest unfinished sign-ins are found again; what stands in the cookie else is nothing', async () => {
  const person = newPerson(world)
  const names = ['one', 'two', 'three', 'four'].map((word) => `${word}@example.org`)
  for (const name of names) {
    await person.open('/signin')
    await person.submit({ username: name })
  }
  const words = wordsOf((await person.open('/signin')).text)
  expect(names.filter((name) => words.includes(name))).toEqual(names.slice(1))
  person.cookies.set(cookieNamed('flow'), `x.${newId()}...${'a'.repeat(2000)}`)
  expect((await person.open('/signin')).status).toBe(200)
})

/** The token of the picker's one form that is for all accounts. */
const formForAll = (person: Person): string =>
  person.page.forms.find(({ action }) => action === '/account/signout')?.fields.form ?? ''
