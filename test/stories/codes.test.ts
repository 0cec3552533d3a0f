import { afterAll, beforeAll, expect, test } from 'vitest'
import { minutes, seconds } from '../../src/core/time.ts'
import { type Client, openWorld, type World, wrongCode } from '../support/world.ts'

let world: World
let shop: Client

beforeAll(async () => {
  world = await openWorld()
  shop = await world.application('Harbour Library')
})
afterAll(() => world.close())

test('a code is asked for, read in the inbox, and accepted', async () => {
  const asked = await shop.issue('ana@example.org', { reference: 'order 7' })
  expect(asked.status).toBe(201)
  expect(asked.body).toMatchObject({
    status: 'pending',
    channel: 'email',
    to: { email: 'ana@example.org' },
    reference: 'order 7',
    created_at: new Date(world.now).toISOString(),
    expires_at: new Date(world.now + minutes(10)).toISOString(),
    resend_at: new Date(world.now + seconds(30)).toISOString(),
    attempts_left: 5,
  })
  const code = await world.readCode('ana@example.org')
  expect(code).toMatch(/^\d{6}$/)
  const checked = await shop.check(asked.body.id, code)
  expect(checked.status).toBe(200)
  expect(checked.body).toEqual({
    id: asked.body.id,
    status: 'approved',
    approved_at: new Date(world.now).toISOString(),
  })
  expect((await shop.read(asked.body.id)).body).toMatchObject({ status: 'approved', resend_at: null })
})

test('each answer names the reference that its message shows, apart from the application’s own', async () => {
  const asked = await shop.issue('reference@example.org', { reference: 'order 8' })
  await world.advance(seconds(30))
  const resent = await shop.resend(asked.body.id)
  const read = await shop.read(asked.body.id)
  const [mail] = await world.inbox('reference@example.org')
  expect(mail?.text).toContain(mail?.reference)
  const cancelled = await shop.cancel(asked.body.id)
  for (const { body } of [asked, resent, read, cancelled]) {
    expect(body).toMatchObject({ message_reference: mail?.reference, reference: 'order 8' })
  }
})

test('a wrong code says how many tries are left', async () => {
  const { body } = await shop.issue('bea@example.org')
  const wrong = await shop.check(body.id, wrongCode(await world.readCode('bea@example.org')))
  expect(wrong.status).toBe(422)
  expect(wrong.body).toMatchObject({ code: 'code_wrong', kind: 'verification', attempts_left: 4 })
  expect(wrong.headers.get('countersign-error')).toMatch(
    /^code_wrong; kind="verification"; attempts_left=4; request="/,
  )
})

test('the fifth wrong code is the last: after it even the right one is refused', async () => {
  const { body } = await shop.issue('cem@example.org')
  const code = await world.readCode('cem@example.org')
  for (const attemptsLeft of [4, 3, 2, 1]) {
    expect((await shop.check(body.id, wrongCode(code, attemptsLeft))).body.attempts_left).toBe(attemptsLeft)
  }
  const last = await shop.check(body.id, wrongCode(code, 9))
  expect(last.status).toBe(409)
  expect(last.body.code).toBe('code_tries_spent')
  expect((await shop.check(body.id, code)).body.code).toBe('code_tries_spent')
  expect((await shop.read(body.id)).body).toMatchObject({ status: 'exhausted', attempts_left: 0 })
})

test('the fifth try may still be the right one', async () => {
  const { body } = await shop.issue('dia@example.org')
  const code = await world.readCode('dia@example.org')
  for (const nth of [1, 2, 3, 4]) await shop.check(body.id, wrongCode(code, nth))
  expect((await shop.check(body.id, code)).status).toBe(200)
})

test('a code works until its tenth minute is over, to the millisecond', async () => {
  const { body } = await shop.issue('eli@example.org')
  const code = await world.readCode('eli@example.org')
  const other = await shop.issue('eli@example.org')
  const otherCode = await world.readCode('eli@example.org')
  await world.advance(minutes(10) - 1)
  expect((await shop.check(body.id, code)).status).toBe(200)
  await world.advance(1)
  const late = await shop.check(other.body.id, otherCode)
  expect(late.status).toBe(422)
  expect(late.body).toMatchObject({ code: 'code_expired', expired_at: other.body.expires_at })
  expect((await shop.read(other.body.id)).body).toMatchObject({ status: 'expired', attempts_left: 5 })
})

test('a code is accepted once', async () => {
  const { body } = await shop.issue('fay@example.org')
  const code = await world.readCode('fay@example.org')
  const usedAt = new Date(world.now).toISOString()
  expect((await shop.check(body.id, code)).status).toBe(200)
  await world.advance(seconds(5))
  const again = await shop.check(body.id, code)
  expect(again.status).toBe(409)
  expect(again.body).toMatchObject({ code: 'code_used', used_at: usedAt })
  expect((await shop.check(body.id, wrongCode(code))).body.code).toBe('code_used')
})

test('a cancelled verification accepts no code, and cancelling twice is fine', async () => {
  const { body } = await shop.issue('gil@example.org')
  const code = await world.readCode('gil@example.org')
  expect((await shop.cancel(body.id)).body.status).toBe('cancelled')
  expect((await shop.cancel(body.id)).status).toBe(200)
  expect((await shop.check(body.id, code)).body.code).toBe('verification_cancelled')
  expect((await shop.resend(body.id)).body.code).toBe('verification_cancelled')
})

test('what has ended otherwise cannot be cancelled', async () => {
  const { body } = await shop.issue('hal@example.org')
  await shop.check(body.id, await world.readCode('hal@example.org'))
  expect((await shop.cancel(body.id)).body.code).toBe('code_used')
  expect((await shop.read(body.id)).body.status).toBe('approved')
  const expired = await shop.issue('hal@example.org')
  await world.advance(minutes(10))
  expect((await shop.cancel(expired.body.id)).body.code).toBe('code_expired')
})

test("another application's verification is as unknown as one that never was", async () => {
  const { body } = await shop.issue('ida@example.org')
  const code = await world.readCode('ida@example.org')
  const stranger = await world.application()
  const unknown = '00000000-0000-4000-8000-000000000000'
  const asks = [
    (id: string) => stranger.check(id, code),
    (id: string) => stranger.read(id),
    (id: string) => stranger.resend(id),
    (id: string) => stranger.cancel(id),
  ]
  for (const ask of asks) {
    const foreign = await ask(body.id)
    const never = await ask(unknown)
    expect(foreign.status).toBe(404)
    expect({ ...foreign.body, instance: '' }).toEqual({ ...never.body, instance: '' })
  }
  expect((await shop.read(body.id)).body).toMatchObject({ status: 'pending', attempts_left: 5 })
  expect((await shop.check(body.id, code)).status).toBe(200)
})

test('the code of one verification is worth nothing on another to the same address', async () => {
  const first = await shop.issue('jon@example.org')
  const code = await world.readCode('jon@example.org')
  const second = await shop.issue('jon@example.org')
  const other = await world.readCode('jon@example.org')
  if (code !== other) expect((await shop.check(first.body.id, other)).body.code).toBe('code_wrong')
  expect((await shop.check(second.body.id, other)).status).toBe(200)
  expect((await shop.check(first.body.id, code)).status).toBe(200)
})

test.for([
  ['with a space', (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`],
  ['with a hyphen', (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`],
  ['with spaces around it', (code: string) => `\t ${code}\n`],
  ['in full-width digits', (code: string) => inDigits(code, 0xff10)],
  ['in Arabic digits', (code: string) => inDigits(code, 0x0660)],
  ['in Persian digits', (code: string) => inDigits(code, 0x06f0)],
] as const)('a right code typed %s is right', async ([, typed]) => {
  const { body } = await shop.issue('kim@example.org')
  const code = await world.readCode('kim@example.org')
  expect((await shop.check(body.id, typed(code))).status).toBe(200)
  await world.advance(minutes(10))
})

test('what is no code spends no try', async () => {
  const { body } = await shop.issue('lea@example.org')
  for (const typed of ['', 'hello', '12345', '1234567', '12345678', '12345a', '1,23456', 'O12345']) {
    const answer = await shop.check(body.id, typed)
    expect(answer.body).toMatchObject({ code: 'code_malformed', length: 6 })
  }
  expect((await shop.read(body.id)).body.attempts_left).toBe(5)
})

test('a code of eight digits is asked for where it alone signs in', async () => {
  const { body } = await shop.issue('mia@example.org', { length: 8 })
  const code = await world.readCode('mia@example.org')
  expect(code).toMatch(/^\d{8}$/)
  expect((await shop.check(body.id, code.slice(0, 6))).body).toMatchObject({
    code: 'code_malformed',
    length: 8,
  })
  expect((await shop.check(body.id, `${code.slice(0, 4)} ${code.slice(4)}`)).status).toBe(200)
})

test('an address in capitals is the same address', async () => {
  const { body } = await shop.issue('  Nora@Example.ORG ')
  expect(body.to).toEqual({ email: 'nora@example.org' })
  expect(await world.readCode('nora@example.org')).toMatch(/^\d{6}$/)
})

test('an id is read in capitals too', async () => {
  const { body } = await shop.issue('ole@example.org')
  expect((await shop.read(body.id.toUpperCase())).body.id).toBe(body.id)
  expect((await shop.check(body.id.toUpperCase(), await world.readCode('ole@example.org'))).status).toBe(200)
})

test('no code stands in the database in clear', async () => {
  const { body } = await shop.issue('pia@example.org', { length: 8 })
  const code = await world.readCode('pia@example.org')
  for (const table of [
    'verification',
    'message',
    'delivery_event',
    'activity',
    'inbox_message',
    'rate_limit',
  ]) {
    const rows = await world.sql.run<{ row: string }>(
      { name: `dump_${table}`, text: `select t::text as row from ${table} t` },
      [],
    )
    for (const { row } of rows) {
      expect(row).not.toContain(code)
      expect(row).not.toContain(Buffer.from(code).toString('hex'))
    }
  }
  expect((await shop.check(body.id, code)).status).toBe(200)
})

const inDigits = (code: string, zero: number): string =>
  code.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)))
