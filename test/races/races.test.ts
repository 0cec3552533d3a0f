import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { newId } from '../../src/secrets/random.ts'
import { type Answer, anyAddress, headersOf, startTwoServers, type TwoServers, tally } from './two-servers.ts'

/** Each race is run this often: one lucky order proves little. */
const rounds = 20
/** 20,000 requests for one row each time: minutes on two slow cores. */
const patience = 600_000

vi.setConfig({ testTimeout: patience })

let servers: TwoServers
/** Losers of a race may be told to come back (503); how often that was so. */
const unavailable: Record<string, number> = {}

beforeAll(async () => {
  servers = await startTwoServers()
})
afterAll(async () => {
  await servers.close()
  expect(servers.faults()).toBe('')
  console.log('Answered with 503:', unavailable)
})

const atOnce = (count: number, ask: (nth: number) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, (_, nth) => ask(nth)))

async function issue(to: string): Promise<{ id: string; code: string }> {
  const { body } = await servers.post('', { to: { email: to } })
  return { id: body.id, code: await servers.codeOf(body.id) }
}

const otherCode = (right: string, nth: number): string =>
  String((Number(right) + 1 + nth) % 1_000_000).padStart(6, '0')

/** Nothing but what the race allows; a 503 may always be among it, but a tenth at most. */
function expectOnly(race: string, answers: Answer[], allowed: readonly string[]): Record<string, number> {
  const counts = tally(answers)
  const { unavailable: lost = 0, ...others } = counts
  unavailable[race] = (unavailable[race] ?? 0) + lost
  expect(Object.keys(others).filter((name) => !allowed.includes(name))).toEqual([])
  expect(lost).toBeLessThanOrEqual(answers.length / 10)
  return others
}

async function countOf(text: string, values: unknown[]): Promise<number> {
  const [row] = await servers.database.sql.run<{ count: number }>({ name: text.slice(0, 60), text }, values)
  return row?.count ?? 0
}

test('of 1,000 wrong codes at once five are compared, and then the right one is refused', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const { id, code } = await issue(anyAddress())
    const answers = await atOnce(1000, (nth) =>
      servers.post(`/${id}/attempts`, { code: otherCode(code, nth) }),
    )
    const counts = expectOnly('wrong codes', answers, ['code_wrong', 'code_tries_spent'])
    expect(counts.code_wrong).toBeLessThanOrEqual(4)
    const [row] = await servers.database.sql<{ attempts: number; state: string }>`
      select attempts, state from verification where id = ${id}`
    expect(row).toEqual({ attempts: 5, state: 'exhausted' })
    const compared = 'select count(*)::int as count from activity where subject = $1 and kind = $2'
    expect(await countOf(compared, [id, 'code_wrong'])).toBe(5)
    const right = await servers.post(`/${id}/attempts`, { code })
    expect(right.body.code).toBe('code_tries_spent')
  }
})

test('of 200 right codes at once one is accepted', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const { id, code } = await issue(anyAddress())
    const answers = await atOnce(200, () => servers.post(`/${id}/attempts`, { code }))
    const counts = expectOnly('right codes', answers, ['approved', '200', 'code_used'])
    expect(counts['200']).toBe(1)
    const approvals = 'select count(*)::int as count from activity where subject = $1 and kind = $2'
    expect(await countOf(approvals, [id, 'code_approved'])).toBe(1)
  }
})

test('of 1,000 sends to one address, each asked for from another source, five go out', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const to = anyAddress()
    const answers = await atOnce(1000, (nth) =>
      servers.post('', { to: { email: to }, end_user: { ip: `10.${round}.${nth >> 8}.${nth & 255}` } }),
    )
    // 80 sends an hour from a /24: four networks of 256 ask here, and none gets that far.
    const counts = expectOnly('sends', answers, ['201', 'sends_limit'])
    expect(counts['201']).toBe(5)
    expect(
      await countOf('select count(*)::int as count from verification where destination = $1', [to]),
    ).toBe(5)
    const messages = `select count(*)::int as count from message m join verification v on v.id = m.verification_id
      where v.destination = $1`
    expect(await countOf(messages, [to])).toBe(5)
  }
})

test('50 requests with one Idempotency-Key make one verification and one message, and are answered alike', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const to = anyAddress()
    const key = { 'Idempotency-Key': newId() }
    const answers = await atOnce(50, () => servers.post('', { to: { email: to } }, key))
    expectOnly('idempotency', answers, ['201'])
    const given = answers.filter((answer) => answer.status === 201)
    expect(new Set(given.map((answer) => JSON.stringify(answer.body))).size).toBe(1)
    expect(
      await countOf('select count(*)::int as count from verification where destination = $1', [to]),
    ).toBe(1)
    const [{ body }] = given as [Answer]
    expect(await countOf('select count(*)::int as count from message where subject = $1', [body.id])).toBe(1)
  }
})

test('of wrong codes at once on all verifications of one address 20 are compared in a day', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const to = anyAddress()
    const asked = await Promise.all(Array.from({ length: 5 }, () => issue(to)))
    const answers = await atOnce(300, (nth) => {
      const { id, code } = asked[nth % 5]!
      return servers.post(`/${id}/attempts`, { code: otherCode(code, nth) })
    })
    expectOnly('wrong codes over verifications', answers, [
      'code_wrong',
      'code_tries_spent',
      'wrong_codes_limit',
    ])
    const compared = 'select sum(attempts)::int as count from verification where destination = $1'
    expect(await countOf(compared, [to])).toBe(20)
    for (const { id, code } of asked) {
      const right = await servers.post(`/${id}/attempts`, { code })
      expect(['code_tries_spent', 'wrong_codes_limit']).toContain(right.body.code)
    }
  }
})

test('five right and 500 wrong codes at once: never more than one approval, and never more than five compared', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const { id, code } = await issue(anyAddress())
    const answers = await atOnce(505, (nth) =>
      servers.post(`/${id}/attempts`, { code: nth % 101 === 50 ? code : otherCode(code, nth) }),
    )
    const counts = expectOnly('mixed codes', answers, ['200', 'code_wrong', 'code_used', 'code_tries_spent'])
    expect(counts['200'] ?? 0).toBeLessThanOrEqual(1)
    const attempts = await countOf('select attempts as count from verification where id = $1', [id])
    expect((counts['200'] ?? 0) + (counts.code_wrong ?? 0)).toBeLessThanOrEqual(attempts)
    expect(attempts).toBeLessThanOrEqual(5)
  }
})

test('a resend asked for 30 times at once goes out once', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { id } = await issue(anyAddress())
    await servers.database.sql`
      update verification set last_sent_at = last_sent_at - interval '31 seconds' where id = ${id}`
    const answers = await atOnce(30, () => servers.post(`/${id}/sends`, {}))
    const counts = expectOnly('resends', answers, ['202', 'resend_too_soon', 'sends_limit'])
    expect(counts['202']).toBe(1)
    expect(await countOf('select count(*)::int as count from message where subject = $1', [id])).toBe(2)
  }
})

test('a try counts although its sender hangs up while it waits', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const { id, code } = await issue(anyAddress())
    await servers.database.transaction(async (sql) => {
      await sql`
        select 1 from rate_limit where key = (select destination_key from verification where id = ${id}) for update`
      await sendAndHangUp(servers.ports[round % 2]!, `/v1/verifications/${id}/attempts`, otherCode(code, 0))
    })
    await expect
      .poll(() => countOf('select attempts as count from verification where id = $1', [id]), {
        timeout: 5000,
      })
      .toBe(1)
  }
})

/** Asks on a connection of its own and breaks it while the server is at work. */
async function sendAndHangUp(port: number, path: string, code: string): Promise<void> {
  const text = JSON.stringify({ code })
  const headers = Object.entries({ Host: 'localhost', ...headersOf(servers.key, text) })
  const lines = [`POST ${path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), '', text]
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.write(lines.join('\r\n'), () => resolve()))
  await expect.poll(() => waitingForLocks(), { timeout: 1500 }).toBeGreaterThan(0)
  socket.resetAndDestroy()
  await sleep(20)
}

const waitingForLocks = () =>
  countOf(
    `select count(*)::int as count from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    [],
  )
