import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedError } from './embedded-error.ts'
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts'

export type FolderLock = { release(): void }

/** Long enough to settle a race between starters, short enough that a refusal comes within a second. */
const patience = 400

/**
 * Lets one process at a time have the folder, without ever taking it from a living one.
 *
 * Each process that wants the folder puts down a mark named after itself (pid and start time), then looks who
 * else has one. Alone: the folder is its own. Since everybody marks before looking, of two at least one sees
 * the other, so two can't both have been alone. Among those who see each other the lowest pid stays and waits
 * to be alone; the others take their marks back and try again. Marks of dead processes are removed by anybody:
 * no living process can have that name, so nothing alive is ever taken away.
 *
 * It holds within one machine (one pid namespace): a folder shared between containers is not guarded by it.
 *
 * @throws EmbeddedError naming the pid of the process that has the folder, within a second
 */
export async function lockFolder(dataDir: string): Promise<FolderLock> {
  const folder = join(dataDir, 'lock')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const self = identify(process.pid)!
  const mark = join(folder, `${self.pid}-${self.startedAt}`)
  const deadline = performance.now() + patience
  let others: ProcessIdentity[] = []
  do {
    if (!putMark(mark)) throw taken(dataDir, process.pid)
    others = livingOthers(folder, self)
    while (
      others.length > 0 &&
      others.every((other) => other.pid > self.pid) &&
      performance.now() < deadline
    ) {
      await sleep(2)
      others = livingOthers(folder, self)
    }
    if (others.length === 0) return { release: () => rmSync(mark, { force: true }) }
    rmSync(mark, { force: true })
    await sleep(2 + Math.random() * 20)
  } while (performance.now() < deadline)
  throw taken(dataDir, others[0]!.pid)
}

/** @returns the process that has the folder, if one does */
export function folderHolder(dataDir: string): ProcessIdentity | undefined {
  try {
    return readdirSync(join(dataDir, 'lock')).map(parseMark).find(isAlive)
  } catch {
    return undefined
  }
}

function putMark(mark: string): boolean {
  try {
    writeFileSync(mark, '', { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function livingOthers(folder: string, self: ProcessIdentity): ProcessIdentity[] {
  const others = []
  for (const name of readdirSync(folder)) {
    const identity = parseMark(name)
    if (identity.pid === self.pid && identity.startedAt === self.startedAt) continue
    if (isAlive(identity)) others.push(identity)
    else rmSync(join(folder, name), { force: true })
  }
  return others
}

function parseMark(name: string): ProcessIdentity {
  const dash = name.indexOf('-')
  return { pid: Number(name.slice(0, dash)), startedAt: name.slice(dash + 1) }
}

function taken(dataDir: string, pid: number): EmbeddedError {
  return new EmbeddedError(
    `The folder ${dataDir} is in use by process ${pid}.`,
    'Stop that process, or set DATA_DIR to another folder.',
  )
}
