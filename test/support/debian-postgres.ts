import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { choosePostgresUser, type PostgresUser } from '../../src/embedded/postgres-user.ts'
import { spawnServer, untilReady } from '../../src/embedded/server-process.ts'
import { requirement } from './requirements.ts'

/**
 * A private PostgreSQL 15, the oldest that is supported, over TCP as an operator's would be. The stories run
 * on it a second time.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pg15-'))
  chmodSync(folder, 0o711)
  const bin = dirname(requirement('postgresql-15')!)
  const binaries = { folder: bin, initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
  const dataFolder = join(folder, 'data')
  const user = choosePostgresUser(dataFolder, [dataFolder, binaries.postgres])
  mkdirSync(dataFolder, { mode: 0o700 })
  if (user.owner) chownSync(dataFolder, user.owner.uid, user.owner.gid)
  run(user, binaries.initdb, [
    '-D',
    dataFolder,
    '-U',
    'countersign',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
  ])

  const connection = { host: '127.0.0.1', port: await freePort(), user: 'countersign', database: 'postgres' }
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${dataFolder}`]
  const args = ['-D', dataFolder, '-p', String(connection.port), ...settings]
  const server = spawnServer(binaries, user, args, { info() {}, warn: console.warn, error: console.error })
  await untilReady(server, connection)
  project.provide('postgres', { host: connection.host, port: connection.port, user: connection.user })
  return async () => {
    server.kill('SIGINT')
    await server.exited
    rmSync(folder, { recursive: true, force: true })
  }
}

function run(user: PostgresUser, binary: string, words: string[]): void {
  const { file, args, ...ids } = user.command(binary, words)
  execFileSync(file, args, { ...ids, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  return port
}
