import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { openKeyring } from '../../src/secrets/keyring.ts'
import { readRecord } from '../../src/secrets/keyring-file.ts'
import { sealBound } from '../../src/secrets/sealed-code.ts'
import { runToEnd, startChild } from '../child.ts'
import { type Contender, emailForm, type Issued, poolSize } from '../contender.ts'

export const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** As `npm start` and the service file in docs/deployment.md have it. */
const smallHeap = '--max-semi-space-size=4 --max-old-space-size=256'

type Setup = {
  name?: string
  /** Another build's `dist/main.js`. */
  file?: string
  databaseUrl: string
  /** For the key ring and the policy file. */
  folder: string
  /** Where a worker process sends; without it no worker runs, and what is issued stays queued. */
  smtpUrl?: string
  /** Web and worker in one process, as `npm start` runs them. */
  together?: true
  /** Further settings. */
  settings?: Record<string, string>
  profile?: string | undefined
}

/** The product, with every limit on; the quota of the benchmark's one API key is the only number that is raised. */
export async function startCountersign(setup: Setup): Promise<Contender> {
  const settings = settingsOf(setup)
  const file = setup.file ?? program
  const apiKey = (await runToEnd(file, ['api-keys', 'create', 'Benchmark'], settings)).trim()
  const server = await startChild({
    file,
    args: setup.together ? ['serve'] : ['serve', '--role', 'web'],
    env: { ...settings, NODE_OPTIONS: nodeOptions(setup.profile) },
    ready: /is ready at http:\/\/localhost:(\d+)/,
  })
  const worker =
    setup.smtpUrl === undefined || setup.together
      ? undefined
      : await startChild({
          file,
          args: ['serve', '--role', 'worker'],
          env: settings,
          ready: /carries messages/,
        })
  const codes = await openCodes(settings.KEYRING_FILE, setup.databaseUrl)
  const headers = { authorization: `Bearer ${apiKey}` }
  return {
    name: setup.name ?? 'countersign',
    pids: worker ? [server.pid, worker.pid] : [server.pid],
    port: Number(server.said[1]),
    issue: {
      path: '/v1/verifications',
      body: `{"to":{"email":"${emailForm}"}}`,
      headers,
      expect: 201,
      capture: 'id',
    },
    check: { path: '/v1/verifications/{0}/attempts', body: '{"code":"{1}"}', headers, expect: 200 },
    async expect() {},
    checksOf: codes.checksOf,
    rest: async () => {
      while (worker && (await codes.queued()) > 0) await sleep(200)
    },
    async [Symbol.asyncDispose]() {
      await codes.close()
      await worker?.[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

function settingsOf({ databaseUrl, folder, smtpUrl, settings }: Setup) {
  mkdirSync(folder, { recursive: true })
  const policy = join(folder, 'policy.json')
  writeFileSync(
    policy,
    JSON.stringify({ limits: { quota: { sends: [{ most: 10_000_000, within: '1 h' }] } } }),
  )
  return {
    NODE_ENV: 'production',
    PORT: '0',
    DATA_DIR: folder,
    DATABASE_URL: databaseUrl,
    DATABASE_POOL: String(poolSize),
    KEYRING_FILE: join(folder, 'keyring'),
    POLICY_FILE: policy,
    LOG_LEVEL: 'warn',
    ...(smtpUrl !== undefined && { SMTP_URL: smtpUrl, MAIL_FROM: 'codes@bench.example' }),
    ...settings,
  }
}

const nodeOptions = (profile: string | undefined): string =>
  profile === undefined ? smallHeap : `${smallHeap} --cpu-prof --cpu-prof-dir=${profile}`

/** Codes are in nobody's answer and in no table: they are unsealed here with the key ring, between the timed parts. */
async function openCodes(keyringFile: string, databaseUrl: string) {
  const ring = openKeyring(await readRecord(keyringFile))
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 })
  return {
    async checksOf(issued: Issued[]): Promise<string[][]> {
      const { rows } = await pool.query<{
        id: string
        destination: string
        code_key: string
        sealed_code: Buffer
      }>('select id, destination, code_key, sealed_code from verification where subject = any($1::uuid[])', [
        issued.map(({ captured }) => captured),
      ])
      return rows.map(({ id, destination, code_key, sealed_code }) => [
        id,
        ring.find(code_key)?.open(sealed_code, sealBound(id, destination)) ?? '',
      ])
    },
    async queued(): Promise<number> {
      const { rows } = await pool.query(`select count(*)::int as count from message where state = 'queued'`)
      return rows[0].count
    },
    close: () => pool.end(),
  }
}
