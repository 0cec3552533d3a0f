import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import type { PostgresUser } from '../../src/embedded/postgres-user.ts'
import type { Connection } from '../../src/embedded/server-process.ts'

export const holdFolder = fileURLToPath(new URL('hold-folder.ts', import.meta.url))

type ActivityOwner =
  | { event: 'ready'; ms: number; pid: number; connection: Connection }
  | { event: 'refused'; ms: number; message: string }
  | { event: 'exit'; signal: string; restarting: boolean }

/** What a service process that wants a folder says first, and the ways it ends. */
export type ServiceProcess = {
  pid: number
  /** `ready` or `refused`. */
  answer: Promise<ActivityOwner>
  kill(): Promise<void>
  stop(): Promise<void>
}

/** An empty folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-startup-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}

/** Starts another process on the folder; as another user where `user` says so. It is gone after the test. */
export function startService(dataDir: string, user?: PostgresUser, script = holdFolder): ServiceProcess {
  const command = user?.command(process.execPath, [script, dataDir]) ?? {
    file: process.execPath,
    args: [script, dataDir],
  }
  const { file, args, ...ids } = command
  const child = spawn(file, args, { ...ids, stdio: ['ignore', 'pipe', 'inherit'], cwd: '/' })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = (signal: NodeJS.Signals) => async () => {
    child.kill(signal)
    await gone
  }
  onTestFinished(end('SIGTERM'))
  return { pid: child.pid!, answer: firstLine(child), kill: end('SIGKILL'), stop: end('SIGTERM') }
}

function firstLine(child: ChildProcess): Promise<ActivityOwner> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', (line) =>
      resolve(JSON.parse(line) as ActivityOwner),
    )
    child.once('exit', () => setTimeout(() => reject(new Error('it ended without a word')), 100))
  })
}

/** The service's connection once it is ready; fails with what it said otherwise. */
export async function ready(service: ServiceProcess) {
  const told = await service.answer
  if (told.event !== 'ready') throw new Error(JSON.stringify(told))
  return told
}

export async function query(connection: Connection, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection)
  client.on('error', () => {}) // some tests kill the server under it
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Repeats until it neither throws nor is false, and gives the milliseconds that took. */
export async function until(limit: number, condition: () => unknown): Promise<number> {
  const began = performance.now()
  for (;;) {
    const met = await Promise.resolve()
      .then(condition)
      .catch(() => false)
    if (met) return performance.now() - began
    if (performance.now() - began > limit) throw new Error(`not so within ${limit} ms: ${condition}`)
    await sleep(10)
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
