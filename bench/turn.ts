import type { Contender } from './contender.ts'
import type { Generator } from './generator.ts'
import { cpuOf, cpuOfFamily } from './usage.ts'

/** What one contender reached in one turn. */
export type Turn = {
  cycles: number
  cyclesPerSecond: number
  /** Milliseconds of each request. */
  issue: number[]
  check: number[]
  /** Milliseconds of processor time a cycle. */
  cpu: { server: number; database: number; generator: number }
}

export const connections = 32

/**
 * Issues codes for `seconds`, then checks each of them. Between the two the codes are fetched, which costs nobody any
 * time: that is why the two are not interleaved.
 */
export async function takeTurn(
  contender: Contender,
  generator: Generator,
  postgresPid: number,
  seconds: number,
): Promise<Turn> {
  const prefix = `${process.hrtime.bigint().toString(36)}-`
  await contender.expect(prefix, Math.ceil(2000 * seconds))
  const used = () => ({
    server: contender.pids.reduce((sum, pid) => sum + cpuOf(pid), 0),
    database: cpuOfFamily(postgresPid),
    generator: cpuOf(generator.pid),
  })
  const spent = { server: 0, database: 0, generator: 0 }
  const measured = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    const before = used()
    const value = await work()
    const after = used()
    for (const who of ['server', 'database', 'generator'] as const) spent[who] += after[who] - before[who]
    return value
  }

  const { port } = contender
  const issue = await measured(() =>
    generator.run({ request: contender.issue, port, rows: { prefix }, pace: { connections, seconds } }),
  )
  const issued = issue.latencies.map((_, n) => ({
    email: `${prefix}${n}@bench.example`,
    captured: issue.captured[n] ?? '',
  }))
  const rows = await contender.checksOf(issued)
  const check = await measured(() =>
    generator.run({ request: contender.check, port, rows, pace: { connections } }),
  )

  await contender.rest()

  const cycles = issued.length
  return {
    cycles,
    cyclesPerSecond: cycles / (issue.seconds + check.seconds),
    issue: issue.latencies,
    check: check.latencies,
    cpu: {
      server: spent.server / cycles,
      database: spent.database / cycles,
      generator: spent.generator / cycles,
    },
  }
}
