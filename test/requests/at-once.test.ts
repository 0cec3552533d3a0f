import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerFlow } from '../../src/operations/proving/answer-flow.ts'
import { newId } from '../../src/secrets/random.ts'
import { formToken } from '../../src/secrets/tokens.ts'
import type { Sql } from '../../src/storage/sql.ts'
import { knownPerson, livingSessions, makeAccount, password, signIn } from '../support/accounts.ts'
import { inTurns, putFlow, signInOf, sourceOf } from '../support/flows.ts'
import { newPerson } from '../support/person.ts'
import { openWorld, policyForStories, type World, withLimits, wrongCode } from '../support/world.ts'

/** The same thing many times at once (S3), and forms that say more than they were asked (S12). */
let world: World
let nth = 0

beforeAll(async () => {
  const ip = { ...policyForStories.limits.ip, failures: [] }
  world = await openWorld({ policy: withLimits({ ip, sign_ins: { sends: [], failures: [] } }) })
})
afterAll(() => world.close())

async function waiting() {
  nth += 1
  const account = await makeAccount(world, `owner${nth}@example.org`)
  const person = newPerson(world)
  await signIn(person, account.email)
  await person.submit({ item: account.itemId })
  return { account, person, form: person.form('code'), code: await world.readCode(account.email) }
}

test('two hundred times the right code at once make one living session', async () => {
  const { account, person, form, code } = await waiting()
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => person.request(form.action, { fields: { ...form.fields, code } })),
  )
  for (const answer of answers) expect([303, 503]).toContain(answer.status)
  expect(answers.filter((answer) => answer.status === 303).length).toBeGreaterThan(0)
  expect(await livingSessions(world, account.id)).toBe(1)
})

test('one right code among many wrong ones at once spends the tries of one form', async () => {
  for (let round = 0; round < 10; round += 1) {
    const { account, person, form, code } = await waiting()
    const typed = Array.from({ length: 12 }, (_, at) => (at === round ? code : wrongCode(code, at + 1)))
    await Promise.all(
      typed.map((one) => person.request(form.action, { fields: { ...form.fields, code: one } })),
    )
    const [row] = await world.sql<{ attempts: number }>`
      select attempts from verification where subject = ${form.action.split('/')[2]}`
    expect(row?.attempts).toBe(1)
    expect(await livingSessions(world, account.id)).toBeLessThanOrEqual(1)
  }
})

test('a password sent many times at once is compared once', async () => {
  const account = await makeAccount(world, 'often@example.org')
  const person = newPerson(world)
  await person.open('/signin')
  await person.submit({ username: account.email })
  const { action, fields } = person.form('password')
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => person.request(action, { fields: { ...fields, password: 'wrong' } })),
  )
  for (const answer of answers) expect(answer.headers.get('countersign-error')).toMatch(/^sign_in_wrong;/)
  const rows = await world.sql<{ failures: Date[] }>`
    select failures from rate_limit where kind = 'strangers_passwords'`
  expect(rows.map((row) => row.failures.length)).toContain(1)
})

test('more passwords at once than can be hashed are told to come back, and the form works then', async () => {
  const person = newPerson(world)
  await person.open('/signin')
  const { browser } = person
  const flows = await inTurns(220, (at) =>
    putFlow(
      world,
      signInOf({ id: newId(), email: `n${at}@example.org`, itemId: '' }, { accountId: undefined }),
      browser,
    ),
  )
  const ring = world.deps.keyring.current()
  const send = ({ id }: { id: string }) =>
    person.request(`/signin/${id}`, {
      fields: { form: formToken(ring, browser, `flow ${id}`), revision: '0', act: 'password', password: 'x' },
    })
  const answers = await Promise.all(flows.map(send))
  const codes = answers.map((answer) => answer.headers.get('countersign-error')?.split(';')[0])
  const busy = flows.filter((_, at) => codes[at] === 'unavailable')
  expect(new Set(codes)).toEqual(new Set(['sign_in_wrong', 'unavailable']))
  const again = await send(busy[0]!)
  expect(again.headers.get('countersign-error')).toMatch(/^sign_in_wrong;/)
})

test('a code for one flow, sent to many at once, opens none of the others', async () => {
  const first = await waiting()
  const others = await Promise.all([1, 2, 3, 4].map(waiting))
  await Promise.all(
    others.map(({ person, form }) =>
      person.request(form.action, { fields: { ...form.fields, code: first.code } }),
    ),
  )
  for (const { account, code } of others) {
    if (code !== first.code) expect(await livingSessions(world, account.id)).toBe(0)
  }
})

const extra: Record<string, string> = {
  role: 'administrator',
  accountId: '00000000-0000-0000-0000-000000000001',
  account_id: '00000000-0000-0000-0000-000000000001',
  verified: 'true',
  step: 'code',
  kind: 'signed_in',
  state: '{"kind":"signed_in"}',
  passwordAt: '1',
  second: 'email_code',
  provenAt: '1',
  guarded: 'false',
  addressInUse: 'false',
  verificationId: '00000000-0000-0000-0000-000000000002',
  itemId: '00000000-0000-0000-0000-000000000003',
  proofs: '[{"kind":"password","at":1}]',
  invitation: 'x',
  returnTo: '/evil',
  locale: 'xx',
  browser: 'x',
  session: 'x',
  __proto__: 'x',
  'constructor.prototype.step': 'code',
  '__proto__[step]': 'code',
  'form[]': 'x',
  'username[]': 'x',
}
const entries = [...Object.entries(extra), ['__proto__', '{"step":"code"}'], ['toString', 'x']] as [
  string,
  string,
][]

test('fields that no form has change nothing', async () => {
  const account = await makeAccount(world, 'more@example.org')
  const person = newPerson(world)
  await person.open('/signin')
  const begin = new URLSearchParams([
    ...Object.entries({ ...person.form('username').fields, username: account.email }),
    ...entries,
  ])
  const begun = await person.request('/signin', { fields: begin })
  await person.follow(begun, '/signin')
  expect(await stateOf(person.page.path)).toEqual({
    kind: 'sign_in',
    step: 'account_password',
    username: account.email,
    accountId: account.id,
    guarded: false,
    keep: false,
    trust: false,
    twoStep: false,
  })
  for (const act of ['password', 'choose', 'confirm', 'code', 'resend', 'other', 'signed_in', 'done', '']) {
    const { action, fields } = person.form('password')
    const sent = new URLSearchParams([...Object.entries({ ...fields, act }), ...entries, ['password', 'no']])
    await person.follow(await person.request(action, { fields: sent }), action)
    await person.open(action)
    expect((await stateOf(action)).step).toBe('account_password')
  }
  expect(await livingSessions(world, account.id)).toBe(0)
})

test('fields that no form has make nobody an administrator, by signing up or in an account', async () => {
  const person = newPerson(world)
  await person.open('/signup')
  const send = async (fields: Record<string, string>, path: string) =>
    person.follow(
      await person.request(path, { fields: new URLSearchParams([...Object.entries(fields), ...entries]) }),
      path,
    )
  await send({ ...person.form('email').fields, email: 'plain@example.org' }, '/signup')
  await send(
    { ...person.form('code').fields, code: await world.readCode('plain@example.org') },
    person.page.path,
  )
  await send({ ...person.form('password').fields, password }, person.page.path)
  const home = person.page.path
  expect(home).toMatch(/^\/account\//)
  await person.open(`${home}/password`)
  await send(
    { ...person.form('current').fields, current: password, next: 'quite another one, 41 gulls' },
    `${home}/password`,
  )
  const rows = await world.sql<{ role: string; locale: string }>`
    select role, locale from account a join account_username u on u.account_id = a.id where u.name = 'plain@example.org'`
  expect(rows).toEqual([{ role: 'member', locale: 'en' }])
})

test('a form that says no revision is answered without waiting for another one', async () => {
  const account = await makeAccount(world, 'none@example.org')
  const flow = await putFlow(world, signInOf(account))
  let statements = 0
  const sql = Object.assign(
    (...asked: Parameters<Sql>) => {
      statements += 1
      return world.sql(...asked)
    },
    { run: world.sql.run },
  ) as Sql
  const deps = { ...world.deps, database: { ...world.deps.database, sql } }
  const sent = { flowId: flow.id, revision: -1, form: {}, requester: sourceOf(flow.browser) }
  const answered = await answerFlow(deps, [], sent)
  expect(answered).toEqual({ ok: false, refusal: { code: 'step_elsewhere' } })
  expect(statements).toBe(2)
})

test('of a field that comes twice the first counts', async () => {
  const account = await makeAccount(world, 'twice@example.org')
  const person = await knownPerson(world, account)
  await person.open('/signin')
  await person.submit({ username: account.email })
  const { action, fields } = person.form('password')
  const sent = new URLSearchParams([
    ...Object.entries({ ...fields, password: 'wrong' }),
    ['password', password],
  ])
  const answer = await person.request(action, { fields: sent })
  expect(answer.headers.get('countersign-error')).toMatch(/^sign_in_wrong;/)
})

async function stateOf(path: string): Promise<Record<string, unknown>> {
  const [row] = await world.sql<{ state: Record<string, unknown> }>`
    select state from flow where id = ${path.split('/')[2]}`
  return row?.state ?? {}
}
