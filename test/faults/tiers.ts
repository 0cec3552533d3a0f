import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../../src/embedded/embedded-postgres.ts'
import {
  type Environment,
  freePort,
  runCountersign,
  temporaryFolder,
  untilServing,
} from '../support/countersign.ts'
import { type Kept, keepRunning, writePolicy } from './installation.ts'

/** Two web processes and a worker on one database server, as in production; all share the key ring. */
export type Tiers = {
  folder: string
  /** DATA_DIR of the database server, which belongs to the test and outlives every kill. */
  databaseDir: string
  database: EmbeddedPostgres
  environment: Environment
  web: readonly [Kept, Kept]
  worker: Kept
  urls: readonly string[]
  key: string
}

export async function startTiers(
  smtpPort: number,
  more: { policy?: object; environment?: Environment } = {},
): Promise<Tiers> {
  const folder = temporaryFolder()
  const databaseDir = join(folder, 'database')
  const database = await openEmbeddedPostgres({
    dataDir: databaseDir,
    log: { info() {}, warn() {}, error() {} },
  })
  onTestFinished(() => database.stop())
  const { host, port, user, database: name } = database.connection
  mkdirSync(join(folder, 'shared'))
  const environment = {
    DATABASE_URL: `postgres://${user}@/${name}?host=${encodeURIComponent(host)}&port=${port}`,
    DATA_DIR: join(folder, 'shared'),
    KEYRING_FILE: join(folder, 'shared', 'keyring'),
    SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
    MAIL_FROM: 'codes@countersign.test',
    POLICY_FILE: writePolicy(folder, more.policy),
    LOG_LEVEL: 'warn',
    ...more.environment,
  }
  const { stdout } = await runCountersign(['api-keys', 'create', 'Harbour'], environment)
  const startWeb = async (): Promise<Kept> => {
    const webPort = await freePort()
    const url = `http://127.0.0.1:${webPort}`
    return keepRunning(['serve', '--role', 'web'], { ...environment, PORT: String(webPort) }, url)
  }
  const web = [await startWeb(), await startWeb()] as const
  const worker = keepRunning(['serve', '--role', 'worker'], environment, undefined)
  onTestFinished(async () => {
    await Promise.all([...web, worker].map((kept) => kept.stop()))
  })
  const urls = web.map((kept) => kept.url!)
  await Promise.all(web.map((kept) => untilServing(kept.url!, 30_000, kept.process())))
  return { folder, databaseDir, database, environment, web, worker, urls, key: stdout.trim() }
}
