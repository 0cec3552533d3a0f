import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** A pid alone is reused; with the moment it started, it names one process for ever. */
export type ProcessIdentity = { pid: number; startedAt: string }

const hasProc = existsSync('/proc/self/stat')

/** @returns undefined where there is no such process, or only a zombie that nobody has reaped */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = hasProc ? startedAtInProc(pid) : startedAtByPs(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt
}

export function isZombie(pid: number): boolean {
  return hasProc && statFields(pid)?.state === 'Z'
}

/** The command line, word by word; empty where it can't be read. */
export function commandLine(pid: number): string[] {
  try {
    if (!hasProc)
      return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
        .trim()
        .split(' ')
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean)
  } catch {
    return []
  }
}

/** Clock ticks since boot, and which boot: after a restart of the machine the same pid and tick may come again. */
function startedAtInProc(pid: number): string | undefined {
  const fields = statFields(pid)
  if (fields === undefined || fields.state === 'Z' || fields.state === 'X') return undefined
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)}-${fields.startTime}`
}

/** proc(5): the second field, the command's name, may hold spaces and parentheses; the rest is counted from its end. */
function statFields(pid: number): { state: string; startTime: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0]!, startTime: fields[19]! }
  } catch {
    return undefined
  }
}

function startedAtByPs(pid: number): string | undefined {
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
        .trim()
        .replace(/\W+/g, '') || undefined
    )
  } catch {
    return undefined
  }
}
