import { spawn } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { userInfo } from 'node:os'
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

const unfinished = 'postgres.unfinished-'

/**
 * Makes DATA_DIR/postgres where there is none. It is made under another name and renamed when complete, so
 * a folder of that name is always a whole one.
 */
export async function ensureCluster(dataDir: string, binaries: Binaries, user: PostgresUser): Promise<void> {
  removeUnfinished(dataDir)
  const final = join(dataDir, 'postgres')
  if (existsSync(join(final, 'PG_VERSION'))) return
  if (existsSync(final) && readdirSync(final).length > 0) {
    throw new EmbeddedError(
      `${final} exists but is not a PostgreSQL data folder.`,
      'Move it away, or set DATA_DIR to another folder.',
    )
  }

  if (!user.owner) assertNamed()
  const folder = mkdtempSync(join(dataDir, unfinished))
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

/** initdb looks for its user in /etc/passwd, where a container that is run under any id has none. */
function assertNamed(): void {
  try {
    userInfo()
  } catch {
    throw new EmbeddedError(
      `PostgreSQL needs a user with a name, and the user id ${process.getuid?.()} has none in /etc/passwd.`,
      'Start Countersign as a user that stands there, or set DATABASE_URL.',
    )
  }
}

/**
 * An initdb whose parent was killed in the very moment it began does not notice and goes on for a second. It
 * can't hurt, as each try has a folder of its own; what can't be removed now is removed at a later start.
 */
function removeUnfinished(dataDir: string): void {
  for (const name of readdirSync(dataDir).filter((name) => name.startsWith(unfinished))) {
    try {
      rmSync(join(dataDir, name), { recursive: true, force: true })
    } catch {
      // still being written to
    }
  }
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
