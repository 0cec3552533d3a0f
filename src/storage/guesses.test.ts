import { afterAll, beforeAll, expect, test } from 'vitest'
import { migratedDatabase, type TestDatabase } from '../../test/support/databases.ts'
import { defaultPolicy } from '../core/policy.ts'
import { prepareGuessSql } from './guesses.ts'
import { type Database, openDatabase } from './sql.ts'

let place: TestDatabase
let database: Database
const guesses = prepareGuessSql(defaultPolicy.limits)

beforeAll(async () => {
  place = await migratedDatabase()
  const { connection } = place
  database = openDatabase({ connection, poolSize: 1, preparedStatements: true, onIdleFault: () => {} })
})
afterAll(async () => {
  await database.close()
  await place.drop()
})

const most = 10
const keyed = (kind: 'known_passwords' | 'strangers_passwords', name: string) => ({
  kind,
  key: Buffer.from(name),
})

test.each([1, 2])(
  'of guesses on %i key(s) ten are let through, however the statement is planned',
  async (count) => {
    const keys = Array.from({ length: count }, (_, nth) => keyed('known_passwords', `key ${count}.${nth}`))
    // PostgreSQL plans a prepared statement anew the first five times, and may then choose another plan.
    const taken = []
    for (let times = 0; times < 4 * most; times += 1) taken.push(await guesses.take(database.sql, keys))
    expect(taken.filter((guess) => guess !== 'limited')).toHaveLength(most)
    expect(taken.slice(most).every((guess) => guess === 'limited')).toBe(true)
  },
)

test('a guess that one key refuses costs nothing on the other', async () => {
  const [full, open] = [keyed('known_passwords', 'full'), keyed('strangers_passwords', 'open')]
  for (let times = 0; times < most; times += 1) await guesses.take(database.sql, [full])
  expect(await guesses.take(database.sql, [open, full])).toBe('limited')
  const rows = await database.sql`select 1 from rate_limit where key = ${open.key}`
  expect(rows).toHaveLength(0)
})

test('a guess that was right is given back, and takes no other with it', async () => {
  const keys = [keyed('known_passwords', 'right')]
  const before = await guesses.take(database.sql, keys)
  for (let times = 0; times < 3 * most; times += 1) {
    const guess = await guesses.take(database.sql, keys)
    if (guess === 'limited') throw new Error('A right guess counted.')
    await guesses.giveBack(database.sql, guess)
  }
  const [row] = await database.sql<{
    failures: Date[]
  }>`select failures from rate_limit where key = ${keys[0]!.key}`
  expect(before).not.toBe('limited')
  expect(row?.failures).toHaveLength(1)
})
