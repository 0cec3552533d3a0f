import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** A folder of migrations of the test's own. */
function migrationsOf(files: Record<string, string>): string {
  const made = mkdtempSync(join(tmpdir(), 'countersign-migrations-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text)
  return made
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

test('who waits for a migration outlasts the bound on waiting for locks', async () => {
  const { connection } = await place()
  const slow = migrationsOf({ '0001_slow.sql': 'select pg_sleep(0.5);\ncreate table slow (id int);\n' })
  await ask(
    connection,
    `alter role current_user in database ${connection.database} set lock_timeout = '100ms'`,
  )
  const ran = await Promise.all([1, 2, 3].map(() => migrate(connection, slow)))
  expect(ran.flat()).toEqual(['0001_slow.sql'])
})

test('a migration may take longer than the bound on a statement of a request', async () => {
  const { connection } = await place()
  const slow = migrationsOf({ '0001_slow.sql': 'select pg_sleep(1.2);\n' })
  await ask(
    connection,
    `alter role current_user in database ${connection.database} set statement_timeout = '1s'`,
  )
  expect(await migrate(connection, slow)).toEqual(['0001_slow.sql'])
})

test('a migration that fails leaves nothing, and those before it stay', async () => {
  const { connection } = await place()
  const files = {
    '0001_first.sql': 'create table first (id int);\n',
    '0002_second.sql': 'create table second (id int);\nselect 1 / 0;\n',
  }
  await expect(migrate(connection, migrationsOf(files))).rejects.toThrow('division by zero')
  const present = "select to_regclass('first') as first, to_regclass('second') as second"
  expect(await ask(connection, present)).toEqual([{ first: 'first', second: null }])
  const mended = { ...files, '0002_second.sql': 'create table second (id int);\n' }
  expect(await migrate(connection, migrationsOf(mended))).toEqual(['0002_second.sql'])
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
