import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, hours, minutes, seconds } from '../../src/core/time.ts'
import { quotaKey } from '../../src/operations/verifications/limits.ts'
import { newId } from '../../src/secrets/random.ts'
import { type Answer, type Client, openWorld, type World, withLimits, wrongCode } from '../support/world.ts'

let world: World
let shop: Client

beforeAll(async () => {
  world = await openWorld()
  shop = await world.application()
})
afterAll(() => world.close())

const anyAddress = (): string => `reader-${newId()}@example.org`

/**
 * Asks as often as it can: whenever it is refused, it asks once more a millisecond before the moment it was told, and
 * again at that moment.
 *
 * @returns the moments at which it was let through
 */
async function askEagerly(ask: () => Promise<Answer>, until: number, refusal: object): Promise<number[]> {
  const passed: number[] = []
  while (world.now < until) {
    const answer = await ask()
    if (answer.status < 300) {
      passed.push(world.now)
      continue
    }
    expect(answer.status).toBe(429)
    expect(answer.body).toMatchObject(refusal)
    const retryAt = Date.parse(answer.body.retry_at)
    expect(answer.headers.get('retry-after')).toBe(String(Math.ceil((retryAt - world.now) / 1000)))
    await world.travelTo(retryAt - 1)
    expect((await ask()).body.retry_at).toBe(answer.body.retry_at)
    await world.travelTo(retryAt)
    const then = await ask()
    expect(then.status).toBeLessThan(300)
    passed.push(world.now)
  }
  return passed
}

/** The most moments that any stretch of this length holds, wherever it begins. */
const fullest = (moments: readonly number[], within: number): number =>
  Math.max(...moments.map((from) => moments.filter((at) => at >= from && at < from + within).length))

describe('sends to one email address', () => {
  test('are 5 in any 10 minutes, 10 in any hour and 20 in any day, and Retry-After is true', async () => {
    const to = anyAddress()
    const passed = await askEagerly(() => shop.issue(to), world.now + days(2), {
      code: 'sends_limit',
      limit: 'email',
    })
    expect(fullest(passed, minutes(10))).toBe(5)
    expect(fullest(passed, hours(1))).toBe(10)
    expect(fullest(passed, days(1))).toBe(20)
  })

  test('asking again while refused never lengthens the wait', async () => {
    const to = anyAddress()
    for (let sends = 0; sends < 5; sends += 1) await shop.issue(to)
    const { retry_at: retryAt } = (await shop.issue(to)).body
    for (let minute = 0; minute < 10; minute += 1) {
      for (let asks = 0; asks < 5; asks += 1) expect((await shop.issue(to)).body.retry_at).toBe(retryAt)
      await world.advance(minutes(1))
    }
    expect((await shop.issue(to)).status).toBe(201)
  })

  test('are counted for each application by itself', async () => {
    const to = anyAddress()
    for (let sends = 0; sends < 5; sends += 1) await shop.issue(to)
    expect((await shop.issue(to)).status).toBe(429)
    expect((await (await world.application()).issue(to)).status).toBe(201)
  })

  test('are counted for the address, however it is written', async () => {
    const to = anyAddress()
    for (const written of [to, to.toUpperCase(), ` ${to}`, `${to}\t`, to.replace('reader', 'Reader')]) {
      expect((await shop.issue(written)).status).toBe(201)
    }
    expect((await shop.issue(to)).body).toMatchObject({ code: 'sends_limit', limit: 'email' })
  })
})

describe('sends to one phone', () => {
  test('are 3 in any 10 minutes, 5 in any hour and 10 in any day', async () => {
    const ask = () => shop.issue('+447400123456')
    const passed = await askEagerly(ask, world.now + days(2), { code: 'sends_limit', limit: 'phone' })
    expect(fullest(passed, minutes(10))).toBe(3)
    expect(fullest(passed, hours(1))).toBe(5)
    expect(fullest(passed, days(1))).toBe(10)
  })
})

describe('sends asked for by one end user', () => {
  const from = (ip: string) => () => shop.issue(anyAddress(), { end_user: { ip } })

  test('are 20 in any hour and 100 in any day from one IPv4 address', async () => {
    const passed = await askEagerly(from('192.0.2.1'), world.now + hours(30), {
      code: 'sends_limit',
      limit: 'ip',
    })
    expect(fullest(passed, hours(1))).toBe(20)
    expect(fullest(passed, days(1))).toBe(100)
  })

  test('are four times that from one /24, and another /24 is not held back', async () => {
    for (let host = 1; host <= 4; host += 1) {
      for (let sends = 0; sends < 20; sends += 1)
        expect((await from(`198.51.100.${host}`)()).status).toBe(201)
    }
    expect((await from('198.51.100.9')()).body).toMatchObject({ code: 'sends_limit', limit: 'network' })
    expect((await from('198.51.101.9')()).status).toBe(201)
  })

  test('are counted for the /64 of an IPv6 address, whichever host in it asks', async () => {
    for (let host = 1; host <= 20; host += 1) {
      expect((await from(`2001:db8:1:1::${host.toString(16)}`)()).status).toBe(201)
    }
    expect((await from('2001:db8:1:1:ffff::1')()).body).toMatchObject({ code: 'sends_limit', limit: 'ip' })
    expect((await from('2001:db8:1:2::1')()).status).toBe(201)
  })

  test('are four times that from one /48', async () => {
    for (let sends = 0; sends < 80; sends += 1) {
      expect((await from(`2001:db8:2:${(sends % 5).toString(16)}::1`)()).status).toBe(201)
    }
    expect((await from('2001:db8:2:ffff::1')()).body).toMatchObject({ code: 'sends_limit', limit: 'network' })
    expect((await from('2001:db8:3::1')()).status).toBe(201)
  })

  test('eight spellings of one address are one address', async () => {
    const spellings = [
      '203.0.113.7',
      '::ffff:203.0.113.7',
      '::FFFF:203.0.113.7',
      '::ffff:cb00:7107',
      '0:0:0:0:0:ffff:203.0.113.7',
      '0:0:0:0:0:ffff:cb00:7107',
      '0000:0000:0000:0000:0000:ffff:cb00:7107',
      '::0:ffff:203.0.113.7',
    ]
    for (let sends = 0; sends < 20; sends += 1) {
      expect((await from(spellings[sends % 8]!)()).status).toBe(201)
    }
    for (const spelling of spellings) expect((await from(spelling)()).body.limit).toBe('ip')
  })

  test('do not count against the quota of the application', async () => {
    const small = await openWorld({
      policy: withLimits({ quota: { sends: [{ most: 1, within: hours(1) }], failures: [] } }),
    })
    const client = await small.application()
    const withIp = { end_user: { ip: '192.0.2.77' } }
    expect((await client.issue('a@example.org', withIp)).status).toBe(201)
    expect((await client.issue('b@example.org', withIp)).status).toBe(201)
    expect((await client.issue('c@example.org')).status).toBe(201)
    expect((await client.issue('d@example.org')).body).toMatchObject({ code: 'sends_limit', limit: 'quota' })
    expect((await client.issue('e@example.org', withIp)).status).toBe(201)
    await small.close()
  })

  test('headers that claim another address change nothing', async () => {
    const ip = '192.0.2.201'
    const forged = (n: number) => ({
      'X-Forwarded-For': `10.0.0.${n}`,
      Forwarded: `for=10.0.0.${n}`,
      'X-Real-IP': `10.0.0.${n}`,
    })
    for (let sends = 0; sends < 20; sends += 1) {
      const answer = await shop.issue(anyAddress(), { end_user: { ip } }, forged(sends))
      expect(answer.status).toBe(201)
    }
    expect((await shop.issue(anyAddress(), { end_user: { ip } }, forged(99))).body.limit).toBe('ip')
  })
})

describe('the quota of an application', () => {
  test('holds over all its addresses, leaves other applications alone, and Retry-After is true', async () => {
    const small = await openWorld({
      policy: withLimits({ quota: { sends: [{ most: 3, within: hours(1) }], failures: [] } }),
    })
    const [one, other] = [await small.application(), await small.application()]
    for (const name of ['a', 'b', 'c']) expect((await one.issue(`${name}@example.org`)).status).toBe(201)
    const refused = await one.issue('d@example.org')
    expect(refused.body).toMatchObject({
      code: 'sends_limit',
      limit: 'quota',
      retry_at: new Date(small.now + hours(1)).toISOString(),
    })
    expect((await other.issue('d@example.org')).status).toBe(201)
    await small.travelTo(Date.parse(refused.body.retry_at))
    expect((await one.issue('d@example.org')).status).toBe(201)
    await small.close()
  })
})

test('a resend looks for room on another shard of the quota, as a new code does', async () => {
  const spread = await openWorld({
    policy: withLimits({ quota: { sends: [{ most: 3200, within: hours(1) }], failures: [] } }),
  })
  const client = await spread.application()
  const ids: string[] = []
  for (let sends = 0; sends < 60; sends += 1) ids.push((await client.issue(anyAddress())).body.id)
  const [key] = await spread.sql<{ application_id: string }>`select application_id from verification limit 1`
  const { quotaShards } = spread.deps.limits
  for (let shard = 0; shard < quotaShards / 2; shard += 1) {
    await spread.sql`
      insert into rate_limit (key, kind, sends)
      select ${quotaKey(spread.deps.keyring.current(), key?.application_id ?? '', shard).key}::bytea, 'quota',
        array_fill(statement_timestamp(), array[32])
      on conflict (key) do update set sends = excluded.sends`
  }
  await spread.travelTo(spread.now + seconds(30))
  let resent = 0
  for (const id of ids) resent += (await client.resend(id)).status === 202 ? 1 : 0
  // One in sixteen finds no room on four; with a single look it would be every second.
  expect(quotaShards).toBe(100)
  expect(resent).toBeGreaterThan(45)
  await spread.close()
})

describe('a request that one key refuses', () => {
  test('takes nothing from the others', async () => {
    const ip = '192.0.2.50'
    const to = anyAddress()
    for (let sends = 0; sends < 5; sends += 1) await shop.issue(to, { end_user: { ip } })
    for (let asks = 0; asks < 40; asks += 1) {
      expect((await shop.issue(to, { end_user: { ip } })).body.limit).toBe('email')
    }
    for (let sends = 5; sends < 20; sends += 1) {
      expect((await shop.issue(anyAddress(), { end_user: { ip } })).status).toBe(201)
    }
    const full = anyAddress()
    for (let asks = 0; asks < 40; asks += 1) {
      expect((await shop.issue(full, { end_user: { ip } })).body.limit).toBe('ip')
    }
    for (let sends = 0; sends < 5; sends += 1) expect((await shop.issue(full)).status).toBe(201)
    expect((await shop.issue(full)).body.limit).toBe('email')
  })

  test('is told of the key that waits longest', async () => {
    const ip = '192.0.2.51'
    const to = anyAddress()
    for (let sends = 0; sends < 5; sends += 1) await shop.issue(to, { end_user: { ip } })
    for (let sends = 5; sends < 20; sends += 1) await shop.issue(anyAddress(), { end_user: { ip } })
    const { body } = await shop.issue(to, { end_user: { ip } })
    expect(body).toMatchObject({ limit: 'ip', retry_at: new Date(world.now + hours(1)).toISOString() })
  })
})

describe('wrong codes', () => {
  /** A verification with this many wrong codes typed; its right code is given back. */
  async function guess(client: Client, to: string, wrong: number): Promise<{ id: string; code: string }> {
    const { body } = await client.issue(to)
    const code = await world.readCode(to)
    for (let nth = 1; nth <= wrong; nth += 1) {
      expect((await client.check(body.id, wrongCode(code, nth))).body.code).toBe('code_wrong')
    }
    return { id: body.id, code }
  }

  test('are 20 a day for one address, over any number of verifications; then even the right one waits', async () => {
    const to = anyAddress()
    const firstAt = world.now
    for (let verification = 0; verification < 5; verification += 1) await guess(shop, to, 4)
    await world.advance(minutes(10))
    const { id, code } = await guess(shop, to, 0)
    for (const typed of [wrongCode(code), code]) {
      const refused = await shop.check(id, typed)
      expect(refused.status).toBe(429)
      expect(refused.body).toMatchObject({
        code: 'wrong_codes_limit',
        retry_at: new Date(firstAt + days(1)).toISOString(),
      })
    }
    expect((await shop.read(id)).body.attempts_left).toBe(5)
    await world.travelTo(firstAt + days(1) - seconds(20))
    const later = await guess(shop, to, 0)
    expect((await shop.check(later.id, later.code)).body.code).toBe('wrong_codes_limit')
    await world.advance(seconds(20))
    expect((await shop.check(later.id, later.code)).status).toBe(200)
  })

  test('for one address hold nobody else back: not another application, nor another address', async () => {
    const to = anyAddress()
    for (let verification = 0; verification < 5; verification += 1) await guess(shop, to, 4)
    const client = await world.application()
    const other = await guess(client, to, 0)
    expect((await client.check(other.id, other.code)).status).toBe(200)
    const mine = await guess(shop, anyAddress(), 0)
    expect((await shop.check(mine.id, mine.code)).status).toBe(200)
  })

  test('a new code, sent again and again, gives no more than 20 tries in a day (NIST SP 800-63B-4 §3.1.3.2)', async () => {
    const to = anyAddress()
    let compared = 0
    const end = world.now + hours(23)
    while (world.now < end) {
      const { status, body } = await shop.issue(to)
      if (status === 429) {
        await world.travelTo(Math.min(end, Date.parse(body.retry_at)))
        continue
      }
      const code = await world.readCode(to)
      for (let nth = 1; nth <= 4; nth += 1) {
        if ((await shop.check(body.id, wrongCode(code, nth))).body.code === 'code_wrong') compared += 1
      }
    }
    expect(compared).toBe(20)
  })

  test('a right code counts against nothing', async () => {
    const to = anyAddress()
    for (let sends = 0; sends < 5; sends += 1) {
      const { id, code } = await guess(shop, to, 0)
      expect((await shop.check(id, code)).status).toBe(200)
    }
    await world.advance(minutes(10))
    const { id, code } = await guess(shop, to, 4)
    expect((await shop.check(id, code)).status).toBe(200)
  })
})
