import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { minutes } from '../../src/core/time.ts'
import { apiRefusals } from '../../src/http/api/reference.ts'
import { refusalShapes } from '../../src/http/refusals.ts'
import { type Client, openWorld, type World, wrongCode } from '../support/world.ts'
import {
  badAddresses,
  badAuthorizations,
  badIdempotencyKeys,
  badIds,
  badIps,
  badLanguages,
  badPhones,
  badReferences,
  brokenBodies,
  extraFields,
  noCodes,
  oddAcceptLanguages,
  otherContentTypes,
  wrongValues,
} from './corpus.ts'
import { openWire, type Received, type Sent, type Wire } from './wire.ts'

let world: World
let shop: Client
let wire: Wire
let pending: { id: string; code: string }
const base = '/v1/verifications'
let cases = 0

beforeAll(async () => {
  world = await openWorld()
  wire = await openWire(world)
  shop = await world.application()
  const { body } = await shop.issue('ana@example.org')
  pending = { id: body.id, code: await world.readCode('ana@example.org') }
})
afterAll(async () => {
  wire.close()
  await world.close()
})

const json = (): Record<string, string> => ({ ...authorized(), 'Content-Type': 'application/json' })
const authorized = (): Record<string, string> => ({ Authorization: `Bearer ${shop.token}` })
const good = { to: { email: 'bea@example.org' } }

/** The three that take a body, each with one that is right. */
const writes = (): { path: string; body: object }[] => [
  { path: base, body: good },
  { path: `${base}/${pending.id}/attempts`, body: { code: wrongCode(pending.code) } },
  { path: `${base}/${pending.id}/sends`, body: {} },
]

/** Everything that a request could have changed. */
async function everything(): Promise<string> {
  const [row] = await world.sql<{ all: string }>`
    select concat_ws(' ', (select count(*) from verification), (select sum(attempts) from verification),
      (select string_agg(state, '' order by id) from verification), (select sum(sends) from verification),
      (select count(*) from message), (select count(*) from activity), (select count(*) from inbox_message),
      (select count(*) from delivery_event), (select md5(string_agg(l::text, '' order by key)) from rate_limit l),
      (select count(*) from application), (select count(*) from api_key), (select count(*) from phone_prefix)) as all`
  return row?.all ?? ''
}

/** Sends it, and holds that it is refused in the proper form, with one of these codes, and that nothing came of it. */
async function refused(name: string, sent: Sent, codes: string | readonly string[]): Promise<Received> {
  cases += 1
  const before = await everything()
  const received = await wire.send(sent)
  expect(received.status, `${name}: ${received.text}`).toBeLessThan(500)
  const problem = JSON.parse(received.text || '{}')
  expect([codes].flat(), `${name}: ${received.text}`).toContain(problem.code)
  expectProblem(name, received, problem)
  expect(await everything(), `${name} changed something`).toBe(before)
  return received
}

function expectProblem(name: string, received: Received, problem: Record<string, unknown>): void {
  const { status, kind } = refusalShapes[problem.code as keyof typeof refusalShapes]
  expect(apiRefusals, name).toContain(problem.code)
  const about = `${name}: ${received.text}`
  expect(received.status, about).toBe(status)
  expect(received.headers['content-type'], about).toBe('application/problem+json')
  expect(problem, about).toMatchObject({
    type: `https://codes.harbour.test/help/errors/${problem.code}`,
    title: expect.stringMatching(/\S/),
    detail: expect.stringMatching(/\S/),
    instance: expect.stringMatching(/^[0-9a-f-]{36}$/),
    status,
    kind,
  })
  const field = String(received.headers['countersign-error'])
  expect(field.split('; ')[0], about).toBe(problem.code)
  expect(field, about).toContain(`kind="${kind}"`)
  expect(field, about).toContain(`request="${problem.instance}"`)
  expect(field, about).toMatch(/^[\x20-\x7e]+$/)
  expect(received.headers['cache-control'], about).toBe('no-store')
  if (status === 405) expect(received.headers.allow, about).toMatch(/^[A-Z]+(, [A-Z]+)*$/)
  if (status === 401) expect(received.headers['www-authenticate'], about).toMatch(/^Bearer /)
  if ('retry_after' in problem)
    expect(received.headers['retry-after'], about).toBe(String(problem.retry_after))
}

describe('refused, and nothing comes of it:', () => {
  test('a body that is no JSON, or not in UTF-8', async () => {
    for (const { path } of writes()) {
      for (const [name, body] of brokenBodies) {
        await refused(`${path} ${name}`, { path, headers: json(), body }, 'body_malformed')
        await refused(
          `${path} ${name} chunked`,
          { path, headers: json(), body, chunked: true },
          'body_malformed',
        )
      }
    }
  })

  test('JSON that is no object', async () => {
    for (const { path } of writes()) {
      for (const body of ['null', 'true', '1', '"x"', '[]', '[{}]', '-0', '1e999', ' [ ] ', '[[[[[[]]]]]]']) {
        await refused(`${path} ${body}`, { path, headers: json(), body }, 'input_refused')
      }
    }
  })

  test('a body of another type, or of none', async () => {
    for (const { path, body } of writes()) {
      for (const type of otherContentTypes) {
        const headers = type === undefined ? authorized() : { ...authorized(), 'Content-Type': type }
        const sent = { path, headers, body: JSON.stringify(body) }
        await refused(`${path} ${type}`, sent, 'content_type_unsupported')
      }
    }
  })

  test('fields that the request does not have: nothing of a verification can be written (ZITADEL CVE-2026-27946)', async () => {
    for (const { path, body } of writes()) {
      for (const field of extraFields) {
        for (const value of ['true', '"approved"', '{"x":1}']) {
          const text = `{"${field}":${value},${JSON.stringify(body).slice(1)}`.replace(',}', '}')
          const name = `${path} ${field}: ${value}`
          const { text: answer } = await refused(name, { path, headers: json(), body: text }, 'input_refused')
          expect(JSON.parse(answer).errors, name).toContainEqual({
            pointer: `/${field}`,
            problem: 'is not a field of this request',
          })
        }
      }
    }
    for (const field of extraFields) {
      const nested = [
        `{"to":{"email":"bea@example.org","${field}":true}}`,
        `{"to":{"email":"bea@example.org"},"end_user":{"ip":"192.0.2.1","${field}":true}}`,
      ]
      for (const body of nested) await refused(body, { path: base, headers: json(), body }, 'input_refused')
    }
  })

  test('a value of another type than the field has', async () => {
    const inputs = ['input_refused', 'email_malformed', 'phone_malformed', 'code_malformed']
    for (const value of wrongValues) {
      const bodies = [
        `{"to":${value}}`,
        `{"to":{"email":${value}}}`,
        `{"to":{"phone":${value}}}`,
        ...['channel', 'length', 'locale', 'reference', 'end_user'].map(
          (field) => `{"to":{"email":"bea@example.org"},"${field}":${value}}`,
        ),
        `{"to":{"email":"bea@example.org"},"end_user":{"ip":${value}}}`,
      ]
      for (const body of bodies) await refused(body, { path: base, headers: json(), body }, inputs)
      const attempt = { path: `${base}/${pending.id}/attempts`, headers: json(), body: `{"code":${value}}` }
      await refused(attempt.body, attempt, inputs)
      const resend = { path: `${base}/${pending.id}/sends`, headers: json(), body: `{"channel":${value}}` }
      await refused(resend.body, resend, inputs)
    }
  })

  test('a code as a number, even the right one', async () => {
    const path = `${base}/${pending.id}/attempts`
    for (const body of [
      `{"code":${Number(pending.code)}}`,
      `{"code":["${pending.code}"]}`,
      '{}',
      '{"code":null}',
    ]) {
      await refused(body, { path, headers: json(), body }, 'input_refused')
    }
  })

  test('what is no code: no try is spent', async () => {
    const path = `${base}/${pending.id}/attempts`
    for (const code of noCodes) {
      const expected = code.length > 64 ? 'input_refused' : 'code_malformed'
      await refused(JSON.stringify(code), { path, headers: json(), body: JSON.stringify({ code }) }, expected)
    }
  })

  test('addresses that are none, or want to be two', async () => {
    for (const email of badAddresses) {
      const sent = { path: base, headers: json(), body: JSON.stringify({ to: { email } }) }
      await refused(JSON.stringify(email), sent, email.length > 400 ? 'input_refused' : 'email_malformed')
    }
  })

  test('phone numbers that are none', async () => {
    for (const phone of badPhones) {
      const sent = { path: base, headers: json(), body: JSON.stringify({ to: { phone } }) }
      await refused(JSON.stringify(phone), sent, phone.length > 64 ? 'input_refused' : 'phone_malformed')
    }
  })

  test('an address and a number at once, or a channel of the other kind', async () => {
    const bodies = [
      { to: { email: 'bea@example.org', phone: '+447400123456' } },
      { to: {} },
      { to: { mail: 'bea@example.org' } },
      { to: { email: 'bea@example.org' }, channel: 'sms' },
      { to: { email: 'bea@example.org' }, channel: 'voice' },
      { to: { phone: '+447400123456' }, channel: 'email' },
      { to: { email: 'bea@example.org' }, channel: 'carrier pigeon' },
    ]
    for (const body of bodies) {
      await refused(
        JSON.stringify(body),
        { path: base, headers: json(), body: JSON.stringify(body) },
        'input_refused',
      )
    }
    const call = JSON.stringify({ to: { phone: '+447400123456' }, channel: 'voice' })
    await refused(call, { path: base, headers: json(), body: call }, 'channel_unavailable')
  })

  test('languages, references and IP addresses that are none', async () => {
    const fields = [
      ...badLanguages.map((locale) => ({ locale })),
      ...badReferences.map((reference) => ({ reference })),
      ...badIps.map((ip) => ({ end_user: { ip } })),
      ...[5, 7, 9, 0, '6', 6.5].map((length) => ({ length })),
    ]
    for (const field of fields) {
      const body = JSON.stringify({ ...good, ...field })
      await refused(body, { path: base, headers: json(), body }, 'input_refused')
    }
  })

  test('ids that are none, or of nothing', async () => {
    for (const id of badIds) {
      const codes = ['verification_unknown', 'route_unknown', 'method_unknown']
      await refused(`GET ${id}`, { method: 'GET', path: `${base}/${id}`, headers: authorized() }, codes)
      const body = JSON.stringify({ code: '123456' })
      await refused(`try ${id}`, { path: `${base}/${id}/attempts`, headers: json(), body }, codes)
      await refused(`send ${id}`, { path: `${base}/${id}/sends`, headers: json(), body: '{}' }, codes)
      await refused(`cancel ${id}`, { path: `${base}/${id}/cancellation`, headers: authorized() }, codes)
    }
  })

  test("another application's id", async () => {
    const stranger = await world.application()
    const { body } = await stranger.issue('cem@example.org')
    const code = await world.readCode('cem@example.org')
    for (const id of [body.id, body.id.toUpperCase()]) {
      const unknown = 'verification_unknown'
      await refused('GET', { method: 'GET', path: `${base}/${id}`, headers: authorized() }, unknown)
      const attempt = { path: `${base}/${id}/attempts`, headers: json(), body: JSON.stringify({ code }) }
      await refused('attempt', attempt, unknown)
      await refused('send', { path: `${base}/${id}/sends`, headers: json() }, unknown)
      await refused('cancel', { path: `${base}/${id}/cancellation`, headers: json() }, unknown)
    }
  })

  test('methods that an address does not take, which says those that it takes', async () => {
    const allowed: [string, string][] = [
      [base, 'POST'],
      [`${base}/${pending.id}`, 'GET, HEAD'],
      [`${base}/${pending.id}/attempts`, 'POST'],
      [`${base}/${pending.id}/sends`, 'POST'],
      [`${base}/${pending.id}/cancellation`, 'POST'],
    ]
    for (const [path, allow] of allowed) {
      for (const method of [
        'GET',
        'POST',
        'PUT',
        'PATCH',
        'DELETE',
        'OPTIONS',
        'PROPFIND',
        'PURGE',
        'QUERY',
      ]) {
        if (allow.includes(method)) continue
        const { headers } = await refused(
          `${method} ${path}`,
          { method, path, headers: authorized() },
          'method_unknown',
        )
        expect(headers.allow, `${method} ${path}`).toBe(allow)
      }
    }
  })

  test('addresses that are none', async () => {
    const paths = [
      '/v1',
      '/v1/',
      '/v1/verification',
      `${base}/`,
      '/V1/verifications',
      '/v1/Verifications',
      `/v1//verifications`,
      `${base}/${pending.id}/`,
      `${base}/${pending.id}/attempt`,
      `${base}/${pending.id}/attempts/`,
      `${base}/${pending.id}/attempts/1`,
      `${base}/${pending.id}/deliveries`,
      `${base}/${pending.id}/approve`,
      `${base};x=1`,
      '/v2/verifications',
      '/v1/applications',
      '/v1/api_keys',
      '/v1/%76erification',
    ]
    for (const path of paths) {
      for (const method of ['GET', 'POST']) {
        const codes = ['route_unknown', 'verification_unknown', 'method_unknown']
        await refused(`${method} ${path}`, { method, path, headers: authorized() }, codes)
      }
    }
  })

  test('requests without a key that is one', async () => {
    for (const [value, code] of badAuthorizations(shop.token)) {
      const headers = {
        'Content-Type': 'application/json',
        ...(value !== undefined && { Authorization: value }),
      }
      const body = JSON.stringify(good)
      await refused(`POST ${value}`, { path: base, headers, body }, code)
      await refused(`GET ${value}`, { method: 'GET', path: `${base}/${pending.id}`, headers }, code)
    }
    const query = { path: `${base}?access_token=${shop.token}`, headers: {}, body: JSON.stringify(good) }
    await refused('a key in the address', query, 'authentication_required')
  })

  test('Idempotency-Keys that are none', async () => {
    for (const key of badIdempotencyKeys) {
      const headers = { ...json(), 'Idempotency-Key': key }
      const sent = { path: base, headers, body: JSON.stringify(good) }
      await refused(JSON.stringify(key), sent, 'idempotency_key_malformed')
    }
  })

  test('bodies larger than 16 kB, announced or not', async () => {
    for (const { path } of writes()) {
      for (const size of [16 * 1024 + 1, 64 * 1024, 1024 * 1024]) {
        const body = `{"x":"${'y'.repeat(size - 8)}"}`
        await refused(`${path} ${size}`, { path, headers: json(), body }, 'body_too_large')
        await refused(
          `${path} ${size} chunked`,
          { path, headers: json(), body, chunked: true },
          'body_too_large',
        )
      }
    }
    const just = `{"x":"${'y'.repeat(16 * 1024 - 8)}"}`
    await refused('just 16 kB', { path: base, headers: json(), body: just }, 'input_refused')
  })

  test('a refusal comes in some language whatever Accept-Language says', async () => {
    for (const language of oddAcceptLanguages) {
      const headers = { ...authorized(), 'Accept-Language': language }
      const path = `${base}/00000000-0000-4000-8000-000000000000`
      await refused(language, { method: 'GET', path, headers }, 'verification_unknown')
    }
  })

  test('headers sent twice', async () => {
    const body = JSON.stringify(good)
    const twoKeys = {
      'Content-Type': 'application/json',
      Authorization: ['Bearer x', `Bearer ${shop.token}`],
    }
    await refused('two keys', { path: base, headers: twoKeys, body }, [
      'api_key_refused',
      'authentication_required',
    ])
    const types = { ...authorized(), 'Content-Type': ['text/plain', 'application/json'] }
    await refused('two types', { path: base, headers: types, body }, 'content_type_unsupported')
    const languages = { ...authorized(), 'Accept-Language': ['ar', 'en;q=0.1'] }
    await refused(
      'two languages',
      { method: 'GET', path: `${base}/x`, headers: languages },
      'verification_unknown',
    )
  })

  test('what is no HTTP', async () => {
    const host = 'Host: localhost\r\n'
    const auth = `Authorization: Bearer ${shop.token}\r\nContent-Type: application/json\r\n`
    const body = JSON.stringify(good)
    const requests = [
      `POST ${base} HTTP/1.1\r\n${auth}Content-Length: ${body.length}\r\n\r\n${body}`,
      `POST ${base} HTTP/1.1\r\n${host}${auth}Content-Length: -1\r\n\r\n${body}`,
      `POST ${base} HTTP/1.1\r\n${host}${auth}Content-Length: 1e2\r\n\r\n${body}`,
      `POST ${base} HTTP/1.1\r\n${host}${auth}Content-Length: ${body.length}\r\nContent-Length: 3\r\n\r\n${body}`,
      `POST ${base} HTTP/1.1\r\n${host}${auth}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `POST ${base} HTTP/1.1\r\n${host}${auth}Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`,
      `POST ${base} HTTP/1.1\r\n${host}${auth}Transfer-Encoding: gzip\r\n\r\n${body}`,
      `POST ${base} HTTP/1.1\r\n${host}${auth}X: ${'y'.repeat(40_000)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      `POST ${base} HTTP/1.1\r\n${host}${auth}Idempotency-Key: a\x00b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      `POST ${base} HTTP/1.1\r\n${host}${auth}Idempotency-Key : a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      `POST ${base} HTTP/1.1\r\n${host}${auth} folded\r\nContent-Length: ${body.length + 9}\r\n\r\n${body}`,
      `POST ${base} HTTP/1.1\r\n${host}${auth}Content-Length: ${body.length + 50}\r\n\r\n${body}`,
      `POST ${base} HTTP/9.9\r\n${host}${auth}Content-Length: ${body.length}\r\n\r\n${body}`,
      `POST ${base}\r\n\r\n`,
      `post ${base} HTTP/1.1\r\n${host}${auth}Content-Length: ${body.length}\r\n\r\n${body}`,
      `TRACE ${base} HTTP/1.1\r\n${host}${auth}\r\n`,
      `CONNECT localhost:443 HTTP/1.1\r\n${host}${auth}\r\n`,
      `POST ${base} HTTP/1.1\r\nHost: a b\r\n${auth}Content-Length: ${body.length}\r\n\r\n${body}`,
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'SSH-2.0-OpenSSH_9.2\r\n',
      '\0\0\0\0',
      '\r\n\r\n\r\n\r\n',
    ]
    for (const text of requests) {
      cases += 1
      const before = await everything()
      const answer = await wire.raw(Buffer.from(text, 'latin1'))
      expect(answer, text.slice(0, 200)).not.toMatch(/^HTTP\/1\.1 (2|3|5)/)
      expect(await everything(), text.slice(0, 200)).toBe(before)
    }
  })

  test('more than 500 of these in all, and the service works as before', async () => {
    expect(cases).toBeGreaterThan(500)
    console.log(`${cases} requests were refused.`)
    expect((await shop.check(pending.id, pending.code)).status).toBe(200)
    const { body } = await shop.issue('dia@example.org')
    await world.advance(minutes(10))
    expect((await shop.check(body.id, '123456')).body.code).toBe('code_expired')
  })
})
