import { readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedError } from './embedded-error.ts'
import { commandLine, identify, isAlive, isZombie } from './process-identity.ts'

/**
 * Stops a PostgreSQL that an earlier process of ours left behind in this folder (it was killed outright, and
 * there is no setpriv). Called by whoever holds the folder's lock, so any server found here is an orphan.
 */
export async function stopOrphan(dataFolder: string): Promise<void> {
  const pidFile = join(dataFolder, 'postmaster.pid')
  const pid = readPid(pidFile)
  if (pid === undefined) return

  if (!isServerOf(pid, dataFolder)) {
    // PostgreSQL itself deals with a pid that is gone. It gives up on a zombie that nobody reaps (a container
    // without an init) and on a pid that now belongs to another program, and neither of them is a server.
    if (isZombie(pid) || identify(pid)) rmSync(pidFile, { force: true })
    return
  }

  const server = identify(pid)
  if (server === undefined) return
  // Fast shutdown first; SIGQUIT gives up at once and recovers from the log at the next start.
  for (const [signal, patience] of [
    ['SIGINT', 1500],
    ['SIGQUIT', 1000],
    ['SIGKILL', 500],
  ] as const) {
    kill(pid, signal)
    for (const deadline = performance.now() + patience; performance.now() < deadline; await sleep(10)) {
      if (!isAlive(server)) return rmIfZombie(pid, pidFile)
    }
  }
  throw new EmbeddedError(
    `A PostgreSQL that was left behind in ${dataFolder} (process ${pid}) does not end.`,
    `End it with: kill -9 ${pid}`,
  )
}

function rmIfZombie(pid: number, pidFile: string): void {
  if (isZombie(pid)) rmSync(pidFile, { force: true })
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
    return pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function isServerOf(pid: number, dataFolder: string): boolean {
  const words = commandLine(pid)
  return basename(words[0] ?? '') === 'postgres' && words.includes(dataFolder)
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw new EmbeddedError(
        `A PostgreSQL that was left behind (process ${pid}) belongs to another user.`,
        `End it as that user or as root: kill -INT ${pid}`,
      )
    }
  }
}
