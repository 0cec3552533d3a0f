import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startChild } from '../child.ts'
import { type Contender, emailForm, poolSize } from '../contender.ts'

const requester = fileURLToPath(new URL('../better-auth', import.meta.url))
const folder = fileURLToPath(new URL('../../.cache/bench-better-auth', import.meta.url))

/** Installs better-auth as its lock file says, into a folder of its own: the product does not depend on it. */
export function installBetterAuth(): { ok: true } | { ok: false; why: string } {
  const lock = 'package-lock.json'
  const same = (name: string) => readFileSync(join(requester, name)).equals(readFileSync(join(folder, name)))
  const installed = existsSync(join(folder, 'node_modules', '.package-lock.json'))
  mkdirSync(folder, { recursive: true })
  if (!installed || !same(lock)) {
    cpSync(requester, folder, { recursive: true })
    const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (npm.status !== 0) return { ok: false, why: npm.error?.message ?? npm.stderr.trim() }
  }
  cpSync(requester, folder, { recursive: true })
  return { ok: true }
}

/** Its email-OTP: send, then sign in. The accounts are there beforehand, which spares it creating them at sign-in. */
export async function startBetterAuth(databaseUrl: string): Promise<Contender> {
  const server = await startChild({
    file: join(folder, 'server.mjs'),
    cwd: folder,
    env: { DATABASE_URL: databaseUrl, DATABASE_POOL: String(poolSize), NODE_ENV: 'production' },
    ready: /listening on (\d+)/,
  })
  const port = Number(server.said[1])
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 })
  return {
    name: 'better-auth',
    pids: [server.pid],
    port,
    issue: {
      path: '/api/auth/email-otp/send-verification-otp',
      body: `{"email":"${emailForm}","type":"sign-in"}`,
      headers: {},
      expect: 200,
    },
    check: {
      path: '/api/auth/sign-in/email-otp',
      body: '{"email":"{0}","otp":"{1}"}',
      headers: {},
      expect: 200,
    },
    async expect(prefix, most) {
      await pool.query(
        `insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
         select $1 || n, 'Bench', $1 || n || '@bench.example', true, now(), now() from generate_series(0, $2) as n`,
        [prefix, most],
      )
    },
    async checksOf(issued) {
      const answer = await fetch(`http://127.0.0.1:${port}/codes`)
      const codes = new Map((await answer.json()) as [string, string][])
      return issued.map(({ email }) => [email, codes.get(email) ?? ''])
    },
    async rest() {},
    async [Symbol.asyncDispose]() {
      await pool.end()
      await server[Symbol.asyncDispose]()
    },
  }
}
