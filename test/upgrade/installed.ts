import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { packageRoot } from '../../src/package-root.ts'
import { newAuthenticator, type Said } from '../support/authenticator.ts'
import { freePort, untilServing } from '../support/countersign.ts'
import { openNetwork } from '../support/network.ts'
import { cookieNamed, newPerson, type Page, type Person } from '../support/person.ts'
import type { Ground } from '../support/world.ts'
import { keyringFile, type Member, type SavedBrowser } from './fixture.ts'

type Message = { id: string; to: string; subject: string | null; text: string; sent_at: string }
export type Answer = { status: number; body: { id?: string; code?: string; [name: string]: unknown } }

/** The service of today on an installation of 89a1592, as people, applications and its operator reach it. */
export type Installed = {
  url: string
  /** Somebody new, or a browser of before. */
  person(saved?: SavedBrowser): Person
  /** The newest code to an address or number that came since the start and was not read yet; waits for one. */
  readCode(to: string): Promise<string>
  inbox(to: string): Promise<Message[]>
  api(token: string, path: string, body?: object, headers?: Record<string, string>): Promise<Answer>
  close(): Promise<void>
}

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const { ensureBuilt } = createRequire(import.meta.url)('../../scripts/build.cjs') as {
  ensureBuilt(root: string, node: string, say: (text: string) => void): Promise<void>
}

/** A folder with the key ring of 89a1592 in it. */
export function folderWithKeyring(): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-upgrade-'))
  writeFileSync(join(folder, 'keyring'), keyringFile(), { mode: 0o600 })
  return folder
}

export const removeFolder = (folder: string): void =>
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })

/** Runs SQL as `pg_dump` wrote it: many statements, on a connection of their own. */
export async function restore(connection: pg.ClientConfig, sql: string): Promise<void> {
  const client = new pg.Client(connection)
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

/** Runs a command of the built program to its end. */
export async function command(words: string[], environment: Record<string, string>) {
  const process = await startProgram(words, environment)
  return { code: await process.ended, said: process.said() }
}

/** Starts the service process and waits until it serves; messages go to its built-in inbox. */
export async function openInstalled(environment: Record<string, string>): Promise<Installed> {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const startedAt = Date.now()
  const service = await startProgram(['serve'], {
    PORT: String(port),
    TRUSTED_PROXIES: '127.0.0.1',
    ...environment,
  })
  await untilServing(`http://127.0.0.1:${port}`, 60_000).catch((fault) => {
    service.kill()
    throw new Error(`${fault.message}\n${service.said()}`)
  })
  const network = openNetwork()
  const app = overHttp(
    network.at(() => port),
    url,
  )
  const codesRead = new Set<string>()

  const inbox = async (to: string): Promise<Message[]> => {
    const headers = { Accept: 'application/json' }
    const answer = await fetch(`${url}/inbox?${new URLSearchParams({ to })}`, { headers })
    return ((await answer.json()) as { messages: Message[] }).messages
  }

  async function readCode(to: string): Promise<string> {
    for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(20)) {
      const come = (await inbox(to)).filter(({ sent_at }) => Date.parse(sent_at) >= startedAt)
      const newest = come.find(({ id, text }) => codeIn(text) !== '' && !codesRead.has(id))
      if (newest === undefined) continue
      codesRead.add(newest.id)
      return codeIn(newest.text)
    }
    throw new Error(`No code has come for ${to}.`)
  }

  return {
    url,
    person: (saved) => newPerson({ app }, saved),
    readCode,
    inbox,
    async api(token, path, body, headers = {}) {
      const answer = await fetch(`${url}/v1/verifications${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: answer.status, body: (await answer.json()) as Answer['body'] }
    },
    async close() {
      network.close()
      service.kill()
      await service.ended
    },
  }
}

async function startProgram(words: string[], environment: Record<string, string>) {
  await ensureBuilt(packageRoot, process.execPath, () => {})
  const child = spawn(process.execPath, [program, ...words], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { said: () => said, kill: () => child.kill('SIGTERM'), ended }
}

/**
 * People of the stories speak https under a name; this service is reached over http on loopback, where its cookies bear no
 * prefix. What they send and get is the same otherwise.
 */
function overHttp(network: Ground['app'], url: string): Ground['app'] {
  const prefix = cookieNamed('')
  return {
    async request(address, sent, from) {
      const headers = sent.headers.map(([name, value]): [string, string] => {
        if (name === 'Host') return [name, new URL(url).host]
        if (name === 'Origin') return [name, url]
        return name === 'Cookie' ? [name, value.replaceAll(prefix, '')] : [name, value]
      })
      const answer = await network.request(address, { ...sent, headers }, from)
      const lines = answer.headers.getSetCookie()
      answer.headers.delete('set-cookie')
      for (const line of lines) answer.headers.append('set-cookie', prefix + line)
      return answer
    },
  }
}

/** The first line that is a code, as mails and texts have it. */
const codeIn = (text: string): string =>
  /^\s*(\d{3} \d{3}|\d{4} \d{4}|\d{6}|\d{8})(?!\d)/m.exec(text)?.[1]?.replace(' ', '') ?? ''

/** What an authenticator app shows now (RFC 6238 with its usual parameters). */
export function appCode(seed: string): string {
  const bits = [...seed].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  )
  const key = Buffer.from(
    bits
      .join('')
      .match(/\d{8}/g)
      ?.map((byte) => Number.parseInt(byte, 2)) ?? [],
  )
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** What the browser sends once a member's passkey has answered what a page asks for. */
export function passkeyAnswer({ url }: Installed, { passkey }: Member, page: Page): string {
  const [, options = '{}'] = /data-options="([^"]*)"/.exec(page.text) ?? []
  const asked = JSON.parse(options.replaceAll('&quot;', '"').replaceAll('&amp;', '&'))
  const said: Said = { origin: url, rpId: 'localhost' }
  return newAuthenticator(passkey).get(asked, said)
}

/** A recovery code as a page shows it. */
export const recoveryCodeOn = ({ text }: Page): string => /[A-Z2-7]{5}(-[A-Z2-7]{5}){4}/.exec(text)?.[0] ?? ''
