import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { startGenerator } from './generator.ts'
import { type Options, readOptions, type ScenarioName, usage } from './options.ts'
import { startPostgres } from './postgres.ts'
import { print, type Report } from './report.ts'
import { arrival } from './scenarios/arrival.ts'
import { enumeration } from './scenarios/enumeration.ts'
import { overload } from './scenarios/overload.ts'
import { pages } from './scenarios/pages.ts'
import { sending } from './scenarios/sending.ts'
import { startUp } from './scenarios/start-up.ts'
import { tableSize } from './scenarios/table-size.ts'
import { throughput } from './scenarios/throughput.ts'

const scenarios = {
  'start-up': startUp,
  throughput,
  sending,
  arrival,
  'table-size': tableSize,
  enumeration,
  pages,
  overload,
} satisfies Record<ScenarioName, (bench: Bench) => Promise<Report>>

async function main(options: Options): Promise<void> {
  // A stopped benchmark takes its servers along: they are killed when this process exits.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

  await using postgres = await startPostgres(folder)
  await using generator = startGenerator()
  const about = {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, ${Math.round(totalmem() / 2 ** 30)} GB`,
    node: process.version,
    postgres: postgres.version,
  }
  console.log(Object.values(about).join('; '))
  console.log(
    'Generator, servers and PostgreSQL share this machine, and connect over loopback and a unix socket.',
  )

  const reports: Report[] = []
  for (const name of options.scenarios) {
    const say = (text: string) => console.error(`bench: ${text}`)
    const report = await scenarios[name]({ options, folder, postgres, generator, say })
    print(report)
    reports.push(report)
  }
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ ...about, options, reports }, null, 2)}\n`)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') console.log(usage)
  else await main(options)
} catch (fault) {
  if (!(fault instanceof TypeError) || !('code' in fault || fault.message.startsWith('There is no')))
    throw fault
  console.error(`${fault.message}\n\n${usage}`)
  process.exitCode = 2
}
