import { afterAll, beforeAll, expect, test } from 'vitest'
import { minutes } from '../../src/core/time.ts'
import { newId } from '../../src/secrets/random.ts'
import type { Sql } from '../../src/storage/sql.ts'
import { makeAccount, password } from '../support/accounts.ts'
import { newPerson, type Person } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

/**
 * Nobody learns who has an account (S18): whatever is asked about a name, the answer, what is stored and the work are
 * those of a name that nobody has. How long it takes is measured elsewhere; that it is the same work is seen here.
 */
let world: World
let statements: string[] = []
let nth = 0

beforeAll(async () => {
  world = await openWorld()
  watchStatements()
})
afterAll(() => world.close())

/** Notes the texts of the statements that are run, in their order. */
function watchStatements(): void {
  const { database } = world.deps
  const watched = (sql: Sql): Sql => {
    const run: Sql['run'] = (statement, values) => {
      statements.push(statement.name)
      return sql.run(statement, values)
    }
    const tag = (strings: TemplateStringsArray, ...values: unknown[]) => {
      statements.push(strings.join('?'))
      return sql(strings, ...values)
    }
    return Object.assign(tag, { run }) as Sql
  }
  const { sql, transaction } = database
  database.sql = watched(sql)
  database.transaction = (work) => transaction((held) => work(watched(held)))
}

/** What one answer tells, with what is random or was typed taken out of it. */
type ActivityOwner = {
  status: number
  headers: string[]
  cookies: string[]
  body: string
  bytes: number
  stored: object
  work: string[]
}

/** Names of one length, one with an account and one without. */
async function twoNames(): Promise<{ known: string; unknown: string; id: string }> {
  nth += 1
  const number = String(nth).padStart(3, '0')
  const known = `owner${number}@example.org`
  const { id } = await makeAccount(world, known)
  return { known, unknown: `other${number}@example.org`, id }
}

type Step = (person: Person, name: string) => Promise<Response>

/** Has the same done for both names, and compares every answer on the way. */
async function compare(known: string, unknown: string, steps: Step[]): Promise<void> {
  const [first, second] = [newPerson(world), newPerson(world)]
  for (const [index, step] of steps.entries()) {
    const one = await toldBy(first, known, step)
    const two = await toldBy(second, unknown, step)
    expect(one, `step ${index + 1}`).toEqual(two)
  }
}

async function toldBy(person: Person, name: string, step: Step): Promise<ActivityOwner> {
  await world.carried()
  const before = await rowCounts()
  statements = []
  const answer = await step(person, name)
  const work = [...statements]
  const text = await answer.clone().text()
  await person.follow(answer, person.cookies.size === 0 ? '/' : '/x')
  const headers = [...answer.headers]
    .filter(([header]) => header !== 'set-cookie')
    .map(([header, value]) => `${header}: ${calm(value, name)}`)
  await world.carried()
  const after = await rowCounts()
  return {
    status: answer.status,
    headers,
    cookies: answer.headers.getSetCookie().map((line) => `${calm(line, name)} (${line.length})`),
    body: calm(text, name),
    bytes: text.length,
    stored: Object.fromEntries(
      Object.entries(after).map(([table, count]) => [table, count - (before[table] ?? 0)]),
    ),
    work,
  }
}

/** Everything that is random, or that was typed, as one word. */
const calm = (text: string, name: string): string =>
  text
    .replaceAll(name, 'NAME')
    .replaceAll(encodeURIComponent(name), 'NAME')
    .replaceAll(`${name.slice(0, 2)}••••@example.org`, 'HINT')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, 'TOKEN')
    .replace(/\b[2-8a-fhjkmnp-tv-z]{3}-[2-8a-fhjkmnp-tv-z]{2}\b/g, 'REF-00')

async function rowCounts(): Promise<Record<string, number>> {
  const [row] = await world.sql<Record<string, number>>`
    select (select count(*)::int from flow) as flow, (select count(*)::int from verification) as verification,
      (select count(*)::int from message) as message, (select count(*)::int from activity) as activity,
      (select count(*)::int from delivery_event) as delivery_event, (select count(*)::int from rate_limit) as rate_limit,
      (select count(*)::int from session) as session, (select count(*)::int from known_browser) as known_browser`
  return row ?? {}
}

const open =
  (path: string): Step =>
  (person) =>
    person.request(path)
/** Sends a form of the page that the person is at. */
const send =
  (fields: (name: string, person: Person) => Record<string, string>): Step =>
  (person, name) => {
    const typed = fields(name, person)
    const form = person.page.forms.find(
      (candidate) =>
        Object.keys(typed).every((field) => field in candidate.fields) &&
        (typed.act === undefined || candidate.fields.act === typed.act),
    )
    if (form === undefined) throw new Error(`No form for ${Object.keys(typed)}`)
    return person.request(form.action, { fields: { ...form.fields, ...typed } })
  }
const name = send((typed) => ({ username: typed }))
const wrongPassword = send(() => ({ password: 'not the password' }))
const chosen = send((_, person) => ({ item: person.form('item').fields.item ?? '' }))
const tenWrong = Array.from({ length: 10 }, () => wrongPassword)
const guarded = [open('/signin'), name, ...tenWrong, wrongPassword, chosen]
const wrongCode = send(() => ({ code: '00000000' }))

test.for([
  ['beginning to sign in', [open('/signin'), name, open('/signin')]],
  ['a wrong password', [open('/signin'), name, wrongPassword]],
  ['an empty password', [open('/signin'), name, send(() => ({ password: '' }))]],
  ['a very long password', [open('/signin'), name, send(() => ({ password: 'long '.repeat(1500) }))]],
  ['a code in the password box', [open('/signin'), name, send(() => ({ password: '123 456' }))]],
  ['too many wrong passwords', [open('/signin'), name, ...tenWrong, wrongPassword]],
  ['a contact that is not on the list', [...guarded.slice(0, -1), send(() => ({ item: 'another' }))]],
  ['the hidden part, right', [...guarded, send((typed) => ({ address: typed })), wrongCode, wrongCode]],
  [
    'the hidden part, only before the @',
    [...guarded, send((typed) => ({ address: typed.split('@')[0]! })), wrongCode],
  ],
  ['the hidden part, wrong', [...guarded, send((typed) => ({ address: `x${typed.slice(1)}` })), wrongCode]],
  ['the hidden part, no address at all', [...guarded, send(() => ({ address: 'x y\0z' })), wrongCode]],
  [
    'every try of a code',
    [...guarded, send((typed) => ({ address: typed })), ...Array.from({ length: 7 }, () => wrongCode)],
  ],
  [
    'asking again at once, and for another way',
    [
      ...guarded,
      send((typed) => ({ address: typed })),
      send(() => ({ act: 'resend' })),
      send(() => ({ act: 'other' })),
      chosen,
    ],
  ],
] as const)('%s says the same of a name with an account and of one without', async ([, steps]) => {
  const { known, unknown } = await twoNames()
  await compare(known, unknown, [...steps])
})

test.for([
  [
    'several contacts',
    (id: string) => world.sql`
    insert into security_info (account_id, id, kind, address, proven_at)
    values (${id}, ${newId()}, 'email', 'second@example.com', statement_timestamp())`,
  ],
  [
    'a name that is no contact of it',
    (id: string) => world.sql`
    update security_info set address = 'elsewhere@example.com' where account_id = ${id}`,
  ],
] as const)('an account with %s shows before the password what any name shows', async ([, change]) => {
  const { known, unknown, id } = await twoNames()
  await change(id)
  await compare(known, unknown, [...guarded, send((typed) => ({ address: typed.toUpperCase() })), wrongCode])
  await compare(known, unknown, [
    ...[open('/signin'), name, wrongPassword, chosen],
    send((typed) => ({ address: `stranger-${typed}` })),
    wrongCode,
  ])
})

test('a contact that is closed to strangers looks like any other, and like that of a name without an account', async () => {
  const { known, unknown } = await twoNames()
  const right = send((typed) => ({ address: typed }))
  await compare(known, unknown, [...guarded, right, wrongCode])
  await world.sql`
    update rate_limit set failures = array(select statement_timestamp() from generate_series(1, 100))
    where kind = 'item_codes'`
  const again = [open('/signin'), name, wrongPassword, chosen, right]
  await compare(known, unknown, [...again, ...Array.from({ length: 6 }, () => wrongCode)])
})

test('while guesses are used up a right password sends to any contact typed in full', async () => {
  const { known, unknown, id } = await twoNames()
  const other = `second-${known}`
  await world.sql`
    insert into security_info (account_id, id, kind, address, proven_at)
    values (${id}, ${newId()}, 'email', ${other}, statement_timestamp())`
  const inFull = send((typed) => ({ address: `second-${typed}` }))
  await compare(known, unknown, [...guarded, inFull, wrongCode])
  expect(await world.inbox(other)).toHaveLength(0)
  const person = newPerson(world)
  const rightPassword = send(() => ({ password }))
  for (const step of [open('/signin'), name, rightPassword, chosen, inFull]) await toldBy(person, known, step)
  const page = await person.submit({ code: await world.readCode(other) })
  expect(page.path).toMatch(/^\/account\//)
})

test('while guesses are used up a right password takes the same work as a wrong one', async () => {
  const { known } = await twoNames()
  const people = [newPerson(world), newPerson(world)]
  const stranger = newPerson(world)
  for (const step of guarded) await toldBy(stranger, known, step)
  const right = send((typed) => ({ address: typed }))
  const ways = [send(() => ({ password })), wrongPassword].map((typed) => [
    ...[open('/signin'), name, typed, chosen, right],
    wrongCode,
    send(() => ({ act: 'resend' })),
  ])
  for (const nth of ways[0]!.keys()) {
    const [one, two] = [
      await toldBy(people[0]!, known, ways[0]![nth]!),
      await toldBy(people[1]!, known, ways[1]![nth]!),
    ]
    expect({ ...one, stored: { ...one.stored, delivery_event: 0 } }, `step ${nth}`).toEqual({
      ...two,
      stored: { ...two.stored, delivery_event: 0 },
    })
  }
})

test('asking for the code again, later, says the same', async () => {
  const { known, unknown } = await twoNames()
  const people = [newPerson(world), newPerson(world)]
  const again: ActivityOwner[][] = []
  for (const [index, typed] of [known, unknown].entries()) {
    for (const step of [...guarded, send((address) => ({ address }))]) {
      await toldBy(people[index]!, typed, step)
    }
  }
  for (const wait of [1, 1, 2, 2, 5]) {
    await world.advance(minutes(wait))
    const both = []
    for (const [index, typed] of [known, unknown].entries()) {
      both.push(
        await toldBy(
          people[index]!,
          typed,
          send(() => ({ act: 'resend' })),
        ),
      )
    }
    again.push(both)
  }
  for (const [one, two] of again) expect(one).toEqual(two)
})

test('the news of a page that waits before the password are the same, and there are none', async () => {
  const { known, unknown } = await twoNames()
  const streams = await Promise.all(
    [known, unknown].map(async (typed) => {
      const person = newPerson(world)
      for (const step of [...guarded, send((address) => ({ address }))]) await toldBy(person, typed, step)
      return /data-[\w-]*="([^"]*\/news\?seen=[^"]*)"/.exec(person.page.text)?.[1]?.replace(/^.*\?/, '')
    }),
  )
  expect(streams[0]).toBe('seen=calm')
  expect(streams[1]).toBe(streams[0])
})

test('how often codes can be asked for is the same, by any number of browsers', async () => {
  const { known, unknown } = await twoNames()
  const told: string[][] = []
  for (const typed of [known, unknown]) {
    const answers: string[] = []
    for (let times = 0; times < 7; times += 1) {
      const person = newPerson(world)
      for (const step of times === 0 ? guarded : [open('/signin'), name, wrongPassword, chosen]) {
        await toldBy(person, typed, step)
      }
      const last = await toldBy(
        person,
        typed,
        send((address) => ({ address })),
      )
      answers.push(`${last.status} ${last.headers.find((line) => line.startsWith('countersign-error'))}`)
    }
    told.push(answers)
  }
  expect(told[0]).toEqual(told[1])
  expect(told.flat().join()).not.toContain('sends_limit')
})

test('signing up with a name that has an account says the same, at every try of a code and after', async () => {
  const { known, unknown } = await twoNames()
  const wrong = send(() => ({ code: '000000' }))
  await compare(known, unknown, [
    open('/signup'),
    send((email) => ({ email })),
    wrong,
    send(() => ({ act: 'resend' })),
    ...Array.from({ length: 5 }, () => wrong),
  ])
})

test('how often a sign-up can be begun is the same', async () => {
  const { known, unknown } = await twoNames()
  for (let times = 0; times < 7; times += 1) {
    await compare(known, unknown, [open('/signup'), send((email) => ({ email }))])
  }
})

test('a name without an account shows the same hint each time', async () => {
  const hints: (string | undefined)[] = []
  for (let times = 0; times < 3; times += 1) {
    const person = newPerson(world)
    for (const step of times === 0 ? guarded.slice(0, -1) : [open('/signin'), name, wrongPassword]) {
      await toldBy(person, 'steady@example.org', step)
    }
    const choice = person.page.forms.find((form) => 'item' in form.fields)?.fields.item ?? ''
    hints.push(`${choice} ${/st••••@example\.org/.exec(person.page.text)?.[0]}`)
  }
  expect(hints[1]).toMatch(/^[0-9a-f-]{36} st••••@example\.org$/)
  expect(hints[2]).toBe(hints[1])
})
