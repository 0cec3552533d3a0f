import { afterEach, expect, test } from 'vitest'
import { days, hours, seconds } from '../../src/core/time.ts'
import { openWorld, policyForStories, type World, type WorldSettings } from '../support/world.ts'

let world: World | undefined

async function openStory(phones: Partial<typeof policyForStories.phones> = {}, settings: WorldSettings = {}) {
  world = await openWorld({
    policy: { ...policyForStories, phones: { ...policyForStories.phones, ...phones } },
    ...settings,
  })
  return { world, shop: await world.application('Harbour Library') }
}
afterEach(() => world?.close())

/** Numbers of one range: they share their first seven digits, +44 7400 1. */
const numberIn = (range: string, nth: number): string => `+${range}${String(nth).padStart(5, '0')}`

test('a code goes to a phone as a text, and is accepted', async () => {
  const { world, shop } = await openStory()
  const asked = await shop.issue('+44 7400 123456')
  expect(asked.body).toMatchObject({ channel: 'sms', to: { phone: '+447400123456' } })
  const [text] = await world.inbox('+447400123456')
  expect(text).toMatchObject({ channel: 'sms', subject: null, html: null })
  expect(text?.text).toMatch(/^\d{6} is your code for Harbour Library/)
  expect(text?.text).toContain(`\n\n@codes.harbour.test #${text?.code}`)
  expect((await shop.check(asked.body.id, text?.code ?? '')).status).toBe(200)
})

test('a phone of a country that is not served gets no code', async () => {
  const { world, shop } = await openStory({ countries: ['GB', 'EG'] })
  expect((await shop.issue('+447400123456')).status).toBe(201)
  expect((await shop.issue('+201001234567')).status).toBe(201)
  const refused = await shop.issue('+12015550123')
  expect(refused.status).toBe(422)
  expect(refused.body).toMatchObject({ code: 'phone_country_not_served', country: 'US' })
  expect(await world.inbox('+12015550123')).toEqual([])
})

test('a landline gets no text; a number with a new area code does', async () => {
  const { world, shop } = await openStory()
  const refused = await shop.issue('+54 11 2345 6789')
  expect(refused).toMatchObject({ status: 422, body: { code: 'phone_takes_no_texts' } })
  expect(await world.inbox('+541123456789')).toEqual([])
  expect((await shop.issue('+1 436 555 0123')).status).toBe(201)
  expect((await world.inbox('+14365550123'))[0]).toMatchObject({ channel: 'sms' })
})

test('a number, an address and a code are read without the marks that copying brings', async () => {
  const { world, shop } = await openStory()
  const text = await shop.issue('\u202a+44\u00a07400\u2011123456\u202c')
  expect(text.body).toMatchObject({ to: { phone: '+447400123456' } })
  const mail = await shop.issue('\u2068ana@example.org\u2069')
  expect(mail.body).toMatchObject({ to: { email: 'ana@example.org' } })
  const code = await world.readCode('ana@example.org')
  expect((await shop.check(mail.body.id, `\u2066${code}\u2069`)).status).toBe(200)
  const devanagari = (await world.readCode('+447400123456')).replace(/\d/g, (digit) =>
    String.fromCodePoint(0x966 + Number(digit)),
  )
  expect((await shop.check(text.body.id, `\u200f${devanagari}`)).status).toBe(200)
})

test('without a list of countries no phone gets a code', async () => {
  const { shop } = await openStory({ countries: [] })
  expect((await shop.issue('+447400123456')).body.code).toBe('phone_country_not_served')
})

test('without a provider for texts no phone gets a code', async () => {
  const { shop } = await openStory({}, { channels: ['email'] })
  const refused = await shop.issue('+447400123456')
  expect(refused.status).toBe(422)
  expect(refused.body).toMatchObject({ code: 'channel_unavailable', channel: 'sms' })
})

test('a number range that took 50 codes and used none closes for 24 hours; others stay open', async () => {
  const { world, shop } = await openStory()
  const farm = await world.application()
  let sent = 0
  for (let nth = 0; nth < 120; nth += 1) {
    const client = nth % 2 === 0 ? shop : farm
    const answer = await client.issue(numberIn('4474001', nth))
    if (answer.status === 201) sent += 1
    else {
      expect(answer.status).toBe(429)
      expect(answer.body).toMatchObject({
        code: 'phone_prefix_closed',
        retry_at: new Date(world.now + days(1)).toISOString(),
      })
    }
  }
  expect(sent).toBe(50)
  expect((await shop.issue(numberIn('4474002', 1))).status).toBe(201)
  expect((await shop.issue('ana@example.org')).status).toBe(201)

  await world.advance(days(1) - 1)
  expect((await shop.issue(numberIn('4474001', 200))).body.code).toBe('phone_prefix_closed')
  await world.advance(1)
  expect((await shop.issue(numberIn('4474001', 200))).status).toBe(201)
})

test('a number range that uses a fifth of its codes stays open', async () => {
  const { world, shop } = await openStory()
  for (let nth = 0; nth < 50; nth += 1) {
    const number = numberIn('4474001', nth)
    const { body } = await shop.issue(number)
    if (nth < 10) await shop.check(body.id, await world.readCode(number))
  }
  for (let nth = 50; nth < 60; nth += 1) {
    expect((await shop.issue(numberIn('4474001', nth))).status).toBe(201)
  }
})

test('a send that a closed range refuses takes nothing from the limits of the phone', async () => {
  const { world, shop } = await openStory({ prefix: { ...policyForStories.phones.prefix, sends: 1 } })
  expect((await shop.issue(numberIn('4474001', 1))).status).toBe(201)
  const counted = () => world.sql`select key, sends from rate_limit order by key`
  const before = await counted()
  for (let asks = 0; asks < 5; asks += 1) {
    expect((await shop.issue(numberIn('4474001', 2))).body.code).toBe('phone_prefix_closed')
  }
  expect(await counted()).toEqual(before)
})

test("the day's budget for texts is kept to the message; it begins anew at midnight UTC", async () => {
  const { world, shop } = await openStory({ budget: { perMessage: 5, perDay: 30 } })
  for (let nth = 0; nth < 4; nth += 1) {
    expect((await shop.issue(numberIn('4474001', nth))).status).toBe(201)
  }
  const spent = await shop.issue(numberIn('4474001', 4))
  const midnight = Date.UTC(2026, 5, 2)
  expect(spent.status).toBe(429)
  expect(spent.body).toMatchObject({ code: 'phone_budget_spent', retry_at: new Date(midnight).toISOString() })
  expect((await shop.issue('ana@example.org')).status).toBe(201)
  await world.travelTo(midnight - 1)
  expect((await shop.issue(numberIn('4474001', 4))).body.code).toBe('phone_budget_spent')
  await world.advance(1)
  expect((await shop.issue(numberIn('4474001', 4))).status).toBe(201)
})

test('a resend costs as much as a first send', async () => {
  const { world, shop } = await openStory({ budget: { perMessage: 5, perDay: 13 } })
  const { body } = await shop.issue('+447400123456')
  await world.advance(seconds(30))
  expect((await shop.resend(body.id)).status).toBe(202)
  await world.advance(seconds(60))
  expect((await shop.resend(body.id)).body.code).toBe('phone_budget_spent')
  expect((await shop.read(body.id)).body.deliveries).toHaveLength(2)
  await world.advance(hours(1))
})
