import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { inject } from 'vitest'
import { packageRoot } from '../../src/package-root.ts'
import { migrate } from '../../src/storage/migrate.ts'

const migrations = `${packageRoot}migrations`

/**
 * Before `pg_catalog` in the search path stands a schema with a clock of the test's own: whatever asks
 * `statement_timestamp()` or `now()`, column defaults included, is told the moment that the test has set.
 */
const onTestClock = '-c search_path=public,test_clock,pg_catalog'

const testClock = [
  'create schema test_clock',
  'create table test_clock.clock (at timestamptz not null)',
  'insert into test_clock.clock values (pg_catalog.now())',
  ...['statement_timestamp', 'now'].map(
    (name) =>
      `create function test_clock.${name}() returns timestamptz language plpgsql stable as 'begin return (select at from test_clock.clock); end'`,
  ),
]

const clocks = { 'test clock': testClock, 'real clock': [] as string[] }
type Clock = keyof typeof clocks

/** What migrating sets on the role in its database; a copy of a template does not have it. */
const roleSettings = '-c lock_timeout=2s -c statement_timeout=30s'

export type TestDatabase = {
  connection: pg.ClientConfig
  /** As DATABASE_URL takes it, for a service of its own process; its clock is the real one where it was made empty. */
  url: string
  drop(): Promise<void>
}

/** A database with the schema as migrations leave it, and the test's clock in it. */
export async function migratedDatabase(): Promise<TestDatabase> {
  const template = await templateDatabase('test clock')
  const made = await makeDatabase(`template ${template}`)
  return { ...made, connection: { ...made.connection, options: `${onTestClock} ${roleSettings}` } }
}

/** The same on the real clock, for a service that finds nothing to migrate. */
export const migratedOnRealClock = async (): Promise<TestDatabase> =>
  makeDatabase(`template ${await templateDatabase('real clock')}`)

/** A database on the real clock, with nothing in it (for services that bring their own schema) or copied from another. */
export const emptyDatabase = (from?: TestDatabase): Promise<TestDatabase> =>
  makeDatabase(from === undefined ? '' : `template ${from.connection.database}`)

/**
 * An empty database for services of their own processes. Its clock runs as it does, and ahead by what stands in
 * `test_clock.ahead`: what they decide by the database's clock is then decided that much later.
 */
export async function databaseAhead(): Promise<TestDatabase> {
  const made = await emptyDatabase()
  const client = new pg.Client(made.connection)
  await client.connect()
  await client.query('create schema test_clock')
  await client.query('create table test_clock.ahead (by interval not null)')
  await client.query(`insert into test_clock.ahead values ('0')`)
  for (const name of ['statement_timestamp', 'now', 'clock_timestamp']) {
    await client.query(`
      create function test_clock.${name}() returns timestamptz language sql stable
      as 'select pg_catalog.${name}() + (select by from test_clock.ahead)'`)
  }
  await client.query(
    `alter database ${made.connection.database} set search_path = public, test_clock, pg_catalog`,
  )
  await client.end()
  return made
}

async function makeDatabase(from: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await asAdministrator((client) => client.query(`create database ${name} ${from}`))
  const connection = { ...inject('postgres'), database: name }
  return {
    connection,
    url: urlOf(connection),
    drop: () => asAdministrator((client) => dropDatabase(client, name)),
  }
}

/**
 * Ends our own connections to the database, and drops it. `with (force)` would also have to end an autovacuum that
 * happens to work in it, which it refuses ("permission denied to terminate process") to all but a superuser; a plain
 * `drop database` may, and waits up to five seconds for whoever is still there.
 */
export async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  await client.query(`alter database ${name} allow_connections false`)
  await client.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = user',
    [name],
  )
  await client.query(`drop database ${name}`)
}

const templateLock = 0x74656d70 // any constant: test files of one run make the template once

/** One template a schema: its name is a hash of the migrations, so that a server that outlives a run may keep it. */
async function templateDatabase(clock: Clock): Promise<string> {
  const hash = createHash('sha256')
  for (const file of readdirSync(migrations).sort()) hash.update(readFileSync(`${migrations}/${file}`))
  const name = `template_${hash.update(clocks[clock].join()).digest('hex').slice(0, 12)}`
  await asAdministrator(async (client) => {
    await client.query('select pg_advisory_lock($1)', [templateLock])
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name])
    if (rowCount === 1) return
    const draft = `${name}_draft`
    const { rowCount: left } = await client.query('select 1 from pg_database where datname = $1', [draft])
    if (left === 1) await dropDatabase(client, draft)
    await client.query(`create database ${draft}`)
    await fillTemplate({ ...inject('postgres'), database: draft }, clock)
    await client.query(`alter database ${draft} rename to ${name}`)
  })
  return name
}

async function fillTemplate(connection: pg.ClientConfig, clock: Clock): Promise<void> {
  const client = new pg.Client(connection)
  await client.connect()
  for (const text of clocks[clock]) await client.query(text)
  await client.end()
  await migrate(clock === 'test clock' ? { ...connection, options: onTestClock } : connection, migrations)
}

async function asAdministrator(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ ...inject('postgres'), database: 'postgres' })
  await client.connect()
  await work(client).finally(() => client.end())
}

function urlOf({ host, port, user, password, database }: pg.ClientConfig): string {
  const login = [user, password]
    .filter((part) => typeof part === 'string')
    .map(encodeURIComponent)
    .join(':')
  return `postgres://${login}@/${database}?host=${encodeURIComponent(host ?? '')}&port=${port}`
}
