import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { findBinaries } from '../../src/embedded/binaries.ts'
import { connectToRunning } from '../../src/embedded/running-note.ts'
import { query, ready, startService, temporaryFolder } from './service-process.ts'

const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8)

test('the first start makes the database, and a later one is ready in a fraction of a second', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const first = startService(dataDir)
  const made = await ready(first)
  expect(made.ms).toBeLessThan(8000)
  await query(made.connection, 'create table kept (n int); insert into kept values (1)')
  await first.stop()

  const again = await ready(startService(dataDir))
  expect(again.ms).toBeLessThan(1000)
  expect(await query(again.connection, 'select n from kept')).toEqual([{ n: 1 }])
})

test('the database is durable, in UTF-8, without TCP, and its role is no superuser', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const { connection } = await ready(startService(dataDir))
  const [settings] = await query(
    connection,
    `select current_setting('listen_addresses') as tcp, current_setting('fsync') as fsync,
            current_setting('full_page_writes') as pages, current_setting('data_checksums') as checksums,
            current_setting('server_encoding') as encoding, current_setting('timezone') as zone,
            current_setting('log_min_error_statement') as logged, rolsuper as super
     from pg_roles where rolname = current_user`,
  )
  expect(settings).toEqual({
    tcp: '',
    fsync: 'on',
    pages: 'on',
    checksums: 'on',
    encoding: 'UTF8',
    zone: 'UTC',
    logged: 'panic',
    super: false,
  })
  expect([mode(dataDir), mode(connection.host), mode(join(dataDir, 'postgres'))]).toEqual([
    '700',
    '700',
    '700',
  ])
})

test('a command finds the PostgreSQL of a running service, and nothing once that has ended', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  expect(connectToRunning(dataDir)).toBeUndefined()
  const service = startService(dataDir)
  const { connection } = await ready(service)
  expect(connectToRunning(dataDir)).toEqual(connection)
  await service.kill()
  expect(connectToRunning(dataDir)).toBeUndefined()
})

test('a DATA_DIR whose path is too long for a socket works, and leaves nothing behind', async () => {
  const socketFolders = () => readdirSync(tmpdir()).filter((name) => /^countersign-\w{6}$/.test(name))
  const before = socketFolders()
  const dataDir = join(temporaryFolder(), 'd'.repeat(120))
  const killed = startService(dataDir)
  expect((await ready(killed)).connection.host.startsWith(tmpdir())).toBe(true)
  await killed.kill()

  const stopped = startService(dataDir)
  const { connection } = await ready(stopped)
  expect(await query(connection, 'select 1 as one')).toEqual([{ one: 1 }])
  await stopped.stop()
  expect(socketFolders()).toEqual(before)
})

test('what PGSSLMODE says of other servers is not asked of the embedded one', async () => {
  vi.stubEnv('PGSSLMODE', 'require')
  onTestFinished(() => void vi.unstubAllEnvs())
  const { connection } = await ready(startService(join(temporaryFolder(), 'data')))
  expect(await query(connection, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a folder that is open to others and holds other things is refused and left as it is', async () => {
  const folder = temporaryFolder()
  const dataDir = join(folder, 'shared')
  mkdirSync(dataDir, { mode: 0o755 })
  writeFileSync(join(dataDir, 'letter.txt'), 'dear')
  expect(await startService(dataDir).answer).toMatchObject({
    message: expect.stringContaining('a folder of its own'),
  })
  expect([mode(dataDir), readdirSync(dataDir)]).toEqual(['755', ['letter.txt']])
})

test('a platform without a bundled PostgreSQL is told to set DATABASE_URL', () => {
  expect(() => findBinaries('plan9-mips')).toThrow(/no bundled PostgreSQL for plan9-mips.[\s\S]*DATABASE_URL/)
})
