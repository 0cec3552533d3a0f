import { afterAll, beforeAll, expect, test } from 'vitest'
import { inviteAdministrator } from '../../src/operations/administration/invitations.ts'
import {
  knownPerson,
  livingSessions,
  makeAccount,
  password,
  signIn,
  signInByCode,
} from '../support/accounts.ts'
import { newPerson, type Person } from '../support/person.ts'
import { openWorld, publicUrl, type World } from '../support/world.ts'

/** Cross-site requests (S21), signing in and out by forgery included. */
let world: World

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** Every address that takes a form, as the router knows them: one that is added is tried without being named here. */
const unsafeRoutes = (): string[] => [
  ...new Set(
    world.app.routes
      .filter(({ method, path }) => method === 'POST' && !path.startsWith('/v1/'))
      .map(({ path }) => path),
  ),
]
const filled = (path: string): string => path.replace(/:\w+/g, '0123abcd-0123-0123-0123-0123456789ab')

const fetchSites = ['same-origin', 'same-site', 'cross-site', 'none', 'Same-Origin', undefined]
const origins = [
  publicUrl,
  'https://evil.example',
  `${publicUrl}.evil.example`,
  'http://codes.harbour.test',
  'null',
  undefined,
]
const referers = [
  `${publicUrl}/signin`,
  'https://evil.example/',
  `https://evil.example/${publicUrl}/`,
  'about:blank',
  undefined,
]

/** What the rule says, apart from the code that keeps it. */
function mayPass(site: string | undefined, origin: string | undefined, referer: string | undefined): boolean {
  if (site !== undefined) return site === 'same-origin' && [undefined, 'null', publicUrl].includes(origin)
  if (origin !== undefined) return origin === publicUrl
  return referer === `${publicUrl}/signin`
}

test('a form passes only from our own page, at every address that takes one', async () => {
  const routes = unsafeRoutes()
  expect(routes.length).toBeGreaterThanOrEqual(9)
  const person = newPerson(world)
  await person.open('/signin')
  const before = await rowsOf()
  let passed = 0
  for (const route of routes) {
    for (const site of fetchSites) {
      for (const origin of origins) {
        for (const referer of referers) {
          const answer = await person.request(filled(route), {
            fields: { username: 'ana@example.org', email: 'ana@example.org' },
            headers: { 'Sec-Fetch-Site': site, Origin: origin, Referer: referer },
          })
          const refused = /^origin_refused;/.test(answer.headers.get('countersign-error') ?? '')
          expect(!refused, `${route} ${site} ${origin} ${referer}`).toBe(mayPass(site, origin, referer))
          if (refused) expect(answer.status).toBe(403)
          else passed += 1
        }
      }
    }
  }
  expect(passed).toBe(routes.length * (3 * 5 + 1 * 5 + 1))
  expect(await rowsOf()).toEqual(before)
})

test('other unsafe methods pass nowhere', async () => {
  const person = newPerson(world)
  await person.open('/signin')
  for (const route of unsafeRoutes()) {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'TRACE-LIKE']) {
      const answer = await person.request(filled(route), { method, fields: {} })
      expect([403, 404, 405]).toContain(answer.status)
    }
  }
})

/** What forms must not be: each is sent by the person, with everything else right. */
async function refusedForms(
  person: Person,
  path: string,
  right: Record<string, string>,
  wrong: (string | undefined)[],
) {
  for (const form of wrong) {
    const { form: _, ...rest } = right
    const fields = form === undefined ? rest : { ...rest, form }
    const answer = await person.request(path, { fields })
    expect(answer.status, `${path} ${form}`).toBe(403)
    expect(answer.headers.get('countersign-error')).toMatch(/^form_stale;/)
  }
}

const tampered = (token: string): string[] => [
  '',
  token.slice(0, -1),
  `${token}A`,
  token.toUpperCase(),
  `${token[0] === 'A' ? 'B' : 'A'}${token.slice(1)}`,
  `${token}=`,
  '\0',
  'é'.repeat(43),
]

test("a form that begins works with its own browser's token and no other", async () => {
  const [ana, bea] = [newPerson(world), newPerson(world)]
  for (const [path, field] of [
    ['/signin', 'username'],
    ['/signup', 'email'],
  ] as const) {
    await ana.open(path)
    await bea.open(path)
    const right = { ...ana.form(field).fields, [field]: 'ana@example.org' }
    const flow = await aFlow(ana)
    await refusedForms(ana, path, right, [
      undefined,
      bea.form(field).fields.form!,
      flow.fields.form!,
      ...tampered(right.form ?? ''),
    ])
    expect((await ana.request(path, { fields: right })).status).toBe(303)
  }
})

test("a step's form works with the token of its own flow and browser alone", async () => {
  const [ana, bea] = [newPerson(world), newPerson(world)]
  const mine = await aFlow(ana)
  const another = await aFlow(ana)
  const theirs = await aFlow(bea)
  await ana.open('/signin')
  const begin = ana.form('username').fields.form!
  const right = { ...mine.fields, password: 'x' }
  await refusedForms(ana, mine.action, right, [
    undefined,
    begin,
    another.fields.form!,
    theirs.fields.form!,
    ...tampered(mine.fields.form ?? ''),
  ])
  const elsewhere = await bea.request(mine.action, { fields: right })
  expect(elsewhere.status).toBe(403)
  expect((await ana.request(mine.action, { fields: right })).headers.get('countersign-error')).toMatch(
    /^sign_in_wrong/,
  )
})

test("an account's forms work with the token of its own living session alone", async () => {
  const one = await makeAccount(world, 'one@example.org')
  const two = await makeAccount(world, 'two@example.org')
  const ana = newPerson(world)
  await ana.open('/signin')
  const before = ana.form('username').fields.form!
  await signInByCode(world, ana, one.email)
  const home = ana.page.path
  const earlier = ana.form('form').fields.form!
  await ana.submit({ form: earlier })
  await signIn(ana, one.email)
  const mine = ana.form('form').fields.form!
  await signInByCode(world, ana, two.email)
  const others = ana.form('form').fields.form!
  const bea = await knownPerson(world, one)
  await signIn(bea, one.email)
  const elsewhere = bea.form('form').fields.form!
  const flow = (await aFlow(ana)).fields.form!
  const wrong = [undefined, before, earlier, others, elsewhere, flow, ...tampered(mine)]
  for (const path of [`${home}/signout`, `${home}/password`]) {
    await refusedForms(ana, path, { current: password, next: 'quite another one, 41 gulls' }, wrong)
  }
  expect(await livingSessions(world, one.id)).toBe(2)
  expect((await ana.request(`${home}/signout`, { fields: { form: mine } })).status).toBe(303)
  expect(await livingSessions(world, one.id)).toBe(1)
})

test('an invitation is accepted with the token of its own browser alone', async () => {
  const token = await inviteAdministrator(world.deps.database)
  const [ana, bea] = [newPerson(world), newPerson(world)]
  await ana.open(`/administrator/${token}`)
  await bea.open(`/administrator/${token}`)
  await refusedForms(ana, `/administrator/${token}`, { handle: 'new' }, [
    undefined,
    bea.form('form').fields.form!,
    (await aFlow(ana)).fields.form!,
  ])
})

test('nobody is signed in, out or anywhere by opening an address: no GET writes anything', async () => {
  const account = await makeAccount(world, 'still@example.org')
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  const home = person.page.path
  await signInByCode(world, newPerson(world), account.email)
  const notice = (await world.inbox(account.email)).at(-1)
  await world.worker.leave()
  // Everything has been proved, so that no page stops at asking for it.
  const proofs = [{ kind: 'email_code', at: world.now, itemId: account.itemId }]
  await world.sql`update session set proofs = ${JSON.stringify(proofs)} where account_id = ${account.id}`
  const [change] = await world.sql<{ id: string }>`select id from change where account_id = ${account.id}`
  const [done] = await world.sql<{ id: string }>`
    select id from activity where subject = ${account.id} and kind = 'signed_in' limit 1`
  const flow = await aFlow(person)
  const token = await inviteAdministrator(world.deps.database)
  const link = /\/changes\/([\w-]{43})/.exec(notice?.text ?? '')?.[1]
  const known: Record<string, string | undefined> = {
    '/changes/:id': change && `/changes/${change.id}`,
    '/activity/:id': done && `/activity/${done.id}`,
    '/changes/:token': link && `/changes/${link}`,
    ':id': flow.action.split('/')[2],
    ':handle': home.split('/')[2],
    ':item': account.itemId,
    ':token': token,
    ':code': 'code_wrong',
  }
  for (const [name, value] of Object.entries(known)) expect([name, typeof value]).toEqual([name, 'string'])
  const paths = world.app.routes
    .filter(
      ({ method, path }) =>
        ['GET', 'POST'].includes(method) && !path.startsWith('/v1/') && !path.includes('*'),
    )
    .map(({ path }) =>
      Object.entries(known).reduce((filled, [name, value]) => filled.replace(name, value ?? 'x'), path),
    )
    .map((path) => path.replace(/\{[^}]*\}/g, ''))
  const query = `?act=password&form=${flow.fields.form}&revision=0&password=${encodeURIComponent(password)}&code=123456`
  const before = await contentsOf()
  expect(new Set(paths).size).toBeGreaterThan(15)
  let shown = 0
  for (const path of new Set(paths)) {
    if (path.endsWith('/news')) continue
    for (const method of ['GET', 'HEAD']) {
      const answer = await person.request(path + query, { method })
      if (method === 'GET' && path.startsWith(home) && answer.status === 200) shown += 1
      await newPerson(world).request(path, { method })
    }
  }
  expect(shown).toBeGreaterThan(15)
  expect(await contentsOf()).toEqual(before)
  expect(await person.isSignedIn()).toBe(true)
})

/** A sign-in that waits for its password. */
async function aFlow(person: Person) {
  await person.open('/signin')
  await person.submit({ username: 'ana@example.org' })
  return person.form('password')
}

/** Every table there is: one that is added is looked at without being named here. */
const tablesOf = async (): Promise<string[]> =>
  (
    await world.sql<{ name: string }>`
      select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`
  ).map(({ name }) => name)

const rowsOf = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    await Promise.all(
      (await tablesOf()).map(async (table) => {
        const text = `select count(*)::int as count from ${table}`
        const [row] = await world.sql.run<{ count: number }>({ name: `count_${table}`, text }, [])
        return [table, row?.count ?? -1] as const
      }),
    ),
  )

const contentsOf = async (): Promise<Record<string, string[]>> =>
  Object.fromEntries(
    await Promise.all(
      (await tablesOf()).map(async (table) => {
        const text = `select t::text as row from ${table} t order by 1`
        const rows = await world.sql.run<{ row: string }>({ name: `dump_${table}`, text }, [])
        return [table, rows.map(({ row }) => row)] as const
      }),
    ),
  )
