import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { untilServing } from '../support/countersign.ts'
import { openSmtpSink } from '../support/smtp-sink.ts'
import { startTiers } from './tiers.ts'

type ActivityOwner = { status: number } | { broke: string; address: string }

const agents = { 'kept alive': new Agent({ keepAlive: true, maxSockets: 8 }), 'for one request': new Agent() }

/** One request that asks for a code, over a connection that is new or has carried others. */
function ask(url: string, key: string, address: string, agent: keyof typeof agents): Promise<ActivityOwner> {
  return new Promise((resolve) => {
    const body = JSON.stringify({ to: { email: address } })
    const headers = {
      Authorization: `Bearer ${key}`,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    }
    const asked = request(
      `${url}/v1/verifications`,
      { method: 'POST', agent: agents[agent], headers },
      (answer) => {
        answer.resume()
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0 }))
        answer.once('error', (fault) => resolve({ broke: fault.message, address }))
      },
    )
    asked.once('error', (fault: NodeJS.ErrnoException) =>
      resolve({ broke: fault.code ?? fault.message, address }),
    )
    asked.end(body)
  })
}

test('ten rolling restarts of two web processes under load lose no request, and each ends with status 0 in time', async () => {
  const sink = await openSmtpSink()
  onTestFinished(sink.close)
  const { web, urls, key } = await startTiers(sink.port)

  let stopped = false
  const told: ActivityOwner[] = []
  let refused = 0
  async function load(n: number): Promise<void> {
    for (let at = n; !stopped; at += 1) {
      const agent = n % 2 === 0 ? 'kept alive' : 'for one request'
      // What a balancer does: where nobody listens, the other one is asked.
      for (const url of [urls[at % 2]!, urls[(at + 1) % 2]!]) {
        const answer = await ask(url, key, `rolling-${n}-${at}@people.test`, agent)
        if ('broke' in answer && answer.broke === 'ECONNREFUSED') {
          refused += 1
          continue
        }
        told.push(answer)
        break
      }
      await sleep(10)
    }
  }
  const loads = Array.from({ length: 8 }, (_, n) => load(n))

  const stops: { ms: number; code: number | null }[] = []
  for (let round = 0; round < 10; round += 1) {
    const one = web[round % 2]!
    const before = one.process()
    const began = performance.now()
    before.kill('SIGTERM')
    const { code } = await before.ended
    stops.push({ ms: performance.now() - began, code })
    await untilServing(one.url!, 15_000, one.process())
  }
  stopped = true
  await Promise.all(loads)

  const answered = told.filter((t) => 'status' in t)
  console.log(
    `${answered.length} requests, ${refused} asked the other process; slowest stop ${Math.round(Math.max(...stops.map((s) => s.ms)))} ms`,
  )
  expect(stops.map((s) => s.code)).toEqual(stops.map(() => 0))
  expect(Math.max(...stops.map((s) => s.ms))).toBeLessThan(5000)
  expect(answered.filter((t) => t.status !== 201)).toEqual([])
  // A connection that nobody has accepted yet when the process stops listening, or one at rest that its client uses
  // at that very moment, is cut (RFC 9112 §9.5 has clients expect it): but never one whose request was taken.
  const cut = told.filter((t) => 'broke' in t)
  await sleep(1500)
  expect(cut.filter(({ address }) => sink.recipients.includes(address))).toEqual([])
  expect(cut.length).toBeLessThanOrEqual(5)
  expect(answered.length).toBeGreaterThan(500)
})
