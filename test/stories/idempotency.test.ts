import { afterAll, beforeAll, expect, test } from 'vitest'
import { hours, minutes } from '../../src/core/time.ts'
import { newId } from '../../src/secrets/random.ts'
import { type Client, openWorld, type World } from '../support/world.ts'

let world: World
let shop: Client

beforeAll(async () => {
  world = await openWorld()
  shop = await world.application()
})
afterAll(() => world.close())

const withKey = (key: string) => ({ 'Idempotency-Key': key })

test('the same request with the same Idempotency-Key gets the same answer, and one message goes out', async () => {
  const key = withKey(newId())
  const first = await shop.issue('ana@example.org', { reference: 'order 7' }, key)
  const second = await shop.issue('ana@example.org', { reference: 'order 7' }, key)
  expect(second.status).toBe(201)
  expect(second.body).toEqual(first.body)
  expect(await world.inbox('ana@example.org')).toHaveLength(1)
})

test('another request with the same key is refused', async () => {
  const key = withKey(newId())
  await shop.issue('bea@example.org', {}, key)
  for (const [to, more] of [
    ['bea@example.com', {}],
    ['bea@example.org', { length: 8 }],
    ['bea@example.org', { locale: 'ar' }],
    ['bea@example.org', { reference: 'x' }],
    ['bea@example.org', { end_user: { ip: '192.0.2.1' } }],
  ] as const) {
    const other = await shop.issue(to, more, key)
    expect(other.status).toBe(422)
    expect(other.body.code).toBe('idempotency_key_reused')
  }
  expect(await world.inbox('bea@example.com')).toEqual([])
  expect(await world.inbox('bea@example.org')).toHaveLength(1)
})

test('another spelling of the same request is the same request', async () => {
  const key = withKey(newId())
  const first = await shop.issue('cem@example.org', {}, key)
  expect((await shop.issue('CEM@example.org', { length: 6, channel: 'email' }, key)).body.id).toBe(
    first.body.id,
  )
})

test('a key is remembered for 24 hours and then free again', async () => {
  const key = withKey(newId())
  const first = await shop.issue('dia@example.org', {}, key)
  await world.advance(hours(24) - 1)
  const replayed = await shop.issue('dia@example.org', {}, key)
  expect(replayed.body).toMatchObject({ id: first.body.id, status: 'expired' })
  expect((await shop.issue('other@example.org', {}, key)).body.code).toBe('idempotency_key_reused')
  await world.advance(1)
  const other = await shop.issue('other@example.org', {}, key)
  expect(other.status).toBe(201)
  expect(other.body.id).not.toBe(first.body.id)
  expect((await shop.issue('other@example.org', {}, key)).body.id).toBe(other.body.id)
  await world.advance(hours(24))
  const third = await shop.issue('other@example.org', {}, key)
  expect(third.body.id).not.toBe(other.body.id)
  expect(third.body.status).toBe('pending')
})

test('applications do not share keys', async () => {
  const key = withKey(newId())
  const other = await world.application()
  const mine = await shop.issue('eli@example.org', {}, key)
  const theirs = await other.issue('fay@example.org', {}, key)
  expect(theirs.status).toBe(201)
  expect(theirs.body.id).not.toBe(mine.body.id)
})

test('a repeated request costs nothing: it is answered even where the limit is used up', async () => {
  const to = 'gil@example.org'
  const key = withKey(newId())
  const first = await shop.issue(to, {}, key)
  for (let sends = 1; sends < 5; sends += 1) expect((await shop.issue(to)).status).toBe(201)
  expect((await shop.issue(to)).status).toBe(429)
  for (let asks = 0; asks < 20; asks += 1) {
    const again = await shop.issue(to, {}, key)
    expect(again.status).toBe(201)
    expect(again.body.id).toBe(first.body.id)
  }
  expect(await world.inbox(to)).toHaveLength(5)
})

test('a request that a limit refused may be made again with the same key', async () => {
  const to = 'hal@example.org'
  const key = withKey(newId())
  for (let sends = 0; sends < 5; sends += 1) await shop.issue(to)
  expect((await shop.issue(to, {}, key)).status).toBe(429)
  await world.advance(minutes(10))
  expect((await shop.issue(to, {}, key)).status).toBe(201)
})

test('twenty at once get one verification, and one message goes out', async () => {
  const key = withKey(newId())
  const answers = await Promise.all(Array.from({ length: 20 }, () => shop.issue('ida@example.org', {}, key)))
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]))
  expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
  expect(await world.inbox('ida@example.org')).toHaveLength(1)
})
