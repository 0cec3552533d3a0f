import { type Config, readConfig } from '../config.ts'
import { openLog } from '../log.ts'
import { openLogLines } from '../log-lines.ts'
import { type Role, type Service, startService } from '../service.ts'

/** The last lines of the log have this long to be written. */
const lastLinesWithin = 500

/** Runs until told to stop. A second signal, or ten seconds of draining, ends it at once. */
export async function serve(role: Role): Promise<void> {
  const config = readConfig()
  const lines = openLogLines(1)
  const log = openLog(config.LOG_LEVEL, lines)
  lines.onResumed((dropped) =>
    log.warn({ dropped }, 'Lines of the log could not be written and were dropped.'),
  )
  const service = await startService(config, role, log, () => lines.dropped)
  for (const line of greeting(config, role, service)) console.error(line)
  log.info({ role, url: service.publicUrl }, 'Ready.')

  let stopping = false
  const end = (status: number): void => {
    // An exit waits for writes that are under way, and one that hangs never ends.
    if (lines.isStuck) process.kill(process.pid, 'SIGKILL')
    process.exit(status)
  }
  const stop = async (why: string, status: number) => {
    if (stopping) return end(status || 1)
    stopping = true
    log.info({ why }, 'Stopping.')
    setTimeout(() => end(1), 12_000).unref()
    await service.stop()
    await lines.flush(lastLinesWithin)
    end(status)
  }
  process.on('SIGTERM', () => stop('SIGTERM', 0))
  process.on('SIGINT', () => stop('SIGINT', 0))
  process.on('SIGHUP', () => stop('SIGHUP', 0))
  service.onLost(() => stop('The database ended for good.', 1))
}

/** What is on, and what production still needs, in about ten lines. */
function greeting(config: Config, role: Role, service: Service): string[] {
  if (role === 'worker') return ['Countersign carries messages (role worker).']
  const lines = [
    `Countersign is ready at ${service.publicUrl}`,
    `  API reference    ${service.publicUrl}/docs`,
  ]
  if (config.inbox) lines.push(`  Built-in inbox   ${service.publicUrl}/inbox (mail and texts end here)`)
  const { firstRun } = service
  if (firstRun?.apiKey !== undefined) lines.push(`  API key          ${firstRun.apiKey}`)
  if (firstRun?.administratorLink !== undefined)
    lines.push(`  Administrator    ${firstRun.administratorLink} (once, for an hour)`)
  if (firstRun !== undefined) lines.push(`  Also kept in     ${firstRun.file}`)
  const missing = [
    config.inbox && 'SMTP_URL (a mail server)',
    !config.publicUrl?.startsWith('https:') && 'PUBLIC_URL (an https address)',
    config.DATABASE_URL === undefined && 'DATABASE_URL (a PostgreSQL that is backed up)',
    config.DKIM_KEY_FILE === undefined && !config.inbox && 'DKIM_KEY_FILE (unless your mail server signs)',
  ].filter((line) => typeof line === 'string')
  if (missing.length > 0)
    lines.push(
      `  For production   set ${missing.join(', ')}`,
      '                   docs/deployment.md tells how.',
    )
  return lines
}
