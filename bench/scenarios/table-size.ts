import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import type { Contender } from '../contender.ts'
import { startCountersign } from '../contenders/countersign.ts'
import { atMost, type Report, rounded } from '../report.ts'
import { median, percentile } from '../statistics.ts'
import { fillAccounts, fillVerifications } from '../stored-rows.ts'

const small = 10_000
/** For each stored verification of the large database, this part of an account: 1 million of 5. */
const accountsPart = 0.2
const rate = 300

/** Checks at a steady rate, in turns on a database with few stored verifications and on one with many. */
export async function tableSize({ folder, postgres, generator, options, say }: Bench): Promise<Report> {
  const start = async (name: string, rows: number) => {
    const databaseUrl = await postgres.createDatabase(name)
    const server = await startCountersign({ databaseUrl, folder: join(folder, name) })
    await using owner = await postgres.connect(name)
    const accounts = rows * accountsPart
    await fillVerifications(owner, rows, say)
    await fillAccounts(owner, accounts, say)
    await owner.query('vacuum analyze')
    await owner.query('checkpoint')
    const [size] = await owner.query<{ bytes: string }>(
      'select pg_database_size(current_database()) as bytes',
    )
    const sized: Sized = { server, rows, accounts, megabytes: Number(size?.bytes) / 1e6, p50: [], p99: [] }
    return sized
  }
  const sized = [await start('small', small), await start('large', options.rows)]
  try {
    for (let round = 0; round <= options.rounds; round += 1) {
      for (const each of sized) {
        const times = await checkAtRate(each.server, 5 * options.seconds)
        // The first turn fills the caches.
        if (round === 0) continue
        each.p50.push(percentile(times, 0.5))
        each.p99.push(percentile(times, 0.99))
        say(`round ${round}/${options.rounds}  ${each.rows} rows: p99 ${rounded(each.p99.at(-1) ?? 0)} ms`)
      }
    }
  } finally {
    for (const { server } of sized) await server[Symbol.asyncDispose]()
  }

  async function checkAtRate(server: Contender, seconds: number): Promise<number[]> {
    const count = Math.ceil(rate * seconds)
    const prefix = `sized-${process.hrtime.bigint()}-`
    const emails = Array.from({ length: count }, (_, n) => `${prefix}${n}`)
    const { port } = server
    const issue = await generator.run({
      request: server.issue,
      port,
      rows: emails.map((email) => [email]),
      pace: { connections: 8 },
    })
    const rows = await server.checksOf(
      emails.map((email, n) => ({ email, captured: issue.captured[n] ?? '' })),
    )
    const { latencies } = await generator.run({ request: server.check, port, rows, pace: { rate } })
    return latencies
  }

  const [few, many] = sized as [Sized, Sized]
  const ratio = median(many.p99.map((p99, round) => p99 / (few.p99[round] ?? Number.NaN)))
  return {
    scenario: 'table-size',
    notes: [
      `Checks of right codes at ${rate} a second for ${5 * options.seconds} s a turn; medians of ${options.rounds} turns of each in turn.`,
      'Each stored verification comes with its message, its delivery, its activity and its limits; all loaded by COPY.',
    ],
    table: sized.map((each) => ({
      'stored verifications': each.rows,
      accounts: each.accounts,
      'database MB': rounded(each.megabytes),
      'check p50 ms': rounded(median(each.p50)),
      'check p99 ms': rounded(median(each.p99)),
    })),
    aims: [atMost('p99 of check, times its small-table value', ratio, 1.5)],
  }
}

type Sized = {
  server: Contender
  rows: number
  accounts: number
  megabytes: number
  p50: number[]
  p99: number[]
}
