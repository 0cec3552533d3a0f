import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { choosePostgresUser, type PostgresUser } from '../../src/embedded/postgres-user.ts'
import { type ServerProcess, spawnServer, untilReady } from '../../src/embedded/server-process.ts'
import { freePort } from './countersign.ts'
import { requirement } from './requirements.ts'

/** A private PostgreSQL 15, the oldest that is supported, over TCP as an operator's would be. */
export type Postgres15 = {
  dataFolder: string
  connection: { host: string; port: number; user: string; database: string; ssl: false }
  /** Writes into the data folder, as the user whom it belongs to. */
  write(name: string, content: string): void
  /** Adds to postgresql.auto.conf, for the next start. */
  set(setting: string): void
  start(): Promise<void>
  /** SIGINT waits until a standby has everything, SIGQUIT for nothing. */
  stop(signal?: 'SIGINT' | 'SIGQUIT'): Promise<void>
  query(text: string): Promise<Record<string, unknown>[]>
}

/** Not started yet. @param primary whose copy and standby it is */
export async function makePostgres15(folder: string, primary?: Postgres15): Promise<Postgres15> {
  chmodSync(folder, 0o711)
  const bin = dirname(requirement('postgresql-15')!)
  const binaries = { folder: bin, initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  const port = await freePort()
  const dataFolder = join(folder, `data-${port}`)
  const user = choosePostgresUser(primary?.dataFolder ?? dataFolder, [dataFolder, binaries.postgres])
  mkdirSync(dataFolder, { mode: 0o700 })
  if (user.owner) chownSync(dataFolder, user.owner.uid, user.owner.gid)
  if (primary === undefined) {
    const words = ['-U', 'countersign', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
    run(user, binaries.initdb, ['-D', dataFolder, ...words])
  } else {
    const from = ['-h', '127.0.0.1', '-p', String(primary.connection.port), '-U', primary.connection.user]
    run(user, join(bin, 'pg_basebackup'), [...from, '-D', dataFolder, '-R', '-c', 'fast', '--no-sync'])
  }

  const connection = {
    host: '127.0.0.1',
    port,
    user: 'countersign',
    database: 'postgres',
    ssl: false as const,
  }
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${dataFolder}`]
  const log = { info() {}, warn() {}, error: console.error }
  let server: ServerProcess | undefined
  return {
    dataFolder,
    connection,
    write(name, content) {
      const path = join(dataFolder, name)
      writeFileSync(path, content, { mode: 0o600 })
      if (user.owner) chownSync(path, user.owner.uid, user.owner.gid)
    },
    set: (setting) => appendFileSync(join(dataFolder, 'postgresql.auto.conf'), `${setting}\n`),
    async start() {
      server = spawnServer(binaries, user, ['-D', dataFolder, '-p', String(port), ...settings], log)
      await untilReady(server, connection)
    },
    async stop(signal = 'SIGINT') {
      server?.kill(signal)
      await server?.exited
      server = undefined
    },
    async query(text) {
      const client = new pg.Client(connection)
      await client.connect()
      const { rows } = await client.query(text).finally(() => client.end())
      return rows
    },
  }
}

function run(user: PostgresUser, binary: string, words: string[]): void {
  const { file, args, ...ids } = user.command(binary, words)
  execFileSync(file, args, { ...ids, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
}
