import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kindsUnder } from '../../src/core/activity/activity.ts'
import { minutes } from '../../src/core/time.ts'
import { readActivityPage } from '../../src/operations/activity/read-activity.ts'
import { newId, newTimeId } from '../../src/secrets/random.ts'
import { lockSignInBars } from '../../src/storage/account.ts'
import { insertActivity } from '../../src/storage/activity.ts'
import { insertSession } from '../../src/storage/session.ts'
import {
  knownPerson,
  livingSessions,
  type MadeAccount,
  makeAccount,
  password,
  signIn,
  signInByCode,
} from '../support/accounts.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld({ placeOf: (ip) => (ip.startsWith('203.0.113.') ? 'Lisbon, Portugal' : undefined) })
})
afterAll(() => world.close())

const newAccount = (): Promise<MadeAccount> => {
  nth += 1
  return makeAccount(world, `seen${nth}@example.org`)
}

/** The owner at home, and somebody else who has got in as well. */
async function twoSignedIn() {
  const account = await newAccount()
  const owner = await knownPerson(world, account)
  await signIn(owner, account.email)
  const home = owner.page.path
  const other = newPerson(world, { ip: '203.0.113.9' })
  await signInByCode(world, other, account.email)
  await world.advance(1)
  return { account, owner, home, other }
}

/** Presses the button of a form for what it says it does. */
async function doAt(person: Person, path: string, act: string): Promise<void> {
  await person.open(path)
  const { form } = person.form('form').fields
  const answer = await person.request(path, { fields: { form: form ?? '', act } })
  await person.follow(answer, path)
}

test('activity says what happened, where, by which browser, and leaves out nothing of it', async () => {
  const { owner, home } = await twoSignedIn()
  const words = wordsOf((await owner.open(`${home}/activity`)).text)
  expect(words).toContain('Signed in new browser')
  expect(words).toContain('Lisbon, Portugal · 203.0.113.9')
  expect(words).toContain('Proved by: password + code by email')
  expect(words).toMatch(/Code sent to \S*se••••@example\.org\S* used/)
  expect(words).toContain('network ⁦10.')
  expect(owner.page.headers.get('cache-control')).toContain('no-store')
})

test.for(['sign_ins', 'codes', 'changes'] as const)(
  'the filter %s shows its kinds and no others',
  async (filter) => {
    const { account, owner, home } = await twoSignedIn()
    for (const kind of kindsUnder(undefined)) {
      await insertActivity(world.sql, { subject: account.id, id: newTimeId(world.now), kind, detail: {} })
    }
    const words = wordsOf((await owner.open(`${home}/activity?filter=${filter}`)).text)
    expect(words.includes('Password changed')).toBe(filter === 'changes')
    expect(words.includes('Sign-in refused')).toBe(filter === 'sign_ins')
    expect(words.includes('A code was asked for and not sent')).toBe(filter === 'codes')
  },
)

test('a change names the item, or where that has no name what kind it was', async () => {
  const { account, owner, home } = await twoSignedIn()
  for (const detail of [
    { itemKind: 'totp' as const },
    { hint: 'no••••@example.org', itemKind: 'email' as const },
  ]) {
    await insertActivity(world.sql, {
      subject: account.id,
      id: newTimeId(world.now),
      kind: 'item_added',
      detail,
    })
  }
  const words = wordsOf((await owner.open(`${home}/activity?filter=changes`)).text)
  expect(words).toContain('Added to your security info: Code from an authenticator app')
  expect(words).toMatch(/Added to your security info: \S*no••••@example\.org/)
})

test('what another browser did can be disowned, what this one did can not', async () => {
  const { owner, home } = await twoSignedIn()
  const { text } = await owner.open(`${home}/activity`)
  const rows = text.split('<li>').filter((row) => row.includes('class="still"'))
  for (const row of rows) expect(row.includes('/not-me')).toBe(!row.includes('this browser'))
  expect(rows.filter((row) => row.includes('/not-me'))).toHaveLength(2)
})

test('looking at "this wasn\'t me" does nothing; saying it signs out every other browser and asks them for a code', async () => {
  const { account, owner, home, other } = await twoSignedIn()
  await owner.open(`${home}/activity`)
  const [path = ''] = /\/account\/[^"]+\/not-me/.exec(owner.page.text) ?? []
  for (const method of ['GET', 'HEAD']) await owner.request(path, { method })
  await owner.open(path)
  expect(await other.isSignedIn()).toBe(true)
  await owner.submit({ form: owner.form('form').fields.form ?? '' })
  expect(owner.page.path).toBe(`${home}/secure`)
  expect(await other.isSignedIn()).toBe(false)
  expect(await owner.isSignedIn()).toBe(true)
  await signIn(other, account.email)
  expect(other.page.forms.some((form) => 'item' in form.fields)).toBe(true)
  await signIn(owner, account.email)
  expect(owner.page.path).toBe(home)
})

test('the path after it leads to a new password, and knows when there is one', async () => {
  const { owner, home } = await twoSignedIn()
  expect((await owner.open(`${home}/secure`)).path).toBe(`${home}/activity`)
  const [path = ''] = /\/account\/[^"]+\/not-me/.exec(owner.page.text) ?? []
  await owner.open(path)
  await owner.submit({ form: owner.form('form').fields.form ?? '' })
  expect(wordsOf(owner.page.text)).toContain('2 steps are left')
  await insertActivity(world.sql, {
    subject: (await accountOf(owner)) ?? '',
    id: newTimeId(world.now),
    kind: 'password_changed',
    detail: {},
  })
  expect(wordsOf((await owner.open(`${home}/secure`)).text)).toContain('Your password has been changed')
})

test('a new password on that path comes back to it', async () => {
  const account = await newAccount()
  const owner = newPerson(world)
  await signInByCode(world, owner, account.email)
  const home = owner.page.path
  await signInByCode(world, newPerson(world), account.email)
  await owner.open(`${home}/activity`)
  const [path = ''] = /\/account\/[^"]+\/not-me/.exec(owner.page.text) ?? []
  await owner.open(path)
  await owner.submit({ form: owner.form('form').fields.form ?? '' })
  await owner.open(`${home}/password`)
  await owner.submit({ current: password, next: 'quite another one, 41 gulls' })
  expect(owner.page.path).toBe(`${home}/secure`)
  expect(wordsOf(owner.page.text)).toContain('Your password has been changed')
  expect(wordsOf(owner.page.text)).toContain('One step is left')
})

async function accountOf(person: Person): Promise<string | undefined> {
  const [row] = await world.sql<{ account_id: string }>`
    select account_id from session where browser = ${person.browser} and ended_at is null`
  return row?.account_id
}

test('an activity of another account is not found, and nothing is done about it', async () => {
  const [one, two] = [await twoSignedIn(), await twoSignedIn()]
  await one.owner.open(`${one.home}/activity`)
  const [path = ''] = /\/activity\/[^"]+\/not-me/.exec(one.owner.page.text) ?? []
  await two.owner.open(`${two.home}/activity`)
  expect((await two.owner.open(`${two.home}${path}`)).refusal).toBe('route_unknown')
  const { form } = (await two.owner.open(`${two.home}/sessions`)).forms[0]?.fields ?? {}
  const answer = await two.owner.request(`${two.home}${path}`, { fields: { form: form ?? '' } })
  expect(answer.status).toBe(404)
  expect(await one.other.isSignedIn()).toBe(true)
  expect(await two.other.isSignedIn()).toBe(true)
})

test('signed-in browsers are listed with what proved them; each can be ended, and then needs a code', async () => {
  const { account, owner, home, other } = await twoSignedIn()
  const words = wordsOf((await owner.open(`${home}/sessions`)).text)
  expect(words).toContain('Lisbon, Portugal')
  expect(words.match(/this browser/g)).toHaveLength(2)
  await owner.submit({ act: 'one' })
  expect(owner.page.path).toBe(`${home}/sessions?done=ended`)
  expect(await other.isSignedIn()).toBe(false)
  await signIn(other, account.email)
  expect(other.page.forms.some((form) => 'item' in form.fields)).toBe(true)
})

test.each(['everywhere', 'others'])(
  'a sign-in that ends at the same moment is signed out with %s',
  async (act) => {
    const { account, owner, home } = await twoSignedIn()
    let out: Promise<void> | undefined
    await world.deps.database.transaction(async (sql) => {
      await lockSignInBars(sql, account.id)
      await insertSession(sql, {
        accountId: account.id,
        id: newId(),
        secretHash: Buffer.alloc(32, 1),
        browser: Buffer.alloc(32, 2),
        kept: true,
        proofs: [],
        userAgent: undefined,
        ip: '203.0.113.9',
      })
      let isOut = false
      out = doAt(owner, `${home}/sessions`, act).finally(() => {
        isOut = true
      })
      await expect.poll(async () => isOut || (await waitingForLocks()) > 0).toBe(true)
    })
    await out
    expect(await livingSessions(world, account.id)).toBe(act === 'others' ? 1 : 0)
  },
)

async function waitingForLocks(): Promise<number> {
  const [row] = await world.sql<{ count: number }>`
    select count(*)::int as count from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()`
  return row?.count ?? 0
}

test('a session of another account cannot be ended', async () => {
  const [one, two] = [await twoSignedIn(), await twoSignedIn()]
  await two.owner.open(`${two.home}/sessions`)
  const theirs = two.owner.form('session').fields.session ?? ''
  await one.owner.open(`${one.home}/sessions`)
  await one.owner.submit({ act: 'one', session: theirs })
  expect(await two.other.isSignedIn()).toBe(true)
})

test('all others are signed out; everywhere means this browser too, and another account here stays', async () => {
  const { account, owner, home, other } = await twoSignedIn()
  const second = await newAccount()
  await signInByCode(world, owner, second.email)
  const secondHome = owner.page.path
  await doAt(owner, `${home}/sessions`, 'others')
  expect(await other.isSignedIn()).toBe(false)
  expect(await livingSessions(world, account.id)).toBe(1)
  await doAt(owner, `${home}/sessions`, 'everywhere')
  expect(await livingSessions(world, account.id)).toBe(0)
  expect((await owner.open(home)).path).toMatch(/^\/signin/)
  expect((await owner.open(secondHome)).path).toBe(secondHome)
})

test('a session that has run out is not listed', async () => {
  const { owner, home, other } = await twoSignedIn()
  await world.advance(minutes(60 * 24 * 13))
  await owner.open(home)
  await world.advance(minutes(60 * 24 * 2))
  expect(wordsOf((await owner.open(`${home}/sessions`)).text)).toContain('signed in nowhere else')
  expect(await other.isSignedIn()).toBe(false)
})

test('paging loses no row and doubles none, whatever is written meanwhile', async () => {
  const history = fc.array(fc.record({ ms: fc.nat(50), kind: fc.constantFrom(...kindsUnder(undefined)) }), {
    minLength: 60,
    maxLength: 130,
  })
  const meanwhile = fc.array(fc.nat(12), { minLength: 4, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(history, meanwhile, async (rows, written) => {
      const subject = newId()
      const insert = async (at: number, kind: (typeof rows)[number]['kind']) => {
        const id = newTimeId(at)
        await insertActivity(world.sql, { subject, id, kind, detail: { ip: '192.0.2.1' } })
        return id
      }
      const before = await Promise.all(rows.map(({ ms, kind }) => insert(world.now - ms, kind)))
      const read: string[] = []
      let cursor: string | undefined
      for (let page = 0; ; page += 1) {
        // Whoever writes does so while the page is read, with clocks a little behind or ahead.
        const writing = Array.from({ length: written[page % 4] ?? 0 }, (_, index) =>
          insert(world.now + 5 - index, 'signed_in'),
        )
        const { lines, older } = await readActivityPage(
          world.deps,
          subject,
          { filter: undefined, before: cursor, locale: 'en' },
          Buffer.alloc(32),
        )
        await Promise.all(writing)
        read.push(...lines.flatMap((line) => line.all.map(({ id }) => id)))
        if (older === undefined) break
        cursor = older
      }
      expect(new Set(read).size).toBe(read.length)
      expect(before.filter((id) => !read.includes(id))).toEqual([])
      expect(read).toEqual([...read].sort().reverse())
    }),
    { numRuns: 12 },
  )
}, 60_000)

test('activity is downloaded as CSV and as JSON once it has been proved who asks, and both hold every row', async () => {
  const { account, owner, home } = await twoSignedIn()
  await insertActivity(world.sql, {
    subject: account.id,
    id: newTimeId(world.now),
    kind: 'code_asked',
    detail: { ip: '192.0.2.1', hint: '=1••••@example.org', browser: '@SUM(A1)' },
  })
  const json = await owner.request(`${home}/activity.json`)
  expect(json.headers.get('content-disposition')).toBe('attachment; filename="activity.json"')
  expect(json.headers.get('cache-control')).toContain('no-store')
  const rows = (await json.json()) as Record<string, string>[]
  expect(rows.map((row) => row.what).sort()).toEqual(['code_asked', 'code_asked', 'signed_in', 'signed_in'])
  expect(rows.find((row) => row.proved_by === 'email_code password')).toMatchObject({
    place: 'Lisbon, Portugal',
    address: '203.0.113.9',
    network: '203.0.113.0/24',
  })
  const file = Buffer.from(await (await owner.request(`${home}/activity.csv`)).arrayBuffer())
  // By a byte order mark spreadsheets know that it is UTF-8.
  expect(file.subarray(0, 3).toString('hex')).toBe('efbbbf')
  const csv = file.subarray(3).toString('utf8')
  expect(csv.trimEnd().split('\r\n')).toHaveLength(rows.length + 1)
  expect(csv).toContain(`"'=1••••@example.org"`)
  expect(csv).toContain(`"'@SUM(A1)"`)
  await world.advance(minutes(11))
  const later = await owner.request(`${home}/activity.csv`)
  expect(later.headers.get('location')).toMatch(/\/stepup\?for=export_activity&return_to=.*activity\.csv$/)
})

test('an account with nothing to tell has an empty export', async () => {
  const { account, owner, home } = await twoSignedIn()
  await world.sql`delete from activity where subject = ${account.id}`
  expect(await (await owner.request(`${home}/activity.json`)).json()).toEqual([])
  expect(wordsOf((await owner.open(`${home}/activity`)).text)).toContain('Nothing here yet')
})

test('a cursor or an id that is none is read as the first page, and refused', async () => {
  const { owner, home } = await twoSignedIn()
  for (const cursor of ['x', "' or 1=1", newId().toUpperCase(), '']) {
    const page = await owner.open(`${home}/activity?before=${encodeURIComponent(cursor)}&filter=${cursor}`)
    expect(page.status).toBe(200)
  }
  expect((await owner.open(`${home}/activity/nothing/not-me`)).status).toBe(404)
})

test('the password of an account that is signed in nowhere still opens it', async () => {
  const { account, owner, home } = await twoSignedIn()
  await doAt(owner, `${home}/sessions`, 'everywhere')
  await signIn(owner, account.email)
  expect(owner.page.path).toBe(home)
})
