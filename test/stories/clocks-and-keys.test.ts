import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FlowState } from '../../src/core/people/flow.ts'
import type { Proof } from '../../src/core/people/session.ts'
import { days, hours, minutes, seconds } from '../../src/core/time.ts'
import { newId } from '../../src/secrets/random.ts'
import { claimStep, findFlow, insertFlow } from '../../src/storage/flow.ts'
import { insertInvitation, isInvitationOpen, useInvitation } from '../../src/storage/invitation.ts'
import { findSession, insertSession } from '../../src/storage/session.ts'
import { makeAccount } from '../support/accounts.ts'
import { type Client, openWorld, type World, wrongCode } from '../support/world.ts'

let world: World
let shop: Client

beforeAll(async () => {
  world = await openWorld()
  shop = await world.application()
})
afterAll(() => world.close())

test('ten rotations of the keys refuse no code that is still good', async () => {
  const asked: { id: string; code: string }[] = []
  for (let rotation = 0; rotation < 10; rotation += 1) {
    const to = `reader-${rotation}@example.org`
    const { body } = await shop.issue(to)
    asked.push({ id: body.id, code: await world.readCode(to) })
    await world.rotateKeys()
    await world.advance(seconds(50))
  }
  for (const { id, code } of asked) expect((await shop.check(id, code)).status).toBe(200)
})

test('a code is sent again as it was, whatever was rotated since', async () => {
  const { body } = await shop.issue('ana@example.org')
  await world.rotateKeys()
  await world.advance(minutes(1))
  await shop.resend(body.id)
  const [first, second] = await world.inbox('ana@example.org')
  expect(second?.code).toBe(first?.code)
})

test('eleven minutes after it was replaced a key guards no code any more', async () => {
  const ring = () => world.deps.keyring.current()
  const old = ring().current
  await world.rotateKeys()
  const guards = () =>
    ring()
      .forCodes(world.now)
      .some((key) => key.id === old.id)
  await world.advance(minutes(11) - 1)
  expect(guards()).toBe(true)
  await world.advance(1)
  expect(guards()).toBe(false)
  expect(ring().find(old.id)).toBeDefined()
})

test('a key is forgotten 25 hours after it was replaced', async () => {
  const old = world.deps.keyring.current().current
  await world.rotateKeys()
  await world.advance(hours(25))
  await world.rotateKeys()
  expect(world.deps.keyring.current().find(old.id)).toBeUndefined()
})

test.for([hours(1), -hours(1), days(1), -days(1)])(
  "a process whose clock is %d ms ahead judges codes by the database's clock",
  async (ahead) => {
    const skewed = world.onClockAhead(shop, ahead)
    const to = `skewed${ahead}@example.org`
    const good = await skewed.issue(to)
    expect(good.body.expires_at).toBe(new Date(world.now + minutes(10)).toISOString())
    expect((await skewed.check(good.body.id, await world.readCode(to))).status).toBe(200)
    const late = await skewed.issue(to)
    const code = await world.readCode(to)
    await world.advance(minutes(10))
    expect((await skewed.check(late.body.id, code)).body.code).toBe('code_expired')
  },
)

test("codes expire when the database's clock is set forward by 11 minutes", async () => {
  const { body } = await shop.issue('bea@example.org')
  const code = await world.readCode('bea@example.org')
  await world.advance(minutes(11))
  expect((await shop.check(body.id, code)).body.code).toBe('code_expired')
})

test("tries stay spent and codes stay used when the database's clock is set back by an hour", async () => {
  const one = await shop.issue('cem@example.org')
  const code = await world.readCode('cem@example.org')
  for (const nth of [1, 2, 3]) await shop.check(one.body.id, wrongCode(code, nth))
  const two = await shop.issue('dia@example.org')
  const used = await world.readCode('dia@example.org')
  expect((await shop.check(two.body.id, used)).status).toBe(200)

  await world.advance(-hours(1))
  expect((await shop.check(one.body.id, wrongCode(code, 4))).body.code).toBe('unavailable')
  expect((await shop.check(two.body.id, used)).body.code).toBe('code_used')
  await world.advance(hours(1))
  expect((await shop.check(one.body.id, wrongCode(code, 4))).body.attempts_left).toBe(1)
  expect((await shop.check(one.body.id, wrongCode(code, 5))).body.code).toBe('code_tries_spent')
  expect((await shop.check(one.body.id, code)).body.code).toBe('code_tries_spent')
  expect((await shop.check(two.body.id, used)).body.code).toBe('code_used')
})

test("a code from after what the database's clock says is refused, and that is logged", async () => {
  const to = 'fay@example.org'
  const { body } = await shop.issue(to)
  const code = await world.readCode(to)
  await world.advance(-hours(1))
  world.clockFaults.length = 0
  const refused = await shop.check(body.id, code)
  expect(refused).toMatchObject({
    status: 503,
    body: { code: 'unavailable', retry_after: expect.any(Number) },
  })
  expect(world.clockFaults.map(String)).toEqual([expect.stringMatching(/clock was set back by 60 min/)])
  await world.advance(hours(1))
  expect((await shop.check(body.id, code)).status).toBe(200)
})

test("a code sent again after what the database's clock says is refused", async () => {
  const to = 'gil@example.org'
  const { body } = await shop.issue(to)
  await world.advance(minutes(7))
  expect((await shop.resend(body.id)).status).toBe(202)
  const code = await world.readCode(to)
  await world.advance(-minutes(5))
  expect((await shop.check(body.id, code)).body.code).toBe('unavailable')
  await world.advance(minutes(5))
  expect((await shop.check(body.id, code)).status).toBe(200)
})

test("a step or an invitation from after what the database's clock says is not open", async () => {
  const { sql } = world
  const [id, browser, invitation] = [newId(), randomBytes(32), randomBytes(32)]
  await insertFlow(sql, { id, browser, state: { kind: 'sign_in' } as FlowState, lasts: minutes(30) })
  await insertInvitation(sql, invitation, hours(1))
  const open = async () => [
    (await findFlow(sql, id, browser)) !== undefined,
    (await claimStep(sql, id, browser, 0)) !== undefined,
    await isInvitationOpen(sql, invitation),
  ]
  await world.advance(-hours(1))
  expect(await open()).toEqual([false, false, false])
  expect(await useInvitation(sql, invitation)).toBe(false)
  await world.advance(hours(1))
  expect(await open()).toEqual([true, true, true])
})

test("a proof from after what the database's clock says is not fresh", async () => {
  const { sql } = world
  const account = await makeAccount(world, 'hua@example.org')
  const [token, browser] = [
    { accountId: account.id, sessionId: newId(), secretHash: randomBytes(32) },
    randomBytes(32),
  ]
  const proofs: Proof[] = [{ kind: 'email_code', at: world.now, itemId: account.itemId }]
  const opened = { kept: false, proofs, userAgent: undefined, ip: '203.0.113.7' }
  await insertSession(sql, { ...token, id: token.sessionId, browser, ...opened })
  const proofsNow = async () => (await findSession(sql, token, browser))?.session.proofs
  await world.advance(-hours(1))
  expect(await proofsNow()).toEqual([])
  await world.advance(hours(1))
  expect(await proofsNow()).toEqual(proofs)
})

test.for([hours(1), -hours(1)])(
  "a process whose clock is %d ms ahead tells waits by the database's",
  async (ahead) => {
    const skewed = world.onClockAhead(shop, ahead)
    const to = `waiting${ahead}@example.org`
    const { body } = await skewed.issue(to)
    const expected = { retry_after: 30, retry_at: new Date(world.now + seconds(30)).toISOString() }
    expect((await skewed.resend(body.id)).body).toMatchObject({ code: 'resend_too_soon', ...expected })
    for (let sends = 1; sends < 5; sends += 1) await skewed.issue(to)
    const limited = await skewed.issue(to)
    const until = { retry_after: 600, retry_at: new Date(world.now + minutes(10)).toISOString() }
    expect(limited.body).toMatchObject({ code: 'sends_limit', ...until })
    expect(limited.headers.get('retry-after')).toBe('600')
  },
)

test("no limit is loosened when the database's clock is set back", async () => {
  const to = 'eli@example.org'
  for (let sends = 0; sends < 5; sends += 1) await shop.issue(to)
  await world.advance(-hours(1))
  expect((await shop.issue(to)).body.code).toBe('sends_limit')
  await world.advance(hours(1) + minutes(10))
  expect((await shop.issue(to)).status).toBe(201)
})
