import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import type { Contender } from '../contender.ts'
import { installBetterAuth, startBetterAuth } from '../contenders/better-auth.ts'
import { startCountersign } from '../contenders/countersign.ts'
import { startFloor } from '../contenders/floor.ts'
import { atLeast, atMost, type Report, rounded } from '../report.ts'
import { startSmtpSink } from '../smtp-sink.ts'
import { mean, median, percentile } from '../statistics.ts'
import { connections, type Turn, takeTurn } from '../turn.ts'
import { memoryOf } from '../usage.ts'

/** Issue and check at full speed, in turns: the floor, we, better-auth, and we again with a worker that sends. */
export async function throughput(bench: Bench): Promise<Report> {
  const { options, postgres, generator, say } = bench
  const notes: string[] = []
  const betterAuth = installBetterAuth()
  if (!betterAuth.ok) notes.push(`better-auth could not be installed, so it is left out: ${betterAuth.why}`)

  await using sink = startSmtpSink()
  await using floor = await startFloor(await postgres.createDatabase('floor'))
  await using countersign = await startCountersign({
    databaseUrl: await postgres.createDatabase('countersign_web'),
    folder: join(bench.folder, 'web'),
    profile: options.profile,
  })
  await using against =
    options.against === undefined
      ? undefined
      : await startCountersign({
          name: 'countersign against',
          file: join(options.against, 'dist', 'main.js'),
          databaseUrl: await postgres.createDatabase('countersign_against'),
          folder: join(bench.folder, 'against'),
        })
  await using sending = await startCountersign({
    name: 'countersign sending',
    databaseUrl: await postgres.createDatabase('countersign_sending'),
    folder: join(bench.folder, 'sending'),
    smtpUrl: `smtp://127.0.0.1:${await sink.port}`,
  })
  await using other = betterAuth.ok
    ? await startBetterAuth(await postgres.createDatabase('better_auth'))
    : undefined

  const contenders = [floor, countersign, against, other, sending].filter((each) => each !== undefined)
  const turns = new Map<Contender, Turn[]>(contenders.map((contender) => [contender, []]))
  for (const contender of contenders) await takeTurn(contender, generator, postgres.pid, options.seconds)
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const contender of contenders) {
      const turn = await takeTurn(contender, generator, postgres.pid, options.seconds)
      turns.get(contender)?.push(turn)
      say(`round ${round}/${options.rounds}  ${contender.name}: ${Math.round(turn.cyclesPerSecond)} cycles/s`)
    }
  }

  const of = (contender: Contender) => turns.get(contender) ?? []
  const ratio = (a: Contender, b: Contender) => ratioOf(of(a), of(b))
  const memory = memoryOf(countersign.pids[0])
  return {
    scenario: 'throughput',
    notes: [
      `A cycle is one code issued and the right one checked, on ${connections} connections; medians of ${options.rounds} turns of each in turn.`,
      'Codes are issued for a turn, then all of them checked. Between the two, untimed, the generator fetches the codes:',
      'of countersign it unseals them from the database with the key ring, of better-auth it asks a side route.',
      "CPU is a cycle's, in milliseconds; countersign sending counts the worker's too. better-auth's accounts exist beforehand.",
      'What it sends is not waited for: codes that are used before their mail went out are not mailed any more.',
      ...notes,
    ],
    table: contenders.map((contender) => ({
      contender: contender.name,
      'of floor': rounded(ratio(contender, floor)),
      ...(against && { 'of against': rounded(ratio(contender, against)) }),
      ...figuresOf(of(contender)),
      'RSS MB': rounded(memoryOf(contender.pids[0]).now),
      'peak MB': rounded(memoryOf(contender.pids[0]).peak),
    })),
    aims: [
      atLeast('of the floor', ratio(countersign, floor), 0.5),
      ...(other ? [atLeast('times better-auth', ratio(countersign, other), 6)] : []),
      atMost('RSS, MB', memory.now, 150),
    ],
  }
}

/** The turns of a round stand next to each other, so what slowed one slowed the other. */
const ratioOf = (a: Turn[], b: Turn[]): number =>
  median(a.map((turn, round) => turn.cyclesPerSecond / (b[round]?.cyclesPerSecond ?? Number.NaN)))

function figuresOf(turns: Turn[]): Record<string, number> {
  const middle = (read: (turn: Turn) => number) => rounded(median(turns.map(read)))
  return {
    'cycles/s': middle((turn) => turn.cyclesPerSecond),
    'issue p50 ms': middle((turn) => percentile(turn.issue, 0.5)),
    p99: middle((turn) => percentile(turn.issue, 0.99)),
    'check p50 ms': middle((turn) => percentile(turn.check, 0.5)),
    'p99 ': middle((turn) => percentile(turn.check, 0.99)),
    'CPU server': middle((turn) => turn.cpu.server),
    'CPU database': middle((turn) => turn.cpu.database),
    'CPU generator': rounded(mean(turns.map((turn) => turn.cpu.generator))),
  }
}
