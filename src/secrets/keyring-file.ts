import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Instant } from '../core/time.ts'
import { type Keyring, type KeyringRecord, newKeyringRecord, openKeyring, rotated } from './keyring.ts'

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
  const record = JSON.parse(await readFile(path, 'utf8')) as KeyringRecord
  if (record.version !== 1 || !Array.isArray(record.keys)) throw new Error(`${path} is not a key ring.`)
  return record
}

/**
 * Puts a ring that came from another installation where this one looks for its own. A ring that is there already is
 * never overwritten: what was written under it could not be read any more.
 */
export async function placeRecord(
  path: string,
  record: KeyringRecord,
): Promise<'in place' | 'another there'> {
  await putIfMissing(path, record)
  return JSON.stringify(await readRecord(path)) === JSON.stringify(record) ? 'in place' : 'another there'
}

async function createIfMissing(path: string, now: Instant): Promise<void> {
  if (await stat(path).catch(() => undefined)) return
  await putIfMissing(path, newKeyringRecord(now))
}

/**
 * Several processes may start at once: `link` lets exactly one ring come to be, whole. A draft's name is random, since in
 * containers every process is the first and has the same pid.
 */
async function putIfMissing(path: string, record: KeyringRecord): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomUUID()}`
  const file = await open(draft, 'wx', 0o600)
  await file.writeFile(JSON.stringify(record))
  await file.sync()
  await file.close()
  await link(draft, path).catch((fault: NodeJS.ErrnoException) => {
    if (fault.code !== 'EEXIST') throw fault
  })
  await unlink(draft)
  await syncFolder(path)
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
}

async function signature(path: string): Promise<string> {
  const found = await stat(path)
  return `${found.ino}:${found.size}:${found.mtimeMs}`
}
