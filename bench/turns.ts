import type { Bench } from './bench.ts'
import type { Contender } from './contender.ts'
import { rounded } from './report.ts'
import { median, percentile } from './statistics.ts'
import { type Turn, takeTurn } from './turn.ts'
import { memoryOf } from './usage.ts'

/** A contender with all its turns. */
export type Taken = { contender: Contender; turns: Turn[] }

/** A first turn of each to warm up, then rounds in which each takes one. */
export async function takeTurns(
  { options, generator, postgres, say }: Bench,
  contenders: readonly Contender[],
): Promise<Taken[]> {
  const taken = contenders.map((contender): Taken => ({ contender, turns: [] }))
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const { contender, turns } of taken) {
      const turn = await takeTurn(contender, generator, postgres.pid, options.seconds)
      if (round === 0) continue
      turns.push(turn)
      say(`round ${round}/${options.rounds}  ${contender.name}: ${Math.round(turn.cyclesPerSecond)} cycles/s`)
    }
  }
  return taken
}

/** Of cycles a second. The turns of a round stand next to each other, so what slowed one slowed the other. */
export const ratioOf = (a: Taken, b: Taken): number =>
  median(a.turns.map((turn, round) => turn.cyclesPerSecond / (b.turns[round]?.cyclesPerSecond ?? Number.NaN)))

/** A contender's row of the table: medians over its turns. */
export function figuresOf({ contender, turns }: Taken): Record<string, string | number> {
  const middle = (read: (turn: Turn) => number) => rounded(median(turns.map(read)))
  const memory = memoryOf(contender.pids[0])
  return {
    'cycles/s': middle((turn) => turn.cyclesPerSecond),
    'issue p50 ms': middle((turn) => percentile(turn.issue, 0.5)),
    'issue p99 ms': middle((turn) => percentile(turn.issue, 0.99)),
    'check p50 ms': middle((turn) => percentile(turn.check, 0.5)),
    'check p99 ms': middle((turn) => percentile(turn.check, 0.99)),
    'CPU server': middle((turn) => turn.cpu.server),
    'CPU database': middle((turn) => turn.cpu.database),
    'CPU generator': middle((turn) => turn.cpu.generator),
    'RSS MB': rounded(memory.now),
    'peak MB': rounded(memory.peak),
  }
}
