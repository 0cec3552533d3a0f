import { type Config, readConfig } from '../config.ts'
import { openLog } from '../log.ts'
import { type Role, type Service, startService } from '../service.ts'

/** Runs until told to stop. A second signal, or ten seconds of draining, ends it at once. */
export async function serve(role: Role): Promise<void> {
  const config = readConfig()
  const log = openLog(config.LOG_LEVEL)
  for (const warning of config.warnings) console.error(warning)
  const service = await startService(config, role, log)
  for (const line of greeting(config, role, service, process.stderr.isTTY)) console.error(line)
  log.info({ role, url: service.publicUrl }, 'Ready.')

  let stopping = false
  const stop = async (why: string, status: number) => {
    if (stopping) process.exit(status || 1)
    stopping = true
    log.info({ why }, 'Stopping.')
    setTimeout(() => process.exit(1), 12_000).unref()
    await service.stop()
    process.exit(status)
  }
  process.on('SIGTERM', () => stop('SIGTERM', 0))
  process.on('SIGINT', () => stop('SIGINT', 0))
  process.on('SIGHUP', () => stop('SIGHUP', 0))
  service.onLost(() => stop('The database ended for good.', 1))
}

/**
 * What is on, and what production still needs, in about ten lines. What opens something is shown on a terminal only: a
 * service manager or a container's log would keep it.
 */
function greeting(config: Config, role: Role, service: Service, onTerminal: boolean): string[] {
  if (role === 'worker') return ['Countersign carries messages (role worker).']
  const lines = [
    `Countersign is ready at ${service.publicUrl}`,
    `  API reference    ${service.publicUrl}/docs`,
  ]
  if (config.inbox) lines.push(`  Built-in inbox   ${service.publicUrl}/inbox (mail and texts end here)`)
  const { firstRun } = service
  const shown = (text: string) => (onTerminal ? text : `in ${firstRun?.file}`)
  if (firstRun?.apiKey !== undefined) lines.push(`  API key          ${shown(firstRun.apiKey)}`)
  if (firstRun?.administratorLink !== undefined)
    lines.push(`  Administrator    ${shown(firstRun.administratorLink)} (once, for an hour)`)
  if (firstRun !== undefined && onTerminal) lines.push(`  Also kept in     ${firstRun.file}`)
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
