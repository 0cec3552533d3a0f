import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { makePostgres15 } from './postgres-15.ts'

/** One PostgreSQL 15 for all stories that run on it a second time. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pg15-'))
  const server = await makePostgres15(folder)
  await server.start()
  const { host, port, user } = server.connection
  project.provide('postgres', { host, port, user })
  return async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
