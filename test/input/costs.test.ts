import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { safeResponse } from '../../src/delivery/safe-response.ts'
import { newId } from '../../src/secrets/random.ts'
import { newPerson, type PageForm } from '../support/person.ts'
import { type Client, openWorld, type World } from '../support/world.ts'
import { type FormPlace, openFormPlaces } from './form-places.ts'

/**
 * Work that grows faster than what is sent lets one client stop the process: 32 KB may cost at most six times the
 * processor time of 8 KB. A step that is quadratic costs sixteen times as much.
 */
let world: World
let shop: Client
let places: FormPlace[]
beforeAll(async () => {
  world = await openWorld({ hurried: true })
  shop = await world.application()
  places = await openFormPlaces(world)
  // Nothing but the requests takes time of this thread.
  await world.worker.leave()
})
afterAll(() => world.close())

const large = 32 * 1024
const most = 6
/** The system counts processor time in steps of 4 ms: less can't be told apart. */
const tick = 4000

const signs = ['a', '0', ' ', '.', ';', '@', '\\', '"']
const openings = ['(', '[', '{', '<', ';a="', '{"a":']
/** Two combining marks that normalisation puts in order, each past all that stand before it. */
const marks = ['\u0316\u0301']
const fillings = [...signs, ...openings, ...marks]

const filled = (filling: string, bytes: number): string =>
  filling.repeat(Math.floor(bytes / Buffer.byteLength(filling)))

/** Processor time of this thread, in microseconds: whatever else the machine does is not counted. */
async function costOf(work: () => unknown): Promise<number> {
  const before = process.threadCpuUsage()
  await work()
  const { user, system } = process.threadCpuUsage(before)
  return user + system
}

/**
 * The least of up to six times: what comes between, such as a collection of garbage, only ever adds.
 *
 * @param prepare makes ready, unmeasured, what is done with so many bytes
 * @returns what is wrong, where something is
 */
async function steeper(
  about: string,
  bytes: number,
  prepare: (bytes: number) => Promise<() => unknown>,
): Promise<string[]> {
  const least = { quarter: Number.POSITIVE_INFINITY, whole: Number.POSITIVE_INFINITY }
  for (let round = 0; round < 6; round += 1) {
    least.quarter = Math.min(least.quarter, Math.max(tick, await costOf(await prepare(bytes / 4))))
    least.whole = Math.min(least.whole, await costOf(await prepare(bytes)))
    if (least.whole <= most * least.quarter) return []
  }
  return [`${about}: ${least.quarter} µs, then ${least.whole} µs`]
}

async function expectAnswer(about: string, answer: Response | Promise<Response>): Promise<void> {
  const { status } = await answer
  expect(status, about).toBeLessThan(500)
}

/** So many bytes of a form in all: what is left beside its other fields fills this one. */
function bodyOf({ fields }: PageForm, name: string, filling: string, bytes: number): string {
  const { [name]: _, ...others } = fields
  const rest = `${new URLSearchParams(others)}&${name}=`
  return rest + filled(filling.replaceAll('%', '%25').replaceAll(' ', '+'), bytes - rest.length)
}

describe('32 KB cost at most six times the processor time of 8 KB', () => {
  test('in each field of each form', { timeout: 600_000 }, async () => {
    const routes = world.app.routes.filter(
      ({ method, path }) => method === 'POST' && !path.startsWith('/v1/'),
    )
    expect([...new Set(places.map(({ route }) => route))].sort()).toEqual(
      [...new Set(routes.map(({ path }) => path))].sort(),
    )
    const found: string[] = []
    for (const { route, person, open } of places) {
      for (const name of Object.keys((await open()).fields)) {
        for (const filling of fillings) {
          const about = `${route}, ${name}, ${JSON.stringify(filling)}`
          const prepare = async (bytes: number) => {
            await world.sql`delete from rate_limit`
            const form = await open()
            const body = bodyOf(form, name, filling, bytes)
            return () => expectAnswer(about, person.request(form.action, { body }))
          }
          found.push(...(await steeper(about, large, prepare)))
        }
      }
    }
    expect(found).toEqual([])
  })

  test('in each field of the API', async () => {
    const { body } = await shop.issue('ana@example.org')
    const requests: [string, (text: string) => object][] = [
      ['', (text) => ({ to: { email: text } })],
      ['', (text) => ({ to: { phone: text } })],
      ...['channel', 'length', 'locale', 'reference', 'end_user'].map(
        (name): [string, (text: string) => object] => [
          '',
          (text) => ({ to: { email: 'ana@example.org' }, [name]: text }),
        ],
      ),
      ['', (text) => ({ to: { email: 'ana@example.org' }, end_user: { ip: text } })],
      ['', (text) => ({ [text]: '' })],
      [`/${body.id}/attempts`, (text) => ({ code: text })],
      [`/${body.id}/sends`, (text) => ({ channel: text })],
    ]
    const found: string[] = []
    for (const [path, request] of requests) {
      for (const filling of fillings) {
        const about = `${path} ${JSON.stringify(request(filling))}`
        const prepare = async (bytes: number) => {
          const sent = request(filled(JSON.stringify(filling).slice(1, -1), bytes - 200))
          return async () => expect((await shop.post(path, sent)).status, about).toBeLessThan(500)
        }
        found.push(...(await steeper(about, 16 * 1024, prepare)))
      }
    }
    expect(found).toEqual([])
  })

  test('in each header that is read, and in each part of an address', async () => {
    const person = newPerson(world)
    await person.open('/signin')
    const api = `/v1/verifications/${newId()}`
    const found: string[] = []
    for (const filling of fillings.map(inHeader)) {
      const requests: [string, (text: string) => [string, Record<string, string>]][] = [
        ...readByPages.map((name): [string, (text: string) => [string, Record<string, string>]] => [
          name,
          (text) => ['/signin', { [name]: text }],
        ]),
        ...readByApi.map((name): [string, (text: string) => [string, Record<string, string>]] => [
          name,
          (text) => [api, { [name]: text }],
        ]),
        ...queries.map((query): [string, (text: string) => [string, Record<string, string>]] => [
          query,
          (text) => [`/signin?${query}=${encodeURIComponent(text)}`, {}],
        ]),
        ['path', (text) => [`/${encodeURIComponent(text)}`, {}]],
      ]
      for (const [name, request] of requests) {
        const about = `${name}, ${JSON.stringify(filling)}`
        const prepare = async (bytes: number) => {
          const [path, headers] = request(filled(filling, bytes))
          return () => expectAnswer(about, person.request(path, { headers }))
        }
        found.push(...(await steeper(about, large, prepare)))
      }
    }
    expect(found).toEqual([])
  })

  test("in a mail server's answer", async () => {
    const mail = { subject: 'Your code for Harbour', text: 'Your code\n\n    483 921\n' }
    const found: string[] = []
    for (const filling of [...fillings, '\r\n250 ', '\r\n250-2.0.0 ', '1 ', '123-']) {
      const prepare = async (bytes: number) => {
        const answer = `250 ${filled(filling, bytes)}`
        return () => safeResponse(answer, mail)
      }
      found.push(...(await steeper(JSON.stringify(filling), large, prepare)))
    }
    expect(found).toEqual([])
  })
})

const readByPages = [
  'Accept',
  'Accept-Language',
  'Accept-Encoding',
  'Cookie',
  'Host',
  'Origin',
  'Referer',
  'Sec-Fetch-Site',
  'User-Agent',
  'X-Forwarded-For',
  'Content-Type',
  'Last-Event-ID',
]
const readByApi = ['Authorization', 'Idempotency-Key', 'Content-Type']
const queries = ['return_to', 'language', 'seen']

/** As its bytes stand in a header. */
const inHeader = (text: string): string => Buffer.from(text).toString('latin1').replaceAll('\t', ' ')
