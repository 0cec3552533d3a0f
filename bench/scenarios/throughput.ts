import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { installBetterAuth, startBetterAuth } from '../contenders/better-auth.ts'
import { startCountersign } from '../contenders/countersign.ts'
import { startFloor } from '../contenders/floor.ts'
import { atLeast, atMost, type Report, rounded } from '../report.ts'
import { connections } from '../turn.ts'
import { figuresOf, ratioOf, type Taken, takeTurns } from '../turns.ts'
import { memoryOf } from '../usage.ts'

/** Issue and check at full speed, in turns: the floor, we (no worker runs), perhaps another build of us, better-auth. */
export async function throughput(bench: Bench): Promise<Report> {
  const { options, postgres } = bench
  const betterAuth = installBetterAuth()
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
  await using other = betterAuth.ok
    ? await startBetterAuth(await postgres.createDatabase('better_auth'))
    : undefined

  const contenders = [floor, countersign, against, other].filter((each) => each !== undefined)
  const taken = await takeTurns(bench, contenders)
  const [ofFloor, ofUs] = taken as [Taken, Taken, ...Taken[]]
  const ofOther = taken.find(({ contender }) => contender === other)
  const ofAgainst = taken.find(({ contender }) => contender === against)
  return {
    scenario: 'throughput',
    notes: [
      `A cycle is one code issued and the right one checked, on ${connections} connections; medians of ${options.rounds} turns of each in turn.`,
      'Codes are issued for a turn, then all of them checked. Between the two, untimed, the generator fetches the codes:',
      'of countersign it unseals them from the database with the key ring, of better-auth it asks a side route.',
      "No worker runs. CPU is a cycle's, in milliseconds. better-auth's accounts exist beforehand; its limits are off, ours on.",
      ...(betterAuth.ok ? [] : [`better-auth could not be installed, so it is left out: ${betterAuth.why}`]),
    ],
    table: taken.map((each) => ({
      contender: each.contender.name,
      'of floor': rounded(ratioOf(each, ofFloor)),
      ...(ofAgainst && { 'of against': rounded(ratioOf(each, ofAgainst)) }),
      ...figuresOf(each),
    })),
    aims: [
      atLeast('of the floor', ratioOf(ofUs, ofFloor), 0.5),
      ...(ofOther ? [atLeast('times better-auth', ratioOf(ofUs, ofOther), 6)] : []),
      atMost('RSS, MB', memoryOf(countersign.pids[0]).now, 150),
    ],
  }
}
