import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiKey } from '../../src/operations/administration/api-keys.ts'
import { packageRoot } from '../../src/package-root.ts'
import { type Keyring, openKeyring } from '../../src/secrets/keyring.ts'
import { readRecord } from '../../src/secrets/keyring-file.ts'
import { newId } from '../../src/secrets/random.ts'
import { sealBound } from '../../src/secrets/sealed-code.ts'
import { type Database, openDatabase } from '../../src/storage/sql.ts'
import { freePort, untilServing } from '../support/countersign.ts'
import { emptyDatabase, type TestDatabase } from '../support/databases.ts'

export type Answer = { status: number; body: { id: string; code?: string; status: string | number } }

export type TwoServers = {
  database: Database
  ports: readonly number[]
  key: string
  /** Sends a request to one of the two servers, in turn. */
  post(path: string, body: object, headers?: Record<string, string>): Promise<Answer>
  /** The code as it lies sealed in the database: nothing else needs to be read to know it. */
  codeOf(id: string): Promise<string>
  /** The ring that both of them use. */
  keyring(): Promise<Keyring>
  /** What the servers logged at the level of errors. */
  faults(): string
  close(): Promise<void>
}

const { ensureBuilt } = createRequire(import.meta.url)('../../scripts/build.cjs') as {
  ensureBuilt(root: string, node: string, say: (text: string) => void): Promise<void>
}

/** Two processes of the built program on one database and one key ring, as behind a load balancer. */
export async function startTwoServers(
  environment: Record<string, string> = {},
  given?: TestDatabase,
): Promise<TwoServers> {
  await ensureBuilt(packageRoot, process.execPath, () => {})
  const place = given ?? (await emptyDatabase())
  const folder = mkdtempSync(join(tmpdir(), 'countersign-races-'))
  const ports = [await freePort(), await freePort()]
  let faults = ''
  const servers = ports.map((port) =>
    startServer({ ...environment, DATABASE_URL: place.url, PORT: String(port), DATA_DIR: folder }),
  )
  for (const server of servers) {
    server.stdout?.on('data', (chunk) => {
      faults += chunk
    })
  }
  await Promise.all(ports.map((port) => untilServing(`http://127.0.0.1:${port}`, 30_000)))

  const database = openDatabase({
    connection: place.connection,
    poolSize: 2,
    preparedStatements: true,
    onIdleFault: () => {},
  })
  const key = (await createApiKey(database, 'Races', 'races')).text
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  let turn = 0
  const keyring = async () => openKeyring(await readRecord(join(folder, 'keyring')))
  return {
    database,
    ports,
    key,
    post(path, body, headers = {}) {
      turn += 1
      const options = {
        agent,
        port: ports[turn % ports.length],
        path: `/v1/verifications${path}`,
        method: 'POST',
      }
      const text = JSON.stringify(body)
      return answerTo({ ...options, headers: headersOf(key, text, headers) }, text)
    },
    keyring,
    async codeOf(id) {
      const ring = await keyring()
      const [row] = await database.sql<{ code_key: string; sealed_code: Buffer; destination: string }>`
        select code_key, sealed_code, destination from verification where id = ${id}`
      return ring.find(row!.code_key)!.open(row!.sealed_code, sealBound(id, row!.destination))
    },
    faults: () => faults,
    async close() {
      agent.destroy()
      await Promise.all(servers.map(stop))
      await database.close()
      await place.drop()
      rmSync(folder, { recursive: true })
    },
  }
}

export const headersOf = (key: string, text: string, more: Record<string, string> = {}) => ({
  Authorization: `Bearer ${key}`,
  'Content-Type': 'application/json',
  'Content-Length': String(Buffer.byteLength(text)),
  ...more,
})

function answerTo(options: Parameters<typeof request>[1] & object, text: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) }),
      )
    })
    asked.once('error', reject)
    asked.end(text)
  })
}

function startServer(environment: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [join(packageRoot, 'dist/main.js'), 'serve'], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', LOG_LEVEL: 'error', DATABASE_POOL: '12', ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

async function stop(server: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  await gone
}

/** How many of each answer there were, by the code of the refusal or the status. */
export function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, body } of answers) {
    const name = body.code ?? String(status)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

export const anyAddress = (): string => `reader-${newId()}@example.org`
