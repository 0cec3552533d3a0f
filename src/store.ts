import type { Config } from './config.ts'
import { DatabaseUnusable, isOperators } from './database-unusable.ts'
import { describeFault, type Log } from './log.ts'
import { packageRoot } from './package-root.ts'
import { migrate, newestMigration } from './storage/migrate.ts'
import type { Connection } from './storage/servers.ts'
import { type Database, openDatabase } from './storage/sql.ts'

/** The database, the operator's or our own, with its schema up to date. */
export type Store = {
  database: Database
  connection: Connection
  /** The newest migration, which the database has by now. */
  schema: string
  /** Leaves word for commands of where people reach the service, where they can find it. */
  noteUrl(url: string): void
  /** Called where the embedded server has ended for good: nothing works any more. */
  onLost(listener: () => void): void
  close(): Promise<void>
}

/** For the service: runs the embedded PostgreSQL where no DATABASE_URL is set. */
export async function openStore(config: Config, log: Log): Promise<Store> {
  if (config.DATABASE_URL !== undefined) {
    return connect(config, config.DATABASE_URL, log).catch((fault) => {
      throw isOperators(fault) ? new DatabaseUnusable(fault) : fault
    })
  }
  const { openEmbeddedPostgres } = await import('./embedded/embedded-postgres.ts')
  const server = await openEmbeddedPostgres({ dataDir: config.DATA_DIR, log: embeddedLog(log) })
  const stopOnFault = async (fault: unknown): Promise<never> => {
    await server.stop()
    throw fault
  }
  const store = await connect(config, server.connection, log).catch(stopOnFault)
  return {
    ...store,
    noteUrl: server.noteUrl,
    onLost: (listener) => server.onExit((exit) => exit.restarting || listener()),
    async close() {
      await store.close()
      await server.stop()
    },
  }
}

/** For a command: the database of the service that runs on the folder, or else the folder itself for a moment. */
export async function openStoreForCommand(config: Config, log: Log): Promise<Store> {
  if (config.DATABASE_URL !== undefined) return openStore(config, log)
  const { connectToRunning } = await import('./embedded/running-note.ts')
  const running = connectToRunning(config.DATA_DIR)
  return running === undefined ? openStore(config, log) : connect(config, running, log)
}

/** Whether a service runs the embedded PostgreSQL in DATA_DIR at the moment. */
export async function isServing(config: Config): Promise<boolean> {
  if (config.DATABASE_URL !== undefined) return false
  const { connectToRunning } = await import('./embedded/running-note.ts')
  return connectToRunning(config.DATA_DIR) !== undefined
}

/** Where people reach the service that runs on DATA_DIR; undefined where none does, or the database is another. */
export async function urlOfService(config: Config): Promise<string | undefined> {
  if (config.DATABASE_URL !== undefined) return undefined
  const { urlOfRunning } = await import('./embedded/running-note.ts')
  return urlOfRunning(config.DATA_DIR)
}

const migrations = `${packageRoot}migrations`

/** The newest migration that this release has. */
export const newestSchema = (): Promise<string> => newestMigration(migrations)

async function connect(config: Config, connection: Connection, log: Log): Promise<Store> {
  const ran = await migrate(connection, migrations)
  if (ran.length > 0) log.info({ migrations: ran }, 'The schema was brought up to date.')
  const database = openDatabase({
    connection,
    poolSize: config.DATABASE_POOL,
    preparedStatements: config.DATABASE_PREPARED_STATEMENTS,
    onIdleFault: (fault) => log.warn({ err: describeFault(fault) }, 'A database connection was lost.'),
  })
  const schema = await newestSchema()
  return { database, connection, schema, noteUrl: () => {}, onLost: () => {}, close: () => database.close() }
}

const embeddedLog = (log: Log) => ({
  info: (message: string) => log.info(message),
  warn: (message: string) => log.warn(message),
  error: (message: string) => log.error(message),
})
