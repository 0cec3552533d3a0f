import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  firstKey,
  freePort,
  runCountersign,
  startCountersign,
  temporaryFolder,
  untilServing,
} from '../support/countersign.ts'
import { emptyDatabase } from '../support/databases.ts'

// Each command is a process of its own, and some of them a database too.
vi.setConfig({ testTimeout: 120_000 })

/** A service that has sent a code to its inbox, which nobody has typed yet. */
async function folderWithACode() {
  const folder = temporaryFolder()
  const dataDir = join(folder, 'data')
  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}`
  const service = startCountersign(['serve'], { DATA_DIR: dataDir, PORT: port })
  await untilServing(url, 20_000, service)
  const key = firstKey(dataDir)
  const response = await fetch(`${url}/v1/verifications`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ to: { email: 'ana@example.org' }, reference: 'order 7' }),
  })
  const { id, ...rest } = (await response.json()) as { id: string }
  expect({ status: response.status, rest }).toMatchObject({ status: 201 })
  return { folder, dataDir, key, id, service }
}

const contentOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(1, -2)

test('an installation moves from its folder to a server and back, with its keys and without its codes', async () => {
  const { folder, dataDir, key, id } = await folderWithACode()
  const file = (name: string) => join(folder, name)
  const made = await runCountersign(['export', '--with-keyring', '--out', file('one')], { DATA_DIR: dataDir })
  expect(made).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/rows exported \(application 1, api_key 1, verification 1/),
  })
  expect(statSync(file('one')).mode & 0o777).toBe(0o600)
  const ring = JSON.parse(readFileSync(join(dataDir, 'keyring'), 'utf8'))
  expect(readFileSync(file('one'), 'utf8')).toContain(ring.lookup)
  expect(await runCountersign(['export', '--out', file('one')], { DATA_DIR: dataDir })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is there already'),
  })

  const database = await emptyDatabase()
  onTestFinished(database.drop)
  const server = { DATABASE_URL: database.url, KEYRING_FILE: file('server-ring'), DATA_DIR: file('unused') }
  expect(await runCountersign(['import', file('one')], server)).toMatchObject({ code: 0 })
  expect(JSON.parse(readFileSync(file('server-ring'), 'utf8'))).toEqual(ring)
  expect(statSync(file('server-ring')).mode & 0o777).toBe(0o600)
  const again = await runCountersign(['import', file('one')], server)
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('rows in application already') })

  // Without --with-keyring, to standard output.
  const plain = await runCountersign(['export'], server)
  expect(plain.code).toBe(0)
  for (const secret of [ring.lookup, ring.keys[0].secret, key.split('_').slice(2).join('_')])
    expect(plain.stdout).not.toContain(secret)
  writeFileSync(file('two'), plain.stdout)
  const home = { DATA_DIR: file('home') }
  expect(await runCountersign(['import', file('two')], home)).toMatchObject({ code: 0 })
  await runCountersign(['export', '--out', file('three')], home)
  expect(contentOf(file('three'))).toEqual(contentOf(file('two')))
  expect(contentOf(file('two'))).toEqual(contentOf(file('one')).slice(1))

  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}`
  const service = startCountersign(['serve'], { ...home, PORT: port })
  await untilServing(url, 20_000, service)
  expect(existsSync(join(file('home'), 'first-run.json'))).toBe(false)
  const read = await fetch(`${url}/v1/verifications/${id}`, { headers: { Authorization: `Bearer ${key}` } })
  expect(await read.json()).toMatchObject({
    id,
    status: 'cancelled',
    reference: 'order 7',
    to: { email: 'ana@example.org' },
  })
})

test('a file that is cut short is refused with a sentence, and leaves nothing', async () => {
  const { folder, dataDir } = await folderWithACode()
  const whole = (await runCountersign(['export'], { DATA_DIR: dataDir })).stdout
  const home = { DATA_DIR: join(folder, 'home') }
  const file = join(folder, 'cut')
  writeFileSync(file, whole.slice(0, -100))
  const refused = await runCountersign(['import', file], home)
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^The file is damaged: its end is missing/),
  })
  expect(refused.stderr).not.toContain('    at ')
  expect(existsSync(home.DATA_DIR)).toBe(false)
  writeFileSync(file, whole)
  expect(await runCountersign(['import', file], home)).toMatchObject({ code: 0 })
})

/** An export as a large installation would make it. */
function largeExport(rows: number): string {
  const application = '11111111-1111-4111-8111-111111111111'
  const lines = [
    {
      format: 'countersign-export',
      version: 1,
      schema: '0001_verifications.sql',
      exported_at: '2026-06-01T09:00:00Z',
    },
    ['table', 'application', ['id', 'name']],
    { id: application, name: 'Harbour' },
    ['table', 'activity', ['subject', 'id', 'kind']],
    ...Array.from({ length: rows }, (_, n) => {
      const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
      return { subject: id, id, kind: 'code_requested' }
    }),
  ].map((line) => `${JSON.stringify(line)}\n`)
  const sha256 = createHash('sha256').update(lines.join('')).digest('hex')
  return `${lines.join('')}${JSON.stringify(['end', { rows: { application: 1, activity: rows }, sha256 }])}\n`
}

test('an import that is killed leaves the target empty, and is simply done again', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'large')
  const rows = 30_000
  writeFileSync(file, largeExport(rows))
  const database = await emptyDatabase()
  onTestFinished(database.drop)
  const server = { DATABASE_URL: database.url, KEYRING_FILE: join(folder, 'ring') }
  const client = new pg.Client(database.connection)
  await client.connect()
  onTestFinished(() => client.end())
  const counted = async () => (await client.query('select count(*)::int as n from activity')).rows[0].n

  const importing = startCountersign(['import', file], server)
  // The rows of an unfinished transaction are on their way into the table's file long before they can be read.
  const size = async () =>
    (await client.query(`select pg_relation_size(to_regclass('activity'))::int as n`)).rows[0].n
  while (!((await size()) > 1_000_000)) await sleep(5)
  importing.kill('SIGKILL')
  expect((await importing.ended).signal).toBe('SIGKILL')
  expect(await counted()).toBe(0)

  // The server notices within moments that the client is gone.
  expect(await runCountersign(['import', file], server)).toMatchObject({ code: 0 })
  expect(await counted()).toBe(rows)

  const home = { DATA_DIR: join(folder, 'home') }
  const killed = startCountersign(['import', file], home)
  while (!existsSync(join(home.DATA_DIR, 'running.json'))) await sleep(5)
  await sleep(300)
  killed.kill('SIGKILL')
  await killed.ended
  const restarted = await runCountersign(['import', file], home)
  // Whatever the moment: nothing had been taken in, or everything.
  if (restarted.code !== 0) expect(restarted.stderr).toContain('rows in application already')
  rmSync(file)
})
