import { join } from 'node:path'
import pg from 'pg'
import { openEmbeddedPostgres } from '../src/embedded/embedded-postgres.ts'

/** The bundled PostgreSQL, with the settings that the product gives it, on a folder of its own. */
export type Postgres = AsyncDisposable & {
  pid: number
  version: string
  /** Makes an empty database. @returns the address that every contender gets */
  createDatabase(name: string): Promise<string>
  /** A connection of the server's owner, which may read and write files. */
  connect(database: string): Promise<Connection>
}

export type Connection = AsyncDisposable & {
  query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>
}

export async function startPostgres(folder: string): Promise<Postgres> {
  const server = await openEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    log: { info() {}, warn: console.error, error: console.error },
  })
  const { host, port, user } = server.connection
  const connect = async (database: string) => openConnection({ host, port, user: 'postgres', database })
  const version = async () => {
    await using owner = await connect('postgres')
    const [row] = await owner.query<{ version: string }>(
      `select current_setting('server_version') as version`,
    )
    return row?.version ?? ''
  }
  return {
    pid: server.pid,
    version: await version(),
    connect,
    async createDatabase(name) {
      await using owner = await connect('postgres')
      await owner.query(`create database ${name} owner ${user}`)
      return `postgres://${user}@/${name}?host=${encodeURIComponent(host)}&port=${port}`
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

async function openConnection(settings: pg.ClientConfig): Promise<Connection> {
  const client = new pg.Client(settings)
  await client.connect()
  return {
    async query<Row extends object>(text: string, values: unknown[] = []) {
      return (await client.query<Row & pg.QueryResultRow>(text, values)).rows as Row[]
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}
