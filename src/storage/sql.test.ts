import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyDatabase, type TestDatabase } from '../../test/support/databases.ts'
import { type Database, isUnavailable, openDatabase, sqlState } from './sql.ts'

let place: TestDatabase
let database: Database

beforeAll(async () => {
  place = await emptyDatabase()
  const { connection } = place
  database = openDatabase({ connection, poolSize: 1, preparedStatements: true, onIdleFault: () => {} })
})
afterAll(async () => {
  await database.close()
  await place.drop()
})

const backend = async (): Promise<number | undefined> =>
  (await database.sql<{ pid: number }>`select pg_backend_pid() as pid`)[0]?.pid

test('a statement that the database declines costs no connection: limits decline all day long', async () => {
  const before = await backend()
  for (let times = 0; times < 3; times += 1) {
    await expect(database.sql`select 1 / ${0}::int`).rejects.toSatisfy((fault) => sqlState(fault) === '22012')
  }
  expect(await backend()).toBe(before)
})

test('a connection that the server has ended is replaced by another', async () => {
  const before = await backend()
  await expect(database.sql`select pg_terminate_backend(pg_backend_pid())`).rejects.toThrow()
  expect(await backend()).not.toBe(before)
})

test('a statement whose result has changed its shape fails once, not for ever', async () => {
  await database.sql`create table shape (id int)`
  const read = () => database.sql`select * from shape`
  await read()
  await database.sql`alter table shape add column name text`
  await expect(read()).rejects.toSatisfy((fault) => sqlState(fault) === '0A000' && isUnavailable(fault))
  expect(await read()).toEqual([])
})

test('statements name their columns, so that a migration changes no result', () => {
  const files = readdirSync(import.meta.dirname).filter(
    (name) => name.endsWith('.ts') && !name.includes('.test.'),
  )
  expect(files.length).toBeGreaterThan(10)
  // What a function returns stands in the statement, and what is inserted is not returned.
  const fixed = /select \* from (unnest|json_to_recordset|jsonb_populate_record)\(/g
  for (const name of files) {
    const text = readFileSync(`${import.meta.dirname}/${name}`, 'utf8').replaceAll(fixed, '')
    expect(text.match(/.*(\b(select|returning)\s+|\b\w+\.)\*.*/g), name).toBeNull()
  }
})
