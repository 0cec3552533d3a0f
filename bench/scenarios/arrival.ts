import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { startCountersign } from '../contenders/countersign.ts'
import { atMost, type Report, rounded } from '../report.ts'
import { startSmtpSink } from '../smtp-sink.ts'
import { percentile } from '../statistics.ts'

const rate = 50
/** A mail that takes longer is counted as lost. */
const patience = 10_000

/** From the request for a code to its mail standing whole in a mail server, at a steady rate. */
export async function arrival({ folder, postgres, generator, options, say }: Bench): Promise<Report> {
  await using sink = startSmtpSink()
  await using countersign = await startCountersign({
    databaseUrl: await postgres.createDatabase('arrival'),
    folder: join(folder, 'arrival'),
    smtpUrl: `smtp://127.0.0.1:${await sink.port}`,
  })
  const run = async (prefix: string, count: number) => {
    const rows = Array.from({ length: count }, (_, n) => [`${prefix}${n}`])
    const { sentAt } = await generator.run({
      request: countersign.issue,
      port: countersign.port,
      rows,
      pace: { rate },
    })
    const arrivedAt = (n: number) => sink.arrivals.get(`${prefix}${n}@bench.example`)
    const everyone = () => sentAt.every((_, n) => arrivedAt(n) !== undefined)
    for (const end = performance.now() + patience; !everyone() && performance.now() < end; ) await sleep(20)
    return sentAt.map((sent, n) => (arrivedAt(n) ?? Number.POSITIVE_INFINITY) - sent)
  }
  await run('warm-up-', 5 * rate)
  const times = await run('arrival-', Math.ceil(rate * options.seconds * options.rounds))
  say(`arrival of ${times.length} messages`)
  const p50 = percentile(times, 0.5)
  const p99 = percentile(times, 0.99)
  return {
    scenario: 'arrival',
    notes: [`One web process, one worker process, a loopback mail server; ${rate} requests a second.`],
    table: [
      {
        messages: times.length,
        lost: times.filter((time) => !Number.isFinite(time)).length,
        'p50 ms': rounded(p50),
        'p99 ms': rounded(p99),
        'slowest ms': rounded(Math.max(...times)),
      },
    ],
    aims: [atMost('arrival p50, ms', p50, 30), atMost('arrival p99, ms', p99, 250)],
  }
}
