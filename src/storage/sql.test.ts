import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyDatabase, type TestDatabase } from '../../test/support/databases.ts'
import { type Database, openDatabase, sqlState } from './sql.ts'

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
