import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openEmbeddedPostgres } from '../../src/embedded/embedded-postgres.ts'
import {
  firstKey,
  freePort,
  runCountersign,
  startCountersign,
  temporaryFolder,
  untilServing,
} from '../support/countersign.ts'
import { openApi } from './api.ts'
import { type Canary, columnsOf, filesOf, sightings, text, written } from './canary.ts'
import { newStory, openHistory } from './history.ts'
import { writePolicy } from './installation.ts'

test('no code, key or address is found where it does not belong: tables, data files, log of writes, logs, metrics', async () => {
  const folder = temporaryFolder()
  const dataDir = join(folder, 'data')
  const { stories, sink } = await openHistory(() => {})
  onTestFinished(sink.close)
  const [port, metricsPort] = [await freePort(), await freePort()]
  const environment = {
    DATA_DIR: dataDir,
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
    MAIL_FROM: 'codes@countersign.test',
    POLICY_FILE: writePolicy(folder),
    LOG_LEVEL: 'trace',
  }
  const service = startCountersign(['serve'], environment)
  const url = `http://127.0.0.1:${port}`
  await untilServing(url, 20_000, service)
  const first = firstKey(dataDir)
  const second = (await runCountersign(['api-keys', 'create', 'Second'], environment)).stdout.trim()

  // Codes that are typed right and wrong, resent, cancelled, left lying; requests that are refused.
  const codes: string[] = []
  const addresses: string[] = []
  const wrong: string[] = []
  for (let n = 0; n < 24; n += 1) {
    const api = openApi(n % 2 === 0 ? first : second)
    const story = newStory(`${randomBytes(9).toString('hex')}@people.test`)
    stories.set(story.email, story)
    addresses.push(story.email)
    const answer = await api.issue(url, story.email, { length: 8, idempotencyKey: `key ${n}` })
    const id = answer?.body.id as string
    while (story.mails.length === 0) await sleep(10)
    const code = story.mails[0]!.code
    codes.push(code)
    const typed = String((Number(code) + 1) % 1e8).padStart(8, '0')
    wrong.push(typed)
    if (n % 4 !== 3) await api.attempt(url, id, typed)
    if (n % 4 === 1) await api.resend(url, id)
    if (n % 4 === 2) await api.attempt(url, id, code)
    if (n % 8 === 4)
      await fetch(`${url}/v1/verifications/${id}/cancellation`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${first}` },
      })
    await fetch(`${url}/v1/verifications`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${first}x` },
      body: `{"to": "${story.email}", "code": "${code}"`,
    })
    await fetch(`${url}/nowhere/${code}?to=${story.email}&code=${code}`, {
      headers: { Cookie: `code=${code}` },
    })
  }
  await runCountersign(['keyring', 'rotate'], environment)

  const metrics = Buffer.from(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text())
  const { connection } = JSON.parse(readFileSync(join(dataDir, 'running.json'), 'utf8'))
  const columns = await columnsOf(connection)
  // Mid-traffic: the write-ahead log holds what no checkpoint has written to the tables' files yet.
  const whileRunning = filesOf(join(dataDir, 'postgres'))
  service.kill('SIGTERM')
  const { stdout, stderr } = await service.ended
  const afterwards = filesOf(join(dataDir, 'postgres'))

  const ring = JSON.parse(readFileSync(join(dataDir, 'keyring'), 'utf8'))
  const secrets = [
    ...codes.map((code): Canary => ({ what: 'a code', bytes: Buffer.from(code), digits: true })),
    ...codes.map((code): Canary => text('a code in two groups', `${code.slice(0, 4)} ${code.slice(4)}`)),
    ...wrong.map(
      (code): Canary => ({ what: 'a code that was typed wrong', bytes: Buffer.from(code), digits: true }),
    ),
    ...[first, second].flatMap((key) => [
      text('an API key', key),
      ...written('the secret of an API key', Buffer.from(key.split('_').slice(2).join('_'), 'base64url')),
    ]),
    ...ring.keys.flatMap(({ secret }: { secret: string }) =>
      written('a key of the ring', Buffer.from(secret, 'base64')),
    ),
    ...written('the lookup key of the ring', Buffer.from(ring.lookup, 'base64')),
  ]
  const said = addresses.flatMap((address) => [
    text('an address', address),
    text('the name in an address', address.split('@')[0] ?? ''),
  ])

  const logs = [
    ['standard output', Buffer.from(stdout)],
    ['standard error', Buffer.from(stderr.replace(first, 'shown once, at the first start'))],
    ['/metrics', metrics],
  ] as const
  expect(stdout.length + metrics.length).toBeGreaterThan(20_000)
  expect(sightings(logs, [...secrets, ...said, text('an Authorization header', 'Bearer ')])).toEqual([])
  expect(sightings(columns, secrets)).toEqual([])
  expect(sightings([...whileRunning, ...afterwards], secrets)).toEqual([])
  const whereAddressesAre = new Set(sightings(columns, said).map((sighting) => sighting.split(' in ').at(-1)))
  expect([...whereAddressesAre]).toEqual(['verification.destination'])

  // The search itself finds what is there: addresses in the write-ahead log, hashes in the tables.
  expect(sightings(whileRunning, said.slice(0, 1)).length).toBeGreaterThan(0)
  await expectToBeFound(dataDir)
})

/** A code written into a table in clear is found in the column and in the files: the test is not blind. */
async function expectToBeFound(dataDir: string): Promise<void> {
  const server = await openEmbeddedPostgres({ dataDir, log: { info() {}, warn() {}, error() {} } })
  onTestFinished(() => server.stop())
  const client = new pg.Client(server.connection)
  await client.connect()
  await client.query(`update verification set reference = 'typed 40302017 at the desk', request_hash = $1`, [
    Buffer.from('a ring key in clear'),
  ])
  await client.end()
  const canaries: Canary[] = [
    { what: 'a planted code', bytes: Buffer.from('40302017'), digits: true },
    text('planted bytes', 'a ring key in clear'),
  ]
  expect(sightings(await columnsOf(server.connection), canaries)).toEqual(
    expect.arrayContaining([
      'a planted code in verification.reference',
      'planted bytes in verification.request_hash',
    ]),
  )
  const inFiles = sightings(filesOf(join(dataDir, 'postgres')), canaries)
  expect(inFiles.some((sighting) => sighting.includes('pg_wal'))).toBe(true)
}
