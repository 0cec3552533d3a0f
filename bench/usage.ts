import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts processor time in ticks of 10 ms. */
const millisecondsPerTick = 10

/** What is read of processes comes from /proc; elsewhere these figures are left out. */
export const canReadUsage = process.platform === 'linux'

/** Processor time that a process has used, user and system, with that of the children it has waited for. */
export function cpuOf(pid: number): number {
  if (!canReadUsage) return Number.NaN
  const [, , , , , , , , , , , utime, stime, cutime, cstime] = statOf(pid)
  return millisecondsPerTick * (Number(utime) + Number(stime) + Number(cutime) + Number(cstime))
}

/** The same of a server that works in children, such as PostgreSQL. */
export function cpuOfFamily(parent: number): number {
  if (!canReadUsage) return Number.NaN
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent)
  return [parent, ...children].reduce((sum, pid) => sum + (endedMeanwhile(() => cpuOf(pid)) ?? 0), 0)
}

/** Megabytes of memory that a process holds now, and held at most. */
export function memoryOf(pid: number): { now: number; peak: number } {
  if (!canReadUsage) return { now: Number.NaN, peak: Number.NaN }
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') }
}

const parentOf = (pid: number): number => endedMeanwhile(() => Number(statOf(pid)[1])) ?? 0

/** The fields after the process's name, which may hold spaces; the first is its state. */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function endedMeanwhile<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
