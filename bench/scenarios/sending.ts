import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { startCountersign } from '../contenders/countersign.ts'
import { startFloor } from '../contenders/floor.ts'
import { type Report, rounded } from '../report.ts'
import { startSmtpSink } from '../smtp-sink.ts'
import { figuresOf, ratioOf, type Taken, takeTurns } from '../turns.ts'

/** The same cycles while a worker process sends every code to a mail server on this machine. */
export async function sending(bench: Bench): Promise<Report> {
  const { options, postgres } = bench
  await using sink = startSmtpSink()
  await using floor = await startFloor(await postgres.createDatabase('floor_of_sending'))
  await using countersign = await startCountersign({
    name: 'countersign sending',
    databaseUrl: await postgres.createDatabase('countersign_sending'),
    folder: join(bench.folder, 'sending'),
    smtpUrl: `smtp://127.0.0.1:${await sink.port}`,
  })
  const taken = await takeTurns(bench, [floor, countersign])
  const [ofFloor, ofUs] = taken as [Taken, Taken]
  return {
    scenario: 'sending',
    notes: [
      `As throughput, with one worker process beside the web process; medians of ${options.rounds} turns. CPU server counts both.`,
      'Sending is not waited for: a code that is used before its mail went out is not mailed any more.',
      `${sink.arrivals.size} mails arrived.`,
    ],
    table: [ofFloor, ofUs].map((each) => ({
      contender: each.contender.name,
      'of floor': rounded(ratioOf(each, ofFloor)),
      ...figuresOf(each),
    })),
    aims: [],
  }
}
