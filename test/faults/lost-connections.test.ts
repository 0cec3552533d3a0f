import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { openEmbeddedPostgres } from '../../src/embedded/embedded-postgres.ts'
import { openClockWatch } from '../../src/operations/running/clock-watch.ts'
import { readiness } from '../../src/operations/running/readiness.ts'
import { packageRoot } from '../../src/package-root.ts'
import { migrate } from '../../src/storage/migrate.ts'
import { type Database, isUnavailable, openDatabase, sqlState } from '../../src/storage/sql.ts'
import { temporaryFolder } from '../support/countersign.ts'
import { freeze, postmasterOf, serverProcesses } from './server-processes.ts'

async function openOwnDatabase() {
  const dataDir = join(temporaryFolder(), 'data')
  const server = await openEmbeddedPostgres({ dataDir, log: { info() {}, warn() {}, error() {} } })
  const database = openDatabase({
    connection: server.connection,
    poolSize,
    preparedStatements: true,
    onIdleFault: () => {},
  })
  onTestFinished(async () => {
    await database.close()
    await server.stop()
  })
  return { database, connection: server.connection, pid: () => postmasterOf(dataDir)! }
}

const poolSize = 4

/** As after a failover: every connection of the pool leads to a server that only reads, and new ones to one that writes. */
async function readOnlyFromNow({ sql }: Database): Promise<void> {
  const change = () => sql`select set_config('default_transaction_read_only', 'on', false), pg_sleep(0.2)`
  await Promise.all(Array.from({ length: poolSize }, change))
}

const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => undefined).catch((fault) => fault)

test('a connection that breaks in the middle of a transaction fails that transaction and nothing else', async () => {
  const { database } = await openOwnDatabase()
  const fault = await faultOf(
    database.transaction(async (sql) => {
      const [row] = await sql<{ pid: number }>`select pg_backend_pid() as pid`
      await database.sql`select pg_terminate_backend(${row?.pid})`
      // Between two statements of the transaction nobody waits for an answer on the connection.
      await sleep(100)
      await sql`select 1`
    }),
  )
  expect(isUnavailable(fault)).toBe(true)
  expect(await database.sql`select 1 as one`).toEqual([{ one: 1 }])
})

test('a PostgreSQL that no longer answers is given up after three seconds, within a transaction too', async () => {
  const { database, pid } = await openOwnDatabase()
  await Promise.all([1, 2, 3, 4].map(() => database.sql`select pg_sleep(0.1)`))
  const thaw = freeze(serverProcesses(pid()))
  onTestFinished(thaw)
  const began = performance.now()
  const faults = await Promise.all([
    faultOf(database.sql`select 1`),
    faultOf(database.transaction((sql) => sql`select 1`)),
    // More than the pool holds: these wait for a connection.
    ...[1, 2, 3, 4].map(() => faultOf(database.sql`select 2`)),
  ])
  const waited = performance.now() - began
  thaw()
  expect(faults.map(isUnavailable)).toEqual(faults.map(() => true))
  expect(waited).toBeLessThan(4000)
  expect(await database.sql`select 1 as one`).toEqual([{ one: 1 }])
})

test('after a failover one request meets the server that only reads, no other does', async () => {
  const { database } = await openOwnDatabase()
  const { sql } = database
  await sql`create table note (id int)`
  await readOnlyFromNow(database)
  const fault = await faultOf(sql`insert into note values (1)`)
  expect([sqlState(fault), isUnavailable(fault)]).toEqual(['25006', true])
  await Promise.all(Array.from({ length: 20 }, (_, id) => sql`insert into note values (${id})`))

  await readOnlyFromNow(database)
  const inside = await faultOf(database.transaction((own) => own`insert into note values (1)`))
  expect(sqlState(inside)).toBe('25006')
  await Promise.all(
    Array.from({ length: 20 }, (_, id) =>
      database.transaction((own) => own`insert into note values (${id})`),
    ),
  )
  expect(await sql`select count(*)::int as count from note`).toEqual([{ count: 40 }])
})

test('ready means that the database takes writes', async () => {
  const { database, connection } = await openOwnDatabase()
  await migrate(connection, `${packageRoot}migrations`)
  const clock = openClockWatch(database.sql, () => {})
  const ready = () => readiness(database.sql, clock)
  expect((await ready()).database).toMatchObject({ ok: true })
  await readOnlyFromNow(database)
  expect((await ready()).database).toEqual({
    ok: false,
    detail: 'takes no writes: it is a standby, or it is set to read only',
  })
  expect((await ready()).database).toMatchObject({ ok: true })
})
