import { afterAll, beforeAll, expect, test } from 'vitest'
import { minutes } from '../../src/core/time.ts'
import { type Client, openWorld, type World } from '../support/world.ts'

let world: World
let shop: Client

beforeAll(async () => {
  world = await openWorld()
  shop = await world.application('Harbour Library')
})
afterAll(() => world.close())

test.for(['ar', 'ar-EG', 'AR_sa'])(
  'a reader whose language is %s gets the code in Arabic',
  async (locale) => {
    const { body } = await shop.issue('ana@example.org', { locale })
    const mail = (await world.inbox('ana@example.org')).at(-1)
    expect(mail?.subject).toContain('رمزك')
    expect(mail?.html).toContain('dir="rtl"')
    expect((await shop.check(body.id, mail?.code ?? '')).status).toBe(200)
  },
)

test.for(['fr', 'en-GB', 'zh-Hant-TW'])(
  'a reader whose language is %s gets it in English',
  async (locale) => {
    await shop.issue('bea@example.org', { locale })
    expect((await world.inbox('bea@example.org')).at(-1)?.subject).toMatch(/^Your code for Harbour Library/)
  },
)

test('a text is in Arabic too, its code in the digits that are typed', async () => {
  const { body } = await shop.issue('+447400123456', { locale: 'ar' })
  const [text] = await world.inbox('+447400123456')
  expect(text?.text).toMatch(/^\d{6} رمزك/)
  expect((await shop.check(body.id, text?.code ?? '')).status).toBe(200)
})

test('a code that is sent again keeps its language', async () => {
  const { body } = await shop.issue('cem@example.org', { locale: 'ar' })
  await world.advance(minutes(1))
  await shop.resend(body.id)
  const subjects = (await world.inbox('cem@example.org')).map((mail) => mail.subject)
  expect(subjects).toEqual([subjects[0], subjects[0]])
})

test.for([
  ['ar', 'غير موجود'],
  ['en, ar;q=0.5', 'Not found'],
  ['fr, ar;q=0.5, en;q=0.1', 'غير موجود'],
  ['ar;q=0, en', 'Not found'],
  ['fr', 'Not found'],
] as const)('a refusal is explained in the language of Accept-Language: %s', async ([accepted, title]) => {
  const { body } = await shop.get('/nothing/here', { 'Accept-Language': accepted })
  expect(body.code).toBe('route_unknown')
  expect(body.title).toContain(title)
})
