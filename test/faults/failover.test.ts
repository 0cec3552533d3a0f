import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import {
  freePort,
  runCountersign,
  startCountersign,
  temporaryFolder,
  untilServing,
} from '../support/countersign.ts'
import { makePostgres15, type Postgres15 } from '../support/postgres-15.ts'
import { requirement } from '../support/requirements.ts'
import { openApi } from './api.ts'
import { writePolicy } from './installation.ts'

async function startPair(folder: string): Promise<[Postgres15, Postgres15]> {
  const primary = await makePostgres15(folder)
  await primary.start()
  onTestFinished(() => primary.stop('SIGQUIT'))
  const standby = await makePostgres15(folder, primary)
  await standby.start()
  onTestFinished(() => standby.stop('SIGQUIT'))
  return [primary, standby]
}

/** The one stops with everything copied, the other takes over, and the first comes back as its standby. */
async function failOver(from: Postgres15, to: Postgres15, between: () => Promise<void>): Promise<void> {
  await from.stop()
  await between()
  await to.query('select pg_promote()')
  from.write('standby.signal', '')
  from.set(`primary_conninfo = 'host=127.0.0.1 port=${to.connection.port} user=countersign'`)
  await from.start()
}

const skip = requirement('postgresql-15') === undefined

test.skipIf(skip)('the service follows a failover, and one back, without a restart', async () => {
  const folder = temporaryFolder()
  const [one, two] = await startPair(folder)
  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}`
  // The standby is named first: whoever takes the first that answers would never write.
  const hosts = `127.0.0.1:${two.connection.port},127.0.0.1:${one.connection.port}`
  const environment = {
    DATABASE_URL: `postgres://countersign@${hosts}/postgres`,
    DATA_DIR: join(folder, 'service'),
    POLICY_FILE: writePolicy(folder),
    PORT: port,
    LOG_LEVEL: 'warn',
  }
  const { stdout } = await runCountersign(['api-keys', 'create', 'Harbour'], environment)
  const api = openApi(stdout.trim())
  const service = startCountersign(['serve'], environment)
  await untilServing(url, 30_000, service)
  let people = 0
  const issue = async () => (await api.issue(url, `person-${people++}@people.test`))?.status
  const issueMany = () => Promise.all(Array.from({ length: 20 }, issue))
  expect(await issueMany()).toEqual(Array(20).fill(201))

  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    await failOver(from, to, async () => {
      const response = await fetch(`${url}/readyz`)
      expect(response.status).toBe(503)
      expect(await issue()).toBe(503)
    })
    await untilServing(url, 30_000, service)
    expect(await issueMany()).toEqual(Array(20).fill(201))
    const waiting = `select count(*)::int as waiting from message where state = 'queued'`
    while ((await to.query(waiting))[0]?.waiting !== 0) await sleep(50)
  }
})

test.skipIf(skip)('a server that only reads is refused at the start, in a sentence', async () => {
  const folder = temporaryFolder()
  const [, standby] = await startPair(folder)
  const refused = await runCountersign(['serve'], {
    DATABASE_URL: `postgres://countersign@127.0.0.1:${standby.connection.port}/postgres`,
    DATA_DIR: join(folder, 'service'),
    PORT: '0',
  })
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Name the server that takes writes'),
  })
  expect(refused.stderr).not.toContain('    at ')
})
