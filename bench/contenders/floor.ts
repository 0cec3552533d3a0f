import { fileURLToPath } from 'node:url'
import { startChild } from '../child.ts'
import { type Contender, emailForm, poolSize } from '../contender.ts'

/** What any server on Node and PostgreSQL pays: one insert for an issue, one update for a check, and nothing else. */
export async function startFloor(databaseUrl: string): Promise<Contender> {
  const server = await startChild({
    file: fileURLToPath(new URL('floor-server.ts', import.meta.url)),
    env: { DATABASE_URL: databaseUrl, DATABASE_POOL: String(poolSize), NODE_ENV: 'production' },
    ready: /listening on (\d+)/,
  })
  return {
    name: 'floor',
    pids: [server.pid],
    port: Number(server.said[1]),
    issue: { path: '/issue', body: `{"email":"${emailForm}"}`, headers: {}, expect: 201, capture: 'id' },
    check: { path: '/check', body: '{"id":"{0}","code":"123456"}', headers: {}, expect: 200 },
    async expect() {},
    checksOf: async (issued) => issued.map(({ captured }) => [captured]),
    async rest() {},
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  }
}
