import { spawn } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { EmbeddedError } from './embedded-error.ts'
import type { PostgresUser } from './postgres-user.ts'

/** The role and the database that the service uses. Another role, `postgres`, owns the server and is not used. */
export const role = 'countersign'
export const database = 'countersign'

/**
 * Anybody who reaches the socket is trusted, since its folder is 0700: only the user who runs PostgreSQL, root
 * and we get there, and all of those can read the files beneath anyway. There is no TCP.
 */
const initdbOptions = [
  '--username=postgres',
  '--auth=trust',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--data-checksums',
  '--no-instructions',
]

/** Sorts after every 'postgres' but is no name PostgreSQL or we would ever use otherwise. */
const unfinished = 'postgres.unfinished-'

/**
 * Makes DATA_DIR/postgres where there is none. It is made under another name and renamed when complete, so
 * a folder of that name is always a whole one; what an interrupted try left is removed.
 */
export async function ensureCluster(dataDir: string, binaries: Binaries, user: PostgresUser): Promise<void> {
  for (const name of readdirSync(dataDir).filter((name) => name.startsWith(unfinished))) {
    rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 5 })
  }
  const final = join(dataDir, 'postgres')
  if (existsSync(join(final, 'PG_VERSION'))) return
  if (existsSync(final) && readdirSync(final).length > 0) {
    throw new EmbeddedError(
      `${final} exists but is not a PostgreSQL data folder.`,
      'Move it away, or set DATA_DIR to another folder.',
    )
  }

  const folder = join(dataDir, `${unfinished}${process.pid}`)
  mkdirSync(folder, { mode: 0o700 })
  if (user.owner) chownSync(folder, user.owner.uid, user.owner.gid)
  await runToEnd(user, binaries.initdb, [...initdbOptions, '-D', folder], '')
  await runToEnd(
    user,
    binaries.postgres,
    ['--single', '-D', folder, '-c', 'log_min_messages=fatal', 'postgres'],
    `create role ${role} login;\ncreate database ${database} owner ${role};\n`,
  )
  renameSync(folder, final)
  syncFolder(dataDir)
}

/** The environment PostgreSQL gets: nothing of ours, so that no PG* variable or locale changes what it does. */
export const postgresEnvironment = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' }

async function runToEnd(user: PostgresUser, binary: string, args: string[], input: string): Promise<void> {
  const { file, args: argv, ...ids } = user.command(binary, args)
  const child = spawn(file, argv, {
    ...ids,
    env: postgresEnvironment,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    cwd: '/',
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output += chunk
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.stdin.on('error', () => {}) // it ended without reading: its exit status tells why
  child.stdin.end(input)
  const status = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? String(code)))
  })
  if (status === '0' && !output.includes('ERROR:')) return
  throw new EmbeddedError(
    `PostgreSQL could not set up its folder (${status}): ${output.trim() || 'it said nothing'}`,
    'Check that the disk has room and that DATA_DIR is on a local file system, or set DATABASE_URL.',
  )
}

/** A rename is on disk only once its folder is. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
