import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export type Environment = Record<string, string>

export type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }

/** The built program as a process of its own, as an operator would run it. */
export type Countersign = {
  pid: number
  /** What it has said so far on both streams: its log and its greeting. */
  said(): string
  kill(signal: NodeJS.Signals): void
  ended: Promise<Ended>
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}

/** Starts the program with nothing of our environment but PATH. It is gone after the test, whatever becomes of it. */
export function startCountersign(words: string[], environment: Environment, cwd = tmpdir()): Countersign {
  if (!existsSync(program)) throw new Error('dist/ is missing: npm run build')
  const child = spawn(process.execPath, [program, ...words], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
  )
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { pid: child.pid!, said: () => stdout + stderr, kill: (signal) => child.kill(signal), ended }
}

/** Runs a command to its end. */
export const runCountersign = (words: string[], environment: Environment, cwd?: string): Promise<Ended> =>
  startCountersign(words, environment, cwd).ended

/** Waits for `/readyz` to say yes. @returns the milliseconds that took */
export async function untilServing(url: string, limit = 15_000, service?: Countersign): Promise<number> {
  const began = performance.now()
  for (;;) {
    const why = await whyNotReady(url)
    const waited = performance.now() - began
    if (why === undefined) return waited
    if (waited > limit)
      throw new Error(
        `${url} was not ready within ${limit} ms: ${why}\n${service?.said().slice(-2000) ?? ''}`,
      )
    await sleep(15)
  }
}

async function whyNotReady(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/readyz`, {
      headers: { Connection: 'close' },
      signal: AbortSignal.timeout(2000),
    })
    const text = await response.text()
    return response.ok ? undefined : text
  } catch (fault) {
    return `${fault} ${(fault as Error).cause ?? ''}`
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** The key that the first start wrote down for its operator. */
export const firstKey = (dataDir: string): string =>
  JSON.parse(readFileSync(join(dataDir, 'first-run.json'), 'utf8')).api_key
