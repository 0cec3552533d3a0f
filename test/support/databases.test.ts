import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openEmbeddedPostgres } from '../../src/embedded/embedded-postgres.ts'
import { temporaryFolder } from './countersign.ts'
import { dropDatabase } from './databases.ts'

test('a role drops its database while autovacuum works in it', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const server = await openEmbeddedPostgres({ dataDir, log: { info() {}, warn() {}, error() {} } })
  onTestFinished(() => server.stop())
  const connect = async (more: pg.ClientConfig) => {
    const client = new pg.Client({ ...server.connection, ...more })
    client.on('error', () => {})
    await client.connect()
    onTestFinished(() => client.end())
    return client
  }
  const superuser = await connect({ user: 'postgres', database: 'postgres' })
  await superuser.query(`alter role ${server.connection.user} createdb`)
  await superuser.query(`alter system set autovacuum_naptime = '1s'`)
  await superuser.query('select pg_reload_conf()')

  const administrator = await connect({ database: 'postgres' })
  await administrator.query('create database busy')
  // So many dead rows, and so long a rest after each page, that it is at work for minutes.
  const inside = await connect({ database: 'busy' })
  await inside.query(`create table work (id int) with (autovacuum_vacuum_threshold = 1,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)`)
  await inside.query('insert into work select generate_series(1, 200000)')
  await inside.query('update work set id = id + 1')
  const worker = `select 1 from pg_stat_activity where datname = 'busy' and backend_type = 'autovacuum worker'`
  while ((await superuser.query(worker)).rowCount === 0) await sleep(20)

  await dropDatabase(administrator, 'busy')
  expect((await superuser.query(`select 1 from pg_database where datname = 'busy'`)).rowCount).toBe(0)
})
