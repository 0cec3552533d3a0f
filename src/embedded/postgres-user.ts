import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { EmbeddedError } from './embedded-error.ts'

/**
 * Who PostgreSQL runs as. It refuses to run as root, so root lends it an unprivileged user; anybody else runs
 * it as themselves.
 */
export type PostgresUser = {
  /** Set where it is somebody else than us: the folders PostgreSQL writes to must then be theirs. */
  owner?: { uid: number; gid: number }
  /** What to spawn so that `binary` runs as that user and ends when we do. */
  command(binary: string, args: string[]): { file: string; args: string[]; uid?: number; gid?: number }
}

/**
 * @param dataFolder PostgreSQL's own folder; where it exists, its owner stays the one who runs PostgreSQL
 * @param reached every path PostgreSQL must get to. As root these may lie behind closed folders (a clone in
 *   /root, a DATA_DIR of mode 0700): then it is given the one capability that walks through them.
 */
export function choosePostgresUser(dataFolder: string, reached: string[]): PostgresUser {
  const setpriv = findSetpriv()
  if (process.getuid?.() !== 0) {
    if (setpriv === undefined) return { command: (file, args) => ({ file, args }) }
    return { command: (binary, args) => ({ file: setpriv, args: ['--pdeathsig', 'INT', binary, ...args] }) }
  }

  const owner = ownerOf(dataFolder) ?? unprivilegedUser()
  if (setpriv === undefined) return { owner, command: (file, args) => ({ file, args, ...owner }) }
  const become = [
    '--reuid',
    `${owner.uid}`,
    '--regid',
    `${owner.gid}`,
    '--clear-groups',
    '--pdeathsig',
    'INT',
  ]
  const pass = reached.every((path) => canReach(path, owner)) ? [] : passClosedFolders()
  return {
    owner,
    command: (binary, args) => ({ file: setpriv, args: [...become, ...pass, binary, ...args] }),
  }
}

/**
 * An ambient capability survives the change of user. DAC_READ_SEARCH is the smaller one; containers often lack
 * it and have DAC_OVERRIDE. Without `no_setuid_fixup` access(2), by which PostgreSQL looks for its own files,
 * would not count it.
 */
function passClosedFolders(): string[] {
  const capability = hasCapability(2) ? 'dac_read_search' : 'dac_override'
  return [
    '--inh-caps',
    `+${capability}`,
    '--ambient-caps',
    `+${capability}`,
    '--securebits',
    '+no_setuid_fixup',
  ]
}

function hasCapability(bit: number): boolean {
  const permitted = /^CapPrm:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${permitted}`) >> BigInt(bit)) & 1n) === 1n
}

/** setpriv of util-linux (busybox's knows none of this). Where there is none, an orphan is stopped at the next start. */
function findSetpriv(): string | undefined {
  if (process.platform !== 'linux') return undefined
  for (const file of ['/usr/bin/setpriv', '/bin/setpriv']) {
    try {
      if (
        execFileSync(file, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).includes(
          'util-linux',
        )
      )
        return file
    } catch {
      // not there, or another setpriv
    }
  }
  return undefined
}

function ownerOf(folder: string): { uid: number; gid: number } | undefined {
  const { uid = 0, gid = 0 } = statSync(folder, { throwIfNoEntry: false }) ?? {}
  return uid === 0 ? undefined : { uid, gid }
}

/** initdb insists on a name for its user, so only those in the user database will do. */
function unprivilegedUser(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const name of ['countersign', 'postgres', 'nobody']) {
    const [, , uid, gid] = users.find((user) => user[0] === name) ?? []
    if (Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new EmbeddedError(
    'PostgreSQL refuses to run as root, and there is no unprivileged user (countersign, postgres or nobody) to run it as.',
    'Start Countersign as an ordinary user, or set DATABASE_URL.',
  )
}

/** May that user walk through every folder above the path? Judged by mode bits; where ACLs say otherwise, we err on "no". */
function canReach(path: string, user: { uid: number; gid: number }): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { uid, gid, mode } = statSync(folder)
    const search = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & search) === 0) return false
    if (folder === dirname(folder)) return true
  }
}
