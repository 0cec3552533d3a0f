import { afterAll, beforeAll, expect, test } from 'vitest'
import { minutes, seconds } from '../../src/core/time.ts'
import { type Client, openWorld, type World, wrongCode } from '../support/world.ts'

let world: World
let shop: Client

beforeAll(async () => {
  world = await openWorld()
  shop = await world.application()
})
afterAll(() => world.close())

const iso = (moment: number): string => new Date(moment).toISOString()

test('"I don\'t have a code" sends the same code again, as a message of its own, with the same deadline', async () => {
  const asked = await shop.issue('ana@example.org')
  await world.advance(seconds(30))
  const again = await shop.resend(asked.body.id)
  expect(again.status).toBe(202)
  expect(again.body).toMatchObject({ status: 'pending', expires_at: asked.body.expires_at, attempts_left: 5 })
  const messages = await world.inbox('ana@example.org')
  expect(messages.map((message) => message.code)).toEqual([messages[0]?.code, messages[0]?.code])
  const { deliveries } = (await shop.read(asked.body.id)).body
  expect(new Set(deliveries.map((delivery) => delivery.id)).size).toBe(2)
  expect(deliveries.map((delivery) => delivery.status)).toEqual(['sent', 'sent'])
})

test('it is sent again after 30, 60 and 120 seconds, four times in all', async () => {
  const { body } = await shop.issue('bea@example.org')
  let resendAt = body.resend_at
  for (const gap of [30, 60, 120]) {
    expect(resendAt).toBe(iso(world.now + seconds(gap)))
    await world.advance(seconds(gap) - 1)
    const early = await shop.resend(body.id)
    expect(early.status).toBe(429)
    expect(early.body).toMatchObject({ code: 'resend_too_soon', retry_at: resendAt, retry_after: 1 })
    expect(early.headers.get('retry-after')).toBe('1')
    await world.advance(1)
    const again = await shop.resend(body.id)
    expect(again.status).toBe(202)
    resendAt = again.body.resend_at
  }
  expect(resendAt).toBeNull()
  await world.advance(minutes(2))
  const fifth = await shop.resend(body.id)
  expect(fifth.status).toBe(409)
  expect(fifth.body.code).toBe('resends_spent')
  expect(await world.inbox('bea@example.org')).toHaveLength(4)
})

test('asking too soon, however often, never makes the wait longer', async () => {
  const { body } = await shop.issue('cem@example.org')
  for (let second = 0; second < 30; second += 1) {
    expect((await shop.resend(body.id)).body.retry_at).toBe(body.resend_at)
    await world.advance(seconds(1))
  }
  expect((await shop.resend(body.id)).status).toBe(202)
})

test('a resend gives back no tries', async () => {
  const { body } = await shop.issue('dia@example.org')
  const code = await world.readCode('dia@example.org')
  for (const nth of [1, 2, 3, 4]) await shop.check(body.id, wrongCode(code, nth))
  await world.advance(seconds(30))
  expect((await shop.resend(body.id)).body.attempts_left).toBe(1)
  expect((await shop.check(body.id, wrongCode(code, 5))).body.code).toBe('code_tries_spent')
  expect((await shop.resend(body.id)).body.code).toBe('code_tries_spent')
})

test('with four minutes left it is still the same code', async () => {
  const { body } = await shop.issue('eli@example.org')
  await world.advance(minutes(6))
  expect((await shop.resend(body.id)).body.expires_at).toBe(body.expires_at)
  const [first, second] = await world.inbox('eli@example.org')
  expect(second?.code).toBe(first?.code)
})

test('with less than four minutes left a new code comes, and the old one works until its own deadline', async () => {
  const renewedWithOldCode = async (to: string) => {
    const { body } = await shop.issue(to, { length: 8 })
    const old = await world.readCode(to)
    await world.advance(minutes(6) + 1)
    const renewed = await shop.resend(body.id)
    expect(renewed.body.expires_at).toBe(iso(world.now + minutes(10)))
    const fresh = await world.readCode(to)
    expect(fresh).not.toBe(old)
    return { id: body.id, old, fresh, oldExpiresAt: Date.parse(body.expires_at) }
  }
  const one = await renewedWithOldCode('fay@example.org')
  await world.travelTo(one.oldExpiresAt - 1)
  expect((await shop.check(one.id, one.old)).status).toBe(200)

  const two = await renewedWithOldCode('flo@example.org')
  await world.travelTo(two.oldExpiresAt)
  expect((await shop.check(two.id, two.old)).body.code).toBe('code_wrong')
  expect((await shop.check(two.id, two.fresh)).status).toBe(200)
})

test('old and new code share their tries', async () => {
  const { body } = await shop.issue('gil@example.org')
  const old = await world.readCode('gil@example.org')
  for (const nth of [1, 2, 3]) await shop.check(body.id, wrongCode(old, nth))
  await world.advance(minutes(7))
  expect((await shop.resend(body.id)).body.attempts_left).toBe(2)
  const [, fresh] = (await world.inbox('gil@example.org')).map((message) => message.code)
  const neither = ['000000', '111111', '222222'].filter((code) => code !== old && code !== fresh)
  expect((await shop.check(body.id, neither[0]!)).body.attempts_left).toBe(1)
  expect((await shop.check(body.id, neither[1]!)).body.code).toBe('code_tries_spent')
  expect((await shop.check(body.id, old)).body.code).toBe('code_tries_spent')
  expect((await shop.check(body.id, fresh!)).body.code).toBe('code_tries_spent')
})

test('what has ended is not sent again', async () => {
  const approved = await shop.issue('hal@example.org')
  await shop.check(approved.body.id, await world.readCode('hal@example.org'))
  const expired = await shop.issue('ida@example.org')
  await world.advance(minutes(10))
  expect((await shop.resend(approved.body.id)).body.code).toBe('code_used')
  expect((await shop.resend(expired.body.id)).body.code).toBe('code_expired')
  expect(await world.inbox('ida@example.org')).toHaveLength(1)
})

test('a code for an email address is not sent as a text', async () => {
  const { body } = await shop.issue('jon@example.org')
  await world.advance(seconds(30))
  const refused = await shop.resend(body.id, 'sms')
  expect(refused.status).toBe(422)
  expect(refused.body).toMatchObject({ code: 'channel_unavailable', channel: 'sms' })
  expect((await shop.resend(body.id, 'email')).status).toBe(202)
})

test('each send counts against the address: five in ten minutes, resends included', async () => {
  const first = await shop.issue('kim@example.org')
  await shop.issue('kim@example.org')
  await shop.issue('kim@example.org')
  await world.advance(seconds(30))
  expect((await shop.resend(first.body.id)).status).toBe(202)
  await world.advance(seconds(60))
  expect((await shop.resend(first.body.id)).status).toBe(202)
  await world.advance(seconds(120))
  const sixth = await shop.resend(first.body.id)
  expect(sixth.body).toMatchObject({ code: 'sends_limit', limit: 'email' })
  expect((await shop.read(first.body.id)).body.deliveries).toHaveLength(3)
})
