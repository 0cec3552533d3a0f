import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Instant } from '../core/time.ts'
import {
  type Keyring,
  type KeyringRecord,
  newKeyringRecord,
  openKeyring,
  parseKeyringRecord,
  rotated,
} from './keyring.ts'

/** A ring that follows its file: another process may rotate it at any moment. */
export type FollowedKeyring = {
  current(): Keyring
  /** Reads the file again if it has changed. Called when a row names a key that this process does not know yet. */
  refresh(): Promise<void>
  close(): void
}

const lookAgainEvery = 1000

/** Opens the ring in `path`, making it (mode 0600) where there is none. */
export async function followKeyring(path: string, now: Instant): Promise<FollowedKeyring> {
  await createIfMissing(path, now)
  let seen = await signature(path)
  let ring = openKeyring(await readRecord(path))
  const refresh = async () => {
    const found = await signature(path)
    if (found === seen) return
    ring = openKeyring(await readRecord(path))
    seen = found
  }
  // A file that cannot be read just now keeps the ring as it is: the next look, or the next unknown key, tries again.
  const timer = setInterval(() => refresh().catch(() => undefined), lookAgainEvery)
  timer.unref()
  return { current: () => ring, refresh, close: () => clearInterval(timer) }
}

/** Two rotations at once would lose one of the keys; one that was killed leaves its mark behind. */
export class RotationUnderWay extends Error {
  constructor(lock: string) {
    super(`Another rotation is under way. If none is, remove ${lock} and try again.`)
  }
}

/** Makes a new key current. The old ones keep reading what they wrote. @returns the new key's id */
export async function rotateKeyringFile(path: string, now: Instant): Promise<string> {
  const lock = `${path}.rotating`
  const held = await open(lock, 'wx', 0o600).catch((fault: NodeJS.ErrnoException) => {
    throw fault.code === 'EEXIST' ? new RotationUnderWay(lock) : fault
  })
  try {
    const record = rotated(await readRecord(path), now)
    await held.writeFile(JSON.stringify(record))
    await held.sync()
    await rename(lock, path)
    await syncFolder(path)
    return record.keys[0]?.id ?? ''
  } catch (fault) {
    await unlink(lock).catch(() => undefined)
    throw fault
  } finally {
    await held.close()
  }
}

export async function readRecord(path: string): Promise<KeyringRecord> {
  const record = recordIn(await readFile(path, 'utf8'))
  if (record === undefined) throw new Error(`${path} is not a key ring.`)
  return record
}

/** The ring that a file's text holds; undefined where it holds none. */
function recordIn(text: string): KeyringRecord | undefined {
  try {
    return parseKeyringRecord(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Why a ring's file can't be used; undefined where it can, or where there is none yet. */
export function keyringProblem(path: string): string | undefined {
  try {
    return recordIn(readFileSync(path, 'utf8')) === undefined ? 'is no key ring' : undefined
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException
    return code === 'ENOENT' ? undefined : `can't be read (${code})`
  }
}

/** Whether a ring that came from another installation may be put where this one looks for its own. */
export async function hasAnotherRing(path: string, record: KeyringRecord): Promise<boolean> {
  if ((await stat(path).catch(() => undefined)) === undefined) return false
  return JSON.stringify(await readRecord(path)) !== JSON.stringify(record)
}

/**
 * Puts it there. A ring that is there already is never overwritten: what was written under it could not be read any more.
 *
 * @returns what takes it away again, if it was not there before
 */
export async function placeRecord(path: string, record: KeyringRecord): Promise<() => Promise<void>> {
  const wasPut = await putIfMissing(path, record)
  if (await hasAnotherRing(path, record)) throw new Error(`Another key ring has come to be in ${path}.`)
  return async () => {
    if (wasPut) await unlink(path)
  }
}

async function createIfMissing(path: string, now: Instant): Promise<void> {
  if (await stat(path).catch(() => undefined)) return
  await putIfMissing(path, newKeyringRecord(now))
}

/**
 * Several processes may start at once: `link` lets exactly one ring come to be, whole. A draft's name is random, since in
 * containers every process is the first and has the same pid.
 */
async function putIfMissing(path: string, record: KeyringRecord): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomUUID()}`
  const file = await open(draft, 'wx', 0o600)
  await file.writeFile(JSON.stringify(record))
  await file.sync()
  await file.close()
  const wasPut = await link(draft, path).then(
    () => true,
    (fault: NodeJS.ErrnoException) => {
      if (fault.code !== 'EEXIST') throw fault
      return false
    },
  )
  await unlink(draft)
  await syncFolder(path)
  return wasPut
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
}

async function signature(path: string): Promise<string> {
  const found = await stat(path)
  return `${found.ino}:${found.size}:${found.mtimeMs}`
}
