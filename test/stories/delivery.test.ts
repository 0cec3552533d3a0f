import { afterEach, expect, test } from 'vitest'
import { minutes, seconds } from '../../src/core/time.ts'
import { openSmtp } from '../../src/delivery/smtp.ts'
import { openRawSmtp } from '../support/raw-smtp.ts'
import { Answer, openSmtpSink, type SunkMail } from '../support/smtp-sink.ts'
import { type Client, openWorld, type World } from '../support/world.ts'

let world: World
let shop: Client
let server: { close(): Promise<void> }

const sender = { name: 'Harbour', address: 'codes@harbour.test' }

/** A world whose mail goes to a real mail server, which answers the n-th try (from 1) as it is told. */
async function openStory(answer: (nth: number, mail: SunkMail) => Answer | undefined) {
  const tried: { at: number; mail: SunkMail }[] = []
  const sink = await openSmtpSink({
    onContent(mail) {
      tried.push({ at: world.now, mail })
      const refusal = answer(tried.length, mail)
      if (refusal) throw refusal
    },
  })
  server = sink
  world = await openWorld({ provider: openSmtp({ url: `smtp://127.0.0.1:${sink.port}`, from: sender }) })
  shop = await world.application('Harbour Library')
  return tried
}

afterEach(async () => {
  await world.close()
  await server.close()
})

const greylisted = () => new Answer(451, '4.7.1 Greylisted, try again later')
const messageIdOf = (mail: SunkMail): string | undefined => /^Message-ID: (.*)$/im.exec(mail.raw)?.[1]
const secondsFrom = (start: number) => (tried: { at: number }) => (tried.at - start) / 1000

test('what a mail server accepts is sent, and says by whom', async () => {
  const tried = await openStory(() => undefined)
  const { body } = await shop.issue('ana@example.org')
  await world.carried()
  expect(tried).toHaveLength(1)
  expect(tried[0]?.mail.to).toEqual(['ana@example.org'])
  const { deliveries } = (await shop.read(body.id)).body
  expect(deliveries).toHaveLength(1)
  expect(deliveries[0]).toMatchObject({
    channel: 'email',
    status: 'sent',
    queued_at: body.created_at,
    events: [{ kind: 'accepted', provider: 'smtp', by: '127.0.0.1', at: body.created_at }],
  })
})

test('what a mail server defers is tried again after about 5, 15, 45, 90, 180 and 310 seconds, with one Message-ID', async () => {
  const tried = await openStory(greylisted)
  const start = world.now
  const { body } = await shop.issue('ana@example.org')
  await world.carried()
  for (const offset of [5, 15, 45, 90, 180, 310]) {
    const before = tried.length
    const [delivery] = (await shop.read(body.id)).body.deliveries
    expect(delivery).toMatchObject({ status: 'queued' })
    const nextTryAt = Date.parse(delivery?.next_try_at ?? '')
    expect(Math.round((nextTryAt - start) / 1000)).toBe(offset)
    await world.travelTo(nextTryAt - 1)
    await world.carried()
    expect(tried).toHaveLength(before)
    await world.travelTo(nextTryAt)
    await world.carried()
    expect(tried).toHaveLength(before + 1)
  }
  expect(tried.map(secondsFrom(start)).map(Math.round)).toEqual([0, 5, 15, 45, 90, 180, 310])
  expect(new Set(tried.map(({ mail }) => messageIdOf(mail))).size).toBe(1)
  expect(messageIdOf(tried[0]!.mail)).toMatch(/^<[0-9a-f-]{36}@harbour\.test>$/)

  const [delivery] = (await shop.read(body.id)).body.deliveries
  expect(delivery?.status).toBe('failed')
  expect(delivery?.next_try_at).toBeUndefined()
  expect(delivery?.events.map((event) => event.kind)).toEqual([...Array(6).fill('deferred'), 'gave_up'])
  for (const event of delivery?.events ?? []) {
    expect(event).toMatchObject({ cause: 'greylisted', status: '4.7.1', provider: 'smtp' })
  }
  await world.advance(minutes(20))
  await world.carried()
  expect(tried).toHaveLength(7)
})

test('a deferred code that then gets through is the code that was asked for', async () => {
  const tried = await openStory((nth) => (nth < 3 ? greylisted() : undefined))
  const { body } = await shop.issue('ana@example.org')
  for (const offset of [5, 15]) {
    await world.advance(seconds(offset))
    await world.carried()
  }
  expect(tried).toHaveLength(3)
  const codes = tried.map(({ mail }) => /^ {4}(\d{3} \d{3})/m.exec(mail.raw)?.[1])
  expect(new Set(codes).size).toBe(1)
  expect((await shop.check(body.id, codes[0] ?? '')).status).toBe(200)
  const [delivery] = (await shop.read(body.id)).body.deliveries
  expect(delivery?.events.map((event) => event.kind)).toEqual(['deferred', 'deferred', 'accepted'])
})

test('what a mail server refuses for good is not tried again, and the cause is told', async () => {
  const tried = await openStory(() => new Answer(550, '5.1.1 No such user here'))
  const { body } = await shop.issue('nobody@example.org')
  await world.carried()
  await world.advance(minutes(5))
  await world.carried()
  expect(tried).toHaveLength(1)
  const [delivery] = (await shop.read(body.id)).body.deliveries
  expect(delivery).toMatchObject({
    status: 'failed',
    events: [{ kind: 'refused', status: '5.1.1', by: '127.0.0.1' }],
  })
  expect(delivery?.events[0]?.cause).toBeTypeOf('string')
})

test('nothing is handed over once the code has less than five seconds left', async () => {
  const tried = await openStory(greylisted)
  const { body } = await shop.issue('ana@example.org')
  await world.advance(minutes(5) + seconds(59))
  await shop.resend(body.id)
  const resentAt = world.now
  for (let step = 0; step < 60; step += 1) {
    await world.advance(seconds(5))
    await world.carried()
  }
  const [, second] = (await shop.read(body.id)).body.deliveries
  expect(second?.status).toBe('failed')
  expect(second?.events.at(-1)?.kind).toBe('gave_up')
  const retries = tried.filter(({ mail }) => mail.raw.includes(`<${second?.id}@`))
  expect(retries.map(secondsFrom(resentAt))).toEqual([0, 5, 15, 45, 90, 180])
  const latest = Date.parse(body.expires_at) - seconds(5)
  expect(tried.every(({ at }) => at < latest)).toBe(true)
})

test('a code that expired while no worker ran is withdrawn, not sent', async () => {
  const tried = await openStory(() => undefined)
  await world.worker.leave()
  const { body } = await shop.issue('ana@example.org')
  await world.advance(minutes(10))
  world.worker.comeBack()
  await world.carried()
  expect(tried).toHaveLength(0)
  expect((await shop.read(body.id)).body.deliveries).toMatchObject([
    { status: 'withdrawn', events: [{ kind: 'withdrawn' }] },
  ])
})

test('a code with four seconds left is not sent', async () => {
  const tried = await openStory(() => undefined)
  await world.worker.leave()
  const { body } = await shop.issue('ana@example.org')
  await world.advance(minutes(10) - seconds(4))
  world.worker.comeBack()
  await world.carried()
  expect(tried).toHaveLength(0)
  expect((await shop.read(body.id)).body.deliveries).toMatchObject([
    { status: 'failed', events: [{ kind: 'gave_up', cause: 'deadline_passed' }] },
  ])
})

test('the message of a cancelled verification is withdrawn', async () => {
  const tried = await openStory(() => undefined)
  await world.worker.leave()
  const { body } = await shop.issue('ana@example.org')
  await shop.cancel(body.id)
  world.worker.comeBack()
  await world.carried()
  expect(tried).toHaveLength(0)
  expect((await shop.read(body.id)).body.deliveries[0]?.status).toBe('withdrawn')
})

test('a server that always hangs up after the last byte gets two copies, and the story says it may have them', async () => {
  const raw = await openRawSmtp(({ said }, usually) => (said === 'END' ? 'cut' : usually))
  const smtp = openSmtp({ url: `smtp://127.0.0.1:${raw.port}`, from: sender })
  world = await openWorld({ provider: smtp })
  server = raw
  shop = await world.application('Harbour Library')
  const { body } = await shop.issue('ana@example.org')
  for (let step = 0; step < 10; step += 1) {
    await world.carried()
    await world.advance(minutes(1))
  }
  expect(raw.messages).toHaveLength(2)
  expect(new Set(raw.messages.map((mail) => /^Message-ID: (.*)$/im.exec(mail)?.[1])).size).toBe(1)
  const [delivery] = (await shop.read(body.id)).body.deliveries
  expect(delivery?.status).toBe('unknown')
  expect(delivery?.events).toMatchObject([
    { kind: 'unknown', cause: 'no_answer' },
    { kind: 'unknown', cause: 'no_answer' },
  ])
})

test('a message that may have arrived is never called failed, whatever comes after', async () => {
  const raw = await openRawSmtp(({ said, call }, usually) => {
    if (call > 1 && said === 'RCPT') return '451 4.3.0 try again later'
    return said === 'END' ? 'cut' : usually
  })
  world = await openWorld({ provider: openSmtp({ url: `smtp://127.0.0.1:${raw.port}`, from: sender }) })
  server = raw
  shop = await world.application('Harbour Library')
  const { body } = await shop.issue('ana@example.org')
  for (let step = 0; step < 10; step += 1) {
    await world.carried()
    await world.advance(minutes(1))
  }
  const [delivery] = (await shop.read(body.id)).body.deliveries
  expect(delivery?.status).toBe('unknown')
  expect(delivery?.events.at(-1)?.kind).toBe('gave_up')
})

test('many messages share at most the connections allowed', async () => {
  const sink = await openSmtpSink()
  server = sink
  const url = `smtp://127.0.0.1:${sink.port}`
  world = await openWorld({ provider: openSmtp({ url, from: sender, maxConnections: 2 }) })
  shop = await world.application('Harbour Library')
  for (let n = 0; n < 20; n += 1) await shop.issue(`p${n}@d${n % 4}.test`)
  await world.carried()
  expect(sink.received).toHaveLength(20)
  expect(sink.connections()).toBeLessThanOrEqual(2)
})

test('a resend is a message of its own, with a Message-ID of its own', async () => {
  const tried = await openStory(() => undefined)
  const { body } = await shop.issue('ana@example.org')
  await world.advance(seconds(30))
  await shop.resend(body.id)
  await world.carried()
  expect(new Set(tried.map(({ mail }) => messageIdOf(mail))).size).toBe(2)
})
