import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { type Connection, connectClient } from './servers.ts'

/** Any constant: two processes that migrate one database wait for each other on it. */
const lockId = 0x434f554e

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
export async function migrate(connection: Connection, folder: string): Promise<string[]> {
  const files = await migrationFiles(folder)
  return connected(connection, async (client) => {
    if ((await pendingFiles(client, files)).length === 0 && (await unboundWaits(client)).length === 0)
      return []
    return connected(connection, (lock) =>
      withMigrationLock(lock, async () => {
        await unbounded(client, async () => {
          await client.query(
            'create table if not exists migration (name text primary key, run_at timestamptz not null default now())',
          )
          await boundWaits(client)
        })
        const pending = await pendingFiles(client, files)
        for (const name of pending) await runFile(client, join(folder, name), name)
        return pending
      }),
    )
  })
}

async function connected<Value>(
  connection: Connection,
  work: (client: pg.Client) => Promise<Value>,
): Promise<Value> {
  const client = await connectClient(connection)
  return work(client).finally(() => client.end())
}

/**
 * The lock belongs to a transaction on a connection of its own: one of a session would stay behind on a pooler's shared
 * connection. Waiting for another process to finish is bounded by nothing, whatever is set on the role.
 */
async function withMigrationLock<Value>(lock: pg.Client, work: () => Promise<Value>): Promise<Value> {
  await lock.query('begin')
  for (const name of Object.keys(roleSettings)) await lock.query(`set local ${name} = 0`)
  await lock.query('select pg_advisory_xact_lock($1)', [lockId])
  const value = await work()
  await lock.query('commit')
  return value
}

async function runFile(client: pg.Client, path: string, name: string): Promise<void> {
  const statements = (await readFile(path, 'utf8')).split(/;\s*$/m).filter((text) => /^\s*[^\s-]/m.test(text))
  try {
    await unbounded(client, async () => {
      for (const text of statements) await client.query(text)
      await client.query('insert into migration (name) values ($1)', [name])
    })
  } catch (fault) {
    if (fault instanceof Error) fault.message = `Migration ${name}: ${fault.message}`
    throw fault
  }
}

/** A transaction without the bound on a statement, which is for requests: an index on a large table takes longer. */
async function unbounded(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('begin')
  try {
    await client.query('set local statement_timeout = 0')
    await work()
    await client.query('commit')
  } catch (fault) {
    // On a connection that is lost the server rolls back by itself.
    await client.query('rollback').catch(() => undefined)
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

/** The table has the name and the columns that it had in every release, so that databases of all of them are known. */
async function pendingFiles(client: pg.Client, files: readonly string[]): Promise<string[]> {
  const { rows } = await client.query("select to_regclass('migration') is not null as present")
  if (!rows[0].present) return [...files]
  const done = await client.query<{ name: string }>('select name from migration')
  const names = new Set(done.rows.map((row) => row.name))
  return files.filter((name) => !names.has(name))
}

const migrationFiles = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort()
