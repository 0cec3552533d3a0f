import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { openEmbeddedPostgres } from '../../src/embedded/embedded-postgres.ts'

/** How a test reaches the PostgreSQL server of its run; the role may create databases. */
export type TestPostgres = { host: string; port: number; user: string; password?: string }

declare module 'vitest' {
  interface ProvidedContext {
    postgres: TestPostgres
  }
}

/** One bundled PostgreSQL for the whole run, or the one that TEST_DATABASE_URL names. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const url = process.env.TEST_DATABASE_URL
  if (url) {
    project.provide('postgres', fromUrl(new URL(url)))
    return undefined
  }

  const folder = mkdtempSync(join(tmpdir(), 'countersign-tests-'))
  const log = { info() {}, warn: console.warn, error: console.error }
  const server = await openEmbeddedPostgres({ dataDir: join(folder, 'data'), log })
  const { host, port, user } = server.connection
  await suitTests(host, port, user)
  project.provide('postgres', { host, port, user })
  return async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function fromUrl(url: URL): TestPostgres {
  const password = decodeURIComponent(url.password)
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    ...(password && { password }),
  }
}

/**
 * The service's own role, not the superuser: so the stories also find out where it lacks a right. Nothing here has to
 * outlive the server, so commits aren't waited for until they are on the disk.
 */
async function suitTests(host: string, port: number, user: string): Promise<void> {
  const client = new pg.Client({ host, port, user: 'postgres', database: 'postgres' })
  await client.connect()
  await client.query(`alter role ${user} createdb`)
  await client.query(`alter role ${user} set synchronous_commit = off`)
  await client.end()
}
