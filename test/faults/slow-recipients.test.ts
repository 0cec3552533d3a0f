import { afterEach, expect, test } from 'vitest'
import { seconds } from '../../src/core/time.ts'
import { openSmtp } from '../../src/delivery/smtp.ts'
import { sender } from '../support/code-mails.ts'
import { openRawSmtp, type RawSmtp } from '../support/raw-smtp.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let server: RawSmtp
afterEach(async () => {
  // The server first, so that nothing is waited for that never comes.
  await server.close()
  await world.close()
})

/** Sends 20 codes to slow domains among 180 to healthy ones. @returns how long each healthy one took */
async function timesOfTheHealthy(slowDomainOf: (nth: number) => string): Promise<number[]> {
  const askedAt = new Map<string, number>()
  const times: number[] = []
  server = await openRawSmtp(({ said, line }, usually) => {
    const to = /RCPT TO:<(.*)>/.exec(line)?.[1] ?? ''
    if (said !== 'RCPT') return usually
    if (/slow\d*\.test$/.test(to)) return undefined
    times.push(Date.now() - (askedAt.get(to) ?? 0))
    return usually
  })
  world = await openWorld({
    provider: openSmtp({ url: `smtp://127.0.0.1:${server.port}`, from: sender, maxConnections: 4 }),
    hurried: true,
  })
  const shop = await world.application()
  for (let nth = 0; nth < 200; nth += 1) {
    const to = nth % 10 === 0 ? `p${nth}@${slowDomainOf(nth / 10)}` : `p${nth}@healthy${nth % 7}.test`
    askedAt.set(to, Date.now())
    await shop.issue(to)
  }
  await expect.poll(() => times.length, { timeout: 60_000 }).toBe(180)
  return times.sort((a, b) => a - b)
}

const percentile95 = (times: readonly number[]) => times[Math.floor(times.length * 0.95)]

test('a domain whose server never answers keeps no code to another waiting for more than 5 s', async () => {
  const times = await timesOfTheHealthy(() => 'slow.test')
  expect(percentile95(times)).toBeLessThanOrEqual(seconds(5))
})
