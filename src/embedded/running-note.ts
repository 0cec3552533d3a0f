import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { EmbeddedError } from './embedded-error.ts'
import { folderHolder } from './folder-lock.ts'
import { isAlive, type ProcessIdentity } from './process-identity.ts'
import type { Connection } from './server-process.ts'

/** What a running service leaves in DATA_DIR/running.json, so that commands on the same folder find its PostgreSQL. */
type RunningNote = {
  holder: ProcessIdentity
  connection: Connection
  /** Where people reach the service; not there before it is known. */
  url?: string
}

const noteFile = (dataDir: string) => join(dataDir, 'running.json')

export function writeRunningNote(dataDir: string, note: RunningNote): void {
  const draft = `${noteFile(dataDir)}.${process.pid}`
  writeFileSync(draft, JSON.stringify(note), { mode: 0o600 })
  renameSync(draft, noteFile(dataDir))
}

export function removeRunningNote(dataDir: string): void {
  rmSync(noteFile(dataDir), { force: true })
}

/**
 * Where the PostgreSQL of a service that runs on this folder is found.
 *
 * @returns undefined when no service runs on it: then the caller may open the folder itself
 * @throws EmbeddedError when one is only just starting
 */
export function connectToRunning(dataDir: string): Connection | undefined {
  const note = readRunningNote(dataDir)
  if (note && isAlive(note.holder)) return note.connection
  const holder = folderHolder(dataDir)
  if (holder === undefined) return undefined
  throw new EmbeddedError(
    `Process ${holder.pid} is just starting or stopping on ${dataDir}.`,
    'Try again in a few seconds.',
  )
}

/** Where people reach the service that runs on this folder; undefined where none does, or it doesn't say so yet. */
export function urlOfRunning(dataDir: string): string | undefined {
  const note = readRunningNote(dataDir)
  return note && isAlive(note.holder) ? note.url : undefined
}

/** A process that was killed could not remove its socket folder; the one inside DATA_DIR is simply used again. */
export function removeLeftSocketFolder(dataDir: string): void {
  const host = readRunningNote(dataDir)?.connection.host
  if (host !== undefined && dirname(host) === tmpdir()) rmSync(host, { recursive: true, force: true })
  removeRunningNote(dataDir)
}

function readRunningNote(dataDir: string): RunningNote | undefined {
  try {
    return JSON.parse(readFileSync(noteFile(dataDir), 'utf8')) as RunningNote
  } catch {
    return undefined
  }
}
