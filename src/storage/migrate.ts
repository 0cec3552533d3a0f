import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'

const lockId = 0x434f554e // any constant: two processes that migrate one database wait for each other on it

/** How long a statement waits for a lock, so that waiting cannot stretch a code's deadline; and other bounds. */
const roleSettings = {
  lock_timeout: '2s',
  statement_timeout: '30s',
  idle_in_transaction_session_timeout: '15s',
}

/** The schema's version: the number of the newest migration file. */
export async function newestMigration(folder: string): Promise<string> {
  return (await migrationFiles(folder)).at(-1) ?? ''
}

/**
 * Brings the schema up to date, one process at a time. Each file runs whole or not at all, a statement a query, as
 * Citus asks.
 *
 * @returns the names of the files that ran
 */
export async function migrate(connection: pg.ClientConfig, folder: string): Promise<string[]> {
  const client = new pg.Client(connection)
  // What broke is told by the statement that then fails.
  client.on('error', () => {})
  await client.connect()
  try {
    if ((await isUpToDate(client, folder)) && (await unboundWaits(client)).length === 0) return []
    await client.query('select pg_advisory_lock($1)', [lockId])
    const { Umzug } = await import('umzug')
    const umzug = new Umzug({
      migrations: (await migrationFiles(folder)).map((name) => ({
        name,
        up: () => runFile(client, join(folder, name), name),
      })),
      storage: {
        executed: () => executed(client),
        logMigration: async () => {},
        unlogMigration: async () => {},
      },
      logger: undefined,
    })
    await client.query(
      'create table if not exists migration (name text primary key, run_at timestamptz not null default now())',
    )
    await boundWaits(client)
    return (await umzug.up()).map((done) => done.name)
  } finally {
    await client.end()
  }
}

async function runFile(client: pg.Client, path: string, name: string): Promise<void> {
  const statements = (await readFile(path, 'utf8')).split(/;\s*$/m).filter((text) => /^\s*[^\s-]/m.test(text))
  await client.query('begin')
  try {
    for (const text of statements) await client.query(text)
    await client.query('insert into migration (name) values ($1)', [name])
    await client.query('commit')
  } catch (fault) {
    await client.query('rollback')
    throw fault
  }
}

/** A copied or restored database comes without what was set on its role; what an operator has set stays as it is. */
async function boundWaits(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    'select quote_ident(current_user) as role, quote_ident(current_database()) as db',
  )
  for (const [name, value] of await unboundWaits(client)) {
    await client.query(`alter role ${rows[0].role} in database ${rows[0].db} set ${name} = '${value}'`)
  }
}

async function unboundWaits(client: pg.Client): Promise<[string, string][]> {
  const { rows } = await client.query<{ name: string }>(
    "select name from pg_settings where name = any($1) and setting = '0'",
    [Object.keys(roleSettings)],
  )
  const unbound = new Set(rows.map((row) => row.name))
  return Object.entries(roleSettings).filter(([name]) => unbound.has(name))
}

async function isUpToDate(client: pg.Client, folder: string): Promise<boolean> {
  const { rows } = await client.query("select to_regclass('migration') is not null as present")
  if (!rows[0].present) return false
  const done = new Set(await executed(client))
  return (await migrationFiles(folder)).every((name) => done.has(name))
}

async function executed(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('select name from migration order by name')
  return rows.map((row) => row.name)
}

const migrationFiles = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort()
