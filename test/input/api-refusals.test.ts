import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { minutes, seconds } from '../../src/core/time.ts'
import {
  type OperationId,
  type OperationRefusal,
  operationRefusals,
} from '../../src/http/api/operation-refusals.ts'
import { apiOperations } from '../../src/http/api/reference.ts'
import { refusalShapes } from '../../src/http/refusals.ts'
import { newId } from '../../src/secrets/random.ts'
import { type Client, openWorld, policyForStories, type World, wrongCode } from '../support/world.ts'

/** What API docs list for an operation, it really answers: each refusal of each operation, made by a request. */
let world: World
let shop: Client
/** Where a range of numbers closes with its second text, and where the day's budget holds one. */
let closing: World
let poor: World
let nth = 0

const phones = (changes: Partial<typeof policyForStories.phones>) => ({
  policy: { ...policyForStories, phones: { ...policyForStories.phones, ...changes } },
})
beforeAll(async () => {
  world = await openWorld({ ...phones({ countries: ['GB'] }), onFault: () => {} })
  closing = await openWorld(phones({ prefix: { ...policyForStories.phones.prefix, sends: 1 } }))
  poor = await openWorld(phones({ budget: { perMessage: 5, perDay: 5 } }))
  shop = await world.application()
})
afterAll(() => Promise.all([world, closing, poor].map((one) => one.close())))

type Answered = { status: number; code: string | undefined }
type Sent = { token?: string | undefined; body?: unknown; headers?: Record<string, string> }

const freshEmail = () => `reader${++nth}@example.org`
const issue = (sent: Sent = {}) => post('', { body: { to: { email: freshEmail() } }, ...sent })
const check = (id: string, sent: Sent = {}) => post(`/${id}/attempts`, { body: { code: '123456' }, ...sent })
const resend = (id: string, sent: Sent = {}) => post(`/${id}/sends`, { body: {}, ...sent })
const cancel = (id: string, sent: Sent = {}) => post(`/${id}/cancellation`, sent)
const read = (id: string, sent: Sent = {}) => ask('GET', `/${id}`, sent)
const post = (path: string, sent: Sent) => ask('POST', path, sent)

async function ask(method: 'GET' | 'POST', path: string, sent: Sent): Promise<Answered> {
  const token = 'token' in sent ? sent.token : shop.token
  const answer = await world.app.request(`/v1/verifications${path}`, {
    method,
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      'Content-Type': 'application/json',
      ...sent.headers,
    },
    ...(sent.body !== undefined && {
      body: typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body),
    }),
  })
  return { status: answer.status, code: answer.headers.get('countersign-error')?.split(';')[0] }
}

/** A verification that waits for its code. */
async function pending(to = freshEmail()): Promise<{ id: string; to: string }> {
  return { id: (await shop.issue(to)).body.id, to }
}

async function approved(): Promise<string> {
  const { id, to } = await pending()
  await shop.check(id, await world.readCode(to))
  return id
}

async function exhausted(to?: string): Promise<string> {
  const one = await pending(to)
  const code = await world.readCode(one.to)
  for (let tries = 1; tries <= 5; tries += 1) await shop.check(one.id, wrongCode(code, tries))
  return one.id
}

async function expired(): Promise<string> {
  const { id } = await pending()
  await world.advance(minutes(10))
  return id
}

async function cancelled(): Promise<string> {
  const { id } = await pending()
  await shop.cancel(id)
  return id
}

/** Nothing can be read or written meanwhile: whoever waits gives up after two seconds. */
const whileLocked = (work: () => Promise<Answered>): Promise<Answered> =>
  world.deps.database.transaction(async (sql) => {
    await sql`lock table verification in access exclusive mode`
    return work()
  })

/** The schema is not what this program needs. */
async function whileBroken(work: () => Promise<Answered>): Promise<Answered> {
  await world.worker.leave()
  await world.sql`alter table verification rename to verification_away`
  const answered = await work()
  await world.sql`alter table verification_away rename to verification`
  world.worker.comeBack()
  return answered
}

/** A text to a number, and then whatever comes of another to the same range. */
async function afterOneText(elsewhere: World, then: 'issue' | 'resend'): Promise<Answered> {
  const client = await elsewhere.application()
  nth += 1
  const number = (last: number) => `+44740${nth % 10}1${String(10_000 + last)}`
  const first = await client.issue(number(1))
  await elsewhere.advance(minutes(1))
  const { status, body } =
    then === 'issue' ? await client.issue(number(2)) : await client.resend(first.body.id)
  return { status, code: body.code }
}

type Asks<Code extends string> = Record<Code, () => Promise<Answered>>
type Call = (sent?: Sent) => Promise<Answered>

const commonTo = (
  call: Call,
): Asks<'authentication_required' | 'api_key_refused' | 'unavailable' | 'internal'> => ({
  authentication_required: () => call({ token: undefined }),
  api_key_refused: () => call({ token: 'csk_none_none' }),
  unavailable: () => whileLocked(call),
  internal: () => whileBroken(call),
})

const bodiesOf = (
  call: Call,
): Asks<'body_malformed' | 'input_refused' | 'body_too_large' | 'content_type_unsupported'> => ({
  body_malformed: () => call({ body: '{' }),
  input_refused: () => call({ body: { unheard: true } }),
  body_too_large: () => call({ body: { code: 'x'.repeat(20_000) } }),
  content_type_unsupported: () => call({ headers: { 'Content-Type': 'text/plain' } }),
})

const endedFor = (call: (id: string) => Promise<Answered>) => ({
  code_used: async () => call(await approved()),
  code_tries_spent: async () => call(await exhausted()),
  code_expired: async () => call(await expired()),
})

const nobodys = newId()
const onOne =
  (call: (id: string, sent?: Sent) => Promise<Answered>): Call =>
  async (sent) =>
    call(aVerification, sent)
let aVerification: string
beforeAll(async () => {
  aVerification = (await pending()).id
})

/** The compiler asks for a request for each refusal that an operation declares, and for no other. */
const asks: { [Id in OperationId]: Asks<OperationRefusal<Id>> } = {
  issueVerification: {
    ...commonTo(issue),
    ...bodiesOf(issue),
    email_malformed: () => issue({ body: { to: { email: 'ana' } } }),
    phone_malformed: () => issue({ body: { to: { phone: '+1' } } }),
    phone_country_not_served: () => issue({ body: { to: { phone: '+12015550123' } } }),
    channel_unavailable: () => issue({ body: { to: { phone: '+447400123456' }, channel: 'voice' } }),
    async sends_limit() {
      const body = { to: { email: freshEmail() } }
      for (let sends = 0; sends < 5; sends += 1) await issue({ body })
      return issue({ body })
    },
    phone_prefix_closed: () => afterOneText(closing, 'issue'),
    phone_budget_spent: () => afterOneText(poor, 'issue'),
    idempotency_key_malformed: () => issue({ headers: { 'Idempotency-Key': ' ' } }),
    async idempotency_key_reused() {
      await issue({ headers: { 'Idempotency-Key': 'order 1' } })
      return issue({ headers: { 'Idempotency-Key': 'order 1' } })
    },
    idempotency_in_progress: () => whileLocked(() => issue({ headers: { 'Idempotency-Key': 'order 2' } })),
  },
  checkCode: {
    ...commonTo(onOne(check)),
    ...bodiesOf(onOne(check)),
    ...endedFor(check),
    verification_cancelled: async () => check(await cancelled()),
    verification_unknown: () => check(nobodys),
    async code_wrong() {
      const { id, to } = await pending()
      return check(id, { body: { code: wrongCode(await world.readCode(to)) } })
    },
    code_malformed: async () => check((await pending()).id, { body: { code: '12' } }),
    async wrong_codes_limit() {
      const to = freshEmail()
      for (let codes = 0; codes < 4; codes += 1) await exhausted(to)
      return check((await pending(to)).id)
    },
  },
  resendCode: {
    ...commonTo(onOne(resend)),
    ...bodiesOf(onOne(resend)),
    ...endedFor(resend),
    verification_cancelled: async () => resend(await cancelled()),
    verification_unknown: () => resend(nobodys),
    resend_too_soon: async () => resend((await pending()).id),
    async resends_spent() {
      const { id } = await pending()
      for (const gap of [seconds(30), minutes(1), minutes(2), minutes(2)]) {
        await world.advance(gap)
        await resend(id)
      }
      return resend(id)
    },
    async sends_limit() {
      const to = freshEmail()
      const { id } = await pending(to)
      for (let sends = 1; sends < 5; sends += 1) await pending(to)
      await world.advance(seconds(30))
      return resend(id)
    },
    channel_unavailable: async () => {
      const { id } = await pending()
      await world.advance(seconds(30))
      return resend(id, { body: { channel: 'sms' } })
    },
    phone_prefix_closed: () => afterOneText(closing, 'resend'),
    phone_budget_spent: () => afterOneText(poor, 'resend'),
  },
  readVerification: {
    ...commonTo(onOne(read)),
    verification_unknown: () => read(nobodys),
  },
  cancelVerification: {
    ...commonTo(onOne(cancel)),
    ...endedFor(cancel),
    verification_unknown: () => cancel(nobodys),
  },
}

for (const id of Object.keys(asks) as OperationId[]) {
  describe(`${id} is refused with`, () => {
    const those = asks[id] as Asks<(typeof operationRefusals)[OperationId][number]>
    test.each(operationRefusals[id])('%s', async (code) => {
      expect(await those[code]()).toEqual({ status: refusalShapes[code].status, code })
    })
  })
}

test('the API’s description lists for each operation what it may refuse', () => {
  const described = apiOperations.map(({ id, refusals }) => [id, refusals])
  expect(Object.fromEntries(described)).toEqual(operationRefusals)
})
