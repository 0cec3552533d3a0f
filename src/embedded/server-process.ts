import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Binaries } from './binaries.ts'
import { postgresEnvironment } from './cluster.ts'
import { EmbeddedError } from './embedded-error.ts'
import type { PostgresUser } from './postgres-user.ts'

export type EmbeddedLog = Record<'info' | 'warn' | 'error', (message: string) => void>

/** `ssl` stands there, or node-postgres would go by PGSSLMODE. */
export type Connection = { host: string; port: number; user: string; database: string; ssl: false }

export type Exit = { code: number | null; signal: NodeJS.Signals | null }

export type ServerProcess = {
  pid: number
  exited: Promise<Exit>
  /** The last thing it complained about, to be told when it ends before being ready. */
  lastComplaint(): string
  kill(signal: NodeJS.Signals): void
}

/** Recovering a large log after a crash takes this long at the very most on a slow disk. */
const startPatience = 120_000

/** Starts PostgreSQL in a process group of its own, so that a terminal's Ctrl-C does not end it before we have finished. */
export function spawnServer(
  binaries: Binaries,
  user: PostgresUser,
  args: string[],
  log: EmbeddedLog,
): ServerProcess {
  const { file, args: argv, ...ids } = user.command(binaries.postgres, args)
  const child = spawn(file, argv, {
    ...ids,
    env: postgresEnvironment,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    cwd: '/',
  })
  let lastComplaint = ''
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (/^(FATAL|PANIC|ERROR|setpriv):/.test(line)) lastComplaint = line
    logLine(line, log)
  })
  return {
    pid: child.pid ?? 0,
    exited: exitOf(child),
    lastComplaint: () => lastComplaint,
    kill: (signal) => child.kill(signal),
  }
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}

/** What a server says that was killed a moment ago and whose remains are still going away. */
export const leftover = /pre-existing shared memory|lock file .* already exists/

/** Our own probe knocking too early, and clients that a shutdown sends away: nothing is wrong. */
const expected = /the database system is|terminating connection due to administrator command/

/** PostgreSQL's chatter at every start and stop is of no use to whoever runs the service. */
function logLine(line: string, log: EmbeddedLog): void {
  if (leftover.test(line) || expected.test(line)) return
  if (/^(FATAL|PANIC): /.test(line)) log.error(line)
  else if (/terminated by signal|not properly shut down|corrupt|invalid page|checksum/.test(line))
    log.warn(line)
}

/** @throws EmbeddedError when the server ends before it accepts a connection */
export async function untilReady(server: ServerProcess, connection: Connection): Promise<void> {
  let ended: Exit | undefined
  void server.exited.then((exit) => {
    ended = exit
  })
  for (const deadline = performance.now() + startPatience; performance.now() < deadline; await sleep(8)) {
    if (ended) throw didNotStart(server, ended)
    if (await answers(connection)) return
  }
  throw new EmbeddedError(
    `PostgreSQL (process ${server.pid}) does not accept connections after ${startPatience / 1000} s.`,
    'Look whether its disk is very slow or full.',
  )
}

async function answers(connection: Connection): Promise<boolean> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 2000 })
  client.on('error', () => {}) // it may go away between our connecting and our leaving
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

function didNotStart(server: ServerProcess, { code, signal }: Exit): EmbeddedError {
  return new EmbeddedError(
    `PostgreSQL ended while starting (${signal ?? `status ${code}`}): ${server.lastComplaint() || 'it said nothing'}`,
    'Where the folder was made by another release, export with that one and import here.',
  )
}
