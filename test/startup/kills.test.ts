import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { findBinaries } from '../../src/embedded/binaries.ts'
import { choosePostgresUser } from '../../src/embedded/postgres-user.ts'
import { isZombie } from '../../src/embedded/process-identity.ts'
import { serverArguments } from '../../src/embedded/server-settings.ts'
import { isRunning, query, ready, startService, temporaryFolder, until } from './service-process.ts'

const serverPid = (dataDir: string) =>
  Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0])
const linux = process.platform === 'linux'

/** A folder with one committed row in it, whose service has ended cleanly. */
async function folderWithRow(): Promise<string> {
  const dataDir = join(temporaryFolder(), 'data')
  const service = startService(dataDir)
  const { connection } = await ready(service)
  await query(connection, 'create table kept (n int); insert into kept values (1)')
  await service.stop()
  return dataDir
}

test.skipIf(!linux)('when the service is killed, its PostgreSQL ends too', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const service = startService(dataDir)
  const { pid } = await ready(service)
  await service.kill()
  await until(3000, () => !isRunning(pid) || isZombie(pid))
})

test('a killed PostgreSQL accepts connections again within 5 s and has lost nothing', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const { connection, pid } = await ready(startService(dataDir))
  await query(connection, 'create table kept (n int)')
  for (let n = 1; n <= 3; n++) {
    await query(connection, `insert into kept values (${n})`)
    process.kill(serverPid(dataDir), 'SIGKILL')
    await until(5000, () => query(connection, 'select 1'))
  }
  expect(serverPid(dataDir)).not.toBe(pid)
  expect(await query(connection, 'select count(*)::int as rows from kept')).toEqual([{ rows: 3 }])
})

test('after the service and PostgreSQL are killed together, in the middle of work, the folder starts again', async () => {
  const dataDir = await folderWithRow()
  const service = startService(dataDir)
  const { connection, pid } = await ready(service)
  const busy = new pg.Client(connection)
  busy.on('error', () => {})
  await busy.connect()
  await busy.query('begin; insert into kept select generate_series(2, 5000)')
  process.kill(pid, 'SIGKILL')
  await service.kill()

  const again = await ready(startService(dataDir))
  expect(await query(again.connection, 'select n from kept')).toEqual([{ n: 1 }])
})

test('a first start that was killed at any moment is simply done again', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  for (const files of [1, 20, 500]) {
    const service = startService(dataDir)
    service.answer.catch(() => {})
    await until(10_000, () => countFiles(dataDir) >= files)
    await service.kill()
  }
  const service = startService(dataDir)
  const { connection } = await ready(service)
  expect(await query(connection, 'select 1 as one')).toEqual([{ one: 1 }])
  await service.stop()
  await ready(startService(dataDir))
  expect(readdirSync(dataDir).filter((name) => name.includes('unfinished'))).toEqual([])
})

/** Files of the database that is being made. */
function countFiles(dataDir: string): number {
  const folder = readdirSync(dataDir).find((name) => name.startsWith('postgres'))
  return folder ? readdirSync(join(dataDir, folder), { recursive: true }).length : 0
}

test.skipIf(!linux)(
  'a PostgreSQL that outlived its service is stopped, and one that became a zombie does not block',
  async () => {
    const dataDir = await folderWithRow()
    const orphan = await startUnderNegligentParent(dataDir)
    const service = startService(dataDir)
    const { connection, ms } = await ready(service)
    expect(ms).toBeLessThan(3000)
    expect(isZombie(orphan)).toBe(true)
    await service.stop()

    const zombie = await startUnderNegligentParent(dataDir)
    process.kill(zombie, 'SIGKILL')
    await until(1000, () => isZombie(zombie))
    expect(existsSync(join(dataDir, 'postgres/postmaster.pid'))).toBe(true)
    await ready(startService(dataDir))
    expect(await query(connection, 'select n from kept')).toEqual([{ n: 1 }])
  },
)

/** Runs PostgreSQL on the folder under a parent that never reaps its children. */
async function startUnderNegligentParent(dataDir: string): Promise<number> {
  const binaries = findBinaries()
  const folder = join(dataDir, 'postgres')
  const user = choosePostgresUser(folder, [folder])
  const { file, args } = user.command(binaries.postgres, serverArguments(folder, folder, 5432))
  const parent = spawn('sh', ['-c', '"$@" 2>/dev/null & exec sleep 60', 'sh', file, ...args], {
    stdio: 'ignore',
    cwd: '/',
  })
  onTestFinished(() => void parent.kill('SIGKILL'))
  await until(5000, () =>
    query({ host: folder, port: 5432, user: 'countersign', database: 'countersign', ssl: false }, 'select 1'),
  )
  return serverPid(dataDir)
}

test('a pid file that names a living process of another kind does not block the start', async () => {
  const dataDir = await folderWithRow()
  writeFileSync(join(dataDir, 'postgres/postmaster.pid'), `${process.pid}\n${dataDir}/postgres\n0\n5432\n`)
  const { connection } = await ready(startService(dataDir))
  expect(await query(connection, 'select n from kept')).toEqual([{ n: 1 }])
  expect(isRunning(process.pid)).toBe(true)
})
