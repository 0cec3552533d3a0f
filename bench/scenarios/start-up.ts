import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { startChild } from '../child.ts'
import { program } from '../contenders/countersign.ts'
import { atMost, type Report, rounded } from '../report.ts'
import { median } from '../statistics.ts'
import { memoryOf } from '../usage.ts'

/** From `node dist/main.js` to its word that it is ready, on an empty folder and again on the same one. */
export async function startUp({ folder, options, say }: Bench): Promise<Report> {
  const first: number[] = []
  const warm: number[] = []
  const memory: number[] = []
  const start = async (dataDir: string, into: number[]) => {
    await using service = await startChild({
      file: program,
      env: { DATA_DIR: dataDir, PORT: '0', DATABASE_URL: '', SMTP_URL: '', LOG_LEVEL: 'warn' },
      ready: /is ready at/,
    })
    into.push(service.readyAfter)
    memory.push(memoryOf(service.pid).now)
  }
  for (let round = 1; round <= options.rounds; round += 1) {
    const dataDir = join(folder, `start-up-${round}`)
    await start(dataDir, first)
    for (let again = 0; again < 3; again += 1) await start(dataDir, warm)
    say(`start-up ${round}/${options.rounds}`)
  }
  const row = (what: string, ms: number[]) => ({
    start: what,
    'median ms': rounded(median(ms)),
    'slowest ms': rounded(Math.max(...ms)),
  })
  return {
    scenario: 'start-up',
    notes: [
      'One process, all roles, with the bundled PostgreSQL: from spawning node to "ready".',
      `At rest it then holds ${rounded(median(memory))} MB (the process alone, without PostgreSQL).`,
    ],
    table: [row('first, empty folder', first), row('warm', warm)],
    aims: [
      atMost('ready on an empty folder, seconds', median(first) / 1000, 5),
      atMost('ready warm, seconds', median(warm) / 1000, 1),
    ],
  }
}
