import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../support/countersign.ts'
import { openSmtpSink } from '../support/smtp-sink.ts'
import { openApi } from './api.ts'
import { full } from './chance.ts'
import { codeOf } from './history.ts'
import { wideOpen } from './installation.ts'
import { freeze, postmasterOf, serverProcesses } from './server-processes.ts'
import { startTiers } from './tiers.ts'

type Deliveries = { status: string; next_try_at?: string; events: { kind: string; cause?: string }[] }[]

test('while the mail server is dead codes go on being issued, each says why it waits, and all arrive when it is back', async () => {
  const port = await freePort()
  const { urls, key } = await startTiers(port)
  const api = openApi(key)
  const issued = await Promise.all(
    Array.from({ length: 20 }, (_, n) => api.issue(urls[n % 2]!, `waiting-${n}@people.test`)),
  )
  expect(issued.map((answer) => answer?.status)).toEqual(issued.map(() => 201))
  const ids = issued.map((answer) => answer?.body.id as string)

  const deliveriesOf = async (id: string) => (await api.read(urls[0]!, id))?.body.deliveries as Deliveries
  const until = performance.now() + 10_000
  for (const id of ids) {
    let deliveries = await deliveriesOf(id)
    while (deliveries[0]?.events.length === 0 && performance.now() < until) {
      await sleep(50)
      deliveries = await deliveriesOf(id)
    }
    expect(deliveries).toMatchObject([
      {
        status: 'queued',
        events: [{ kind: 'deferred', cause: 'provider_unavailable', status: 'ECONNREFUSED' }],
      },
    ])
    expect(deliveries[0]?.next_try_at).toBeTypeOf('string')
  }

  const sink = await openSmtpSink({ port })
  onTestFinished(sink.close)
  const patience = performance.now() + 25_000
  while (sink.received.length < 20 && performance.now() < patience) await sleep(50)
  expect(new Set(sink.received.flatMap((mail) => mail.to)).size).toBe(20)
  const first = sink.received.find((mail) => mail.to[0] === 'waiting-0@people.test')
  expect((await api.attempt(urls[1]!, ids[0]!, codeOf(first?.raw ?? '')))?.status).toBe(200)
})

test('a worker ends in time with status 0 though its mail server never answers; another sends the code later', async () => {
  let answering = false
  const tarpit = await openSmtpSink({
    onContent: () => (answering ? undefined : new Promise<void>(() => {})),
  })
  onTestFinished(tarpit.close)
  const { urls, key, worker } = await startTiers(tarpit.port)
  expect((await openApi(key).issue(urls[0]!, 'tarpit@people.test'))?.status).toBe(201)
  while (tarpit.recipients.length === 0) await sleep(20)
  const stopped = worker.process()
  const began = performance.now()
  stopped.kill('SIGTERM')
  const { code } = await stopped.ended
  expect(code).toBe(0)
  expect(performance.now() - began).toBeLessThan(12_000)
  if (!full) return
  // It is started again, as by a service manager; the message comes free when the lease of the one before lapses.
  answering = true
  const patience = performance.now() + 45_000
  while (tarpit.received.length === 0 && performance.now() < patience) await sleep(50)
  expect(tarpit.received).toHaveLength(1)
})

test('a frozen database is answered with 503 and Retry-After within four seconds, and work goes on when it thaws', async () => {
  const sink = await openSmtpSink()
  onTestFinished(sink.close)
  const { urls, key, databaseDir } = await startTiers(sink.port)
  const api = openApi(key)
  expect((await api.issue(urls[0]!, 'before@people.test'))?.status).toBe(201)
  const thaw = freeze(serverProcesses(postmasterOf(databaseDir)!))
  onTestFinished(thaw)
  // Longer than a key is believed in without asking.
  await sleep(1100)
  const began = performance.now()
  const answers = await Promise.all([
    api.issue(urls[0]!, 'frozen@people.test'),
    api.attempt(urls[1]!, '11111111-1111-4111-8111-111111111111', '123456'),
    fetch(`${urls[0]}/readyz`),
    fetch(`${urls[0]}/healthz`),
  ])
  const waited = performance.now() - began
  thaw()
  expect(answers.map((answer) => answer?.status)).toEqual([503, 503, 503, 200])
  for (const answer of answers.slice(0, 2))
    expect(Number(answer?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(waited).toBeLessThan(4500)
  const until = performance.now() + 5000
  let status = 0
  while (status !== 201 && performance.now() < until)
    status = (await api.issue(urls[0]!, 'after@people.test'))?.status ?? 0
  expect(status).toBe(201)
})

// The shortest lifetime is a minute, so this one waits for more than a minute of real time: not on a laptop, unless asked.
test.runIf(full || process.env.CI)(
  'a worker that was stopped past its lease and past the expiry sends nothing when it goes on',
  { timeout: 180_000 },
  async () => {
    // The mail server greets nobody until the worker is frozen in the middle of its conversation.
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = await openSmtpSink({ onRecipient: () => held })
    onTestFinished(slow.close)
    const policy = { ...wideOpen, code: { ...wideOpen.code, lifetime: '1 min', freshBelow: '0 s' } }
    const { urls, key, worker } = await startTiers(slow.port, { policy })
    const api = openApi(key)
    const issued = await Promise.all(
      Array.from({ length: 8 }, (_, n) => {
        return api.issue(urls[n % 2]!, `frozen-${n}@people.test`)
      }),
    )
    const expiresAt = Math.max(...issued.map((answer) => Date.parse(answer?.body.expires_at as string)))
    while (slow.recipients.length === 0) await sleep(20)
    const thaw = freeze([worker.process().pid])
    onTestFinished(thaw)
    await sleep(expiresAt - Date.now() + 3000)
    // The answers that it waits for are in its sockets before it wakes up.
    release()
    await sleep(500)
    thaw()
    await sleep(10_000)
    expect(slow.received).toEqual([])
    for (const answer of issued) {
      const read = await api.read(urls[0]!, answer?.body.id as string)
      expect(read?.body.status).toBe('expired')
      expect(JSON.stringify(read?.body.deliveries)).not.toContain('"sent"')
    }
  },
)
