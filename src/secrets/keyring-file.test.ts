import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { followKeyring, readRecord, rotateKeyringFile } from './keyring-file.ts'

const now = Date.UTC(2026, 5, 1)
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-keyring-'))
  path = join(folder, 'deep', 'keyring')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a ring is made where there is none, for its owner only', async () => {
  const ring = await followKeyring(path, now)
  ring.close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'deep')).mode & 0o777).toBe(0o700)
  expect(ring.current().current.id).toBe((await readRecord(path)).keys[0]?.id)
})

test('processes that start at once share one ring, and leave nothing beside it', async () => {
  const rings = await Promise.all(Array.from({ length: 8 }, () => followKeyring(path, now)))
  for (const ring of rings) ring.close()
  expect(new Set(rings.map((ring) => ring.current().current.id)).size).toBe(1)
  expect(readdirSync(join(folder, 'deep'))).toEqual(['keyring'])
})

test('what another process rotated is known within a second or two, and at once when it is asked for', async () => {
  const [one, other] = await Promise.all([followKeyring(path, now), followKeyring(path, now)])
  const id = await rotateKeyringFile(path, now + 1000)
  await other.refresh()
  expect(other.current().current.id).toBe(id)
  await expect.poll(() => one.current().current.id, { timeout: 4000 }).toBe(id)
  one.close()
  other.close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('two rotations at once make one new key each or are refused, and the ring stays whole', async () => {
  const ring = await followKeyring(path, now)
  ring.close()
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => rotateKeyringFile(path, now + 1)))
  const made = outcomes.filter((outcome) => outcome.status === 'fulfilled').map((outcome) => outcome.value)
  const { keys } = await readRecord(path)
  expect(made.length).toBeGreaterThanOrEqual(1)
  for (const id of made) expect(keys.map((key) => key.id)).toContain(id)
  expect(keys).toHaveLength(made.length + 1)
  expect(existsSync(`${path}.rotating`)).toBe(false)
})

test('a rotation that was killed is told of, with what to do', async () => {
  const ring = await followKeyring(path, now)
  ring.close()
  writeFileSync(`${path}.rotating`, '')
  await expect(rotateKeyringFile(path, now + 1)).rejects.toThrow(`${path}.rotating`)
  expect(existsSync(`${path}.rotating`)).toBe(true)
})

test('a file that is broken for a moment leaves the ring as it was', async () => {
  const ring = await followKeyring(path, now)
  const before = ring.current().current.id
  const content = readFileSync(path)
  writeFileSync(path, '{"version":1,"ke')
  await expect(ring.refresh()).rejects.toThrow()
  expect(ring.current().current.id).toBe(before)
  writeFileSync(path, content)
  await ring.refresh()
  expect(ring.current().current.id).toBe(before)
  ring.close()
})

test.for(['', '{}', 'null', '[]', '{"version":2,"keys":[]}', '{"version":1}'])(
  '%j is no ring',
  async (content) => {
    const ring = await followKeyring(path, now)
    ring.close()
    writeFileSync(path, content)
    chmodSync(path, 0o600)
    await expect(followKeyring(path, now)).rejects.toThrow()
  },
)
