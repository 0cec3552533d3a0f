import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { emptyDatabase, type TestDatabase } from '../../test/support/databases.ts'
import { packageRoot } from '../package-root.ts'
import { migrate } from './migrate.ts'

const folder = `${packageRoot}migrations`

async function place(from?: TestDatabase): Promise<TestDatabase> {
  const made = await emptyDatabase(from)
  onTestFinished(() => made.drop())
  return made
}

async function ask(connection: pg.ClientConfig, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection)
  await client.connect()
  const { rows } = await client.query(text).finally(() => client.end())
  return rows
}

const waits =
  "select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement"

test('each migration runs once, in the order of their numbers', async () => {
  const { connection } = await place()
  const ran = await migrate(connection, folder)
  expect(ran.length).toBeGreaterThan(0)
  expect(ran).toEqual(ran.toSorted())
  expect(await migrate(connection, folder)).toEqual([])
})

test('of processes that start at once, one migrates', async () => {
  const { connection } = await place()
  const ran = await Promise.all(Array.from({ length: 4 }, () => migrate(connection, folder)))
  expect(ran.filter((names) => names.length > 0)).toHaveLength(1)
})

test('waits for locks are bounded on the role, so that waiting cannot stretch a deadline', async () => {
  const { connection } = await place()
  await migrate(connection, folder)
  expect(await ask(connection, waits)).toEqual([{ lock: '2s', statement: '30s' }])
})

test('a copy of a database has these bounds too, from the first start on it', async () => {
  const original = await place()
  await migrate(original.connection, folder)
  const { connection } = await place(original)
  expect(await ask(connection, waits)).toEqual([{ lock: '0', statement: '0' }])
  expect(await migrate(connection, folder)).toEqual([])
  expect(await ask(connection, waits)).toEqual([{ lock: '2s', statement: '30s' }])
})

test('bounds that an operator has set are left as they are', async () => {
  const { connection } = await place()
  await migrate(connection, folder)
  await ask(connection, `alter role current_user in database ${connection.database} set lock_timeout = '1s'`)
  await migrate(connection, folder)
  expect(await ask(connection, waits)).toEqual([{ lock: '1s', statement: '30s' }])
})
