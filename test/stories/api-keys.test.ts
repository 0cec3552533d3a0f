import { afterAll, beforeAll, expect, test } from 'vitest'
import { hours, seconds } from '../../src/core/time.ts'
import { createApiKey } from '../../src/operations/administration/api-keys.ts'
import { revokeKey } from '../../src/storage/application.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

test('a revoked key is refused by every process within a second', async () => {
  const client = await world.application()
  expect((await client.issue('ana@example.org')).status).toBe(201)
  expect(await revokeKey(world.sql, client.keyId)).toBe(true)
  await world.advance(seconds(1))
  const refused = await client.issue('ana@example.org')
  expect(refused.status).toBe(401)
  expect(refused.body.code).toBe('api_key_refused')
  expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="countersign"')
})

test('a revoked key is refused within a second also where the clock was set back meanwhile', async () => {
  const client = await world.application()
  expect((await client.issue('bea@example.org')).status).toBe(201)
  await revokeKey(world.sql, client.keyId)
  await world.advance(-hours(1))
  expect((await client.issue('bea@example.org')).status).toBe(401)
  await world.advance(hours(1))
})

test('an application may have several keys; revoking one leaves the others', async () => {
  const client = await world.application('Two keys')
  const second = await createApiKey(world.deps.database, 'Two keys', 'another')
  expect(second.applicationId).toBe(client.applicationId)
  const { body } = await client.issue('cem@example.org')
  await revokeKey(world.sql, second.id)
  await world.advance(seconds(2))
  expect((await client.read(body.id)).status).toBe(200)
})

test('revoking a key twice tells that there is none alive', async () => {
  const client = await world.application()
  expect(await revokeKey(world.sql, client.keyId)).toBe(true)
  expect(await revokeKey(world.sql, client.keyId)).toBe(false)
})

test('a key with the right id and another secret is refused, also right after the right one', async () => {
  const client = await world.application()
  expect((await client.issue('dia@example.org')).status).toBe(201)
  const forged = `csk_${client.keyId}_${'A'.repeat(43)}`
  const answer = await client.post(
    '',
    { to: { email: 'dia@example.org' } },
    { Authorization: `Bearer ${forged}` },
  )
  expect(answer.body.code).toBe('api_key_refused')
})

test('only a hash of a key is stored', async () => {
  const client = await world.application()
  const secret = client.token.split('_').slice(2).join('_')
  const rows = await world.sql<{ row: string }>`select k::text as row from api_key k`
  for (const { row } of rows) {
    expect(row).not.toContain(secret)
    expect(row).not.toContain(Buffer.from(secret).toString('hex'))
    expect(row).not.toContain(Buffer.from(secret, 'base64url').toString('hex'))
  }
})
