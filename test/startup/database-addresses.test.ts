import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readDatabaseUrl } from '../../src/config/database-url.ts'
import { DatabaseUnusable, isOperators } from '../../src/database-unusable.ts'
import { type Connection, connectClient } from '../../src/storage/servers.ts'
import { openDatabase } from '../../src/storage/sql.ts'
import { issueCertificate } from '../support/certificates.ts'
import { freePort, temporaryFolder } from '../support/countersign.ts'
import { makePostgres15, type Postgres15 } from '../support/postgres-15.ts'
import { requirement } from '../support/requirements.ts'

/** Roles whose connections must be, or may not be, encrypted; all others are let in either way. */
const access = `hostssl all only_tls 127.0.0.1/32 trust
host all only_tls 127.0.0.1/32 reject
hostnossl all only_plain 127.0.0.1/32 trust
host all only_plain 127.0.0.1/32 reject
host all all 127.0.0.1/32 trust
`

async function startServer(
  tls: boolean,
  rules = access,
): Promise<{ server: Postgres15; root: string; otherRoot: string }> {
  const folder = temporaryFolder()
  const server = await makePostgres15(folder)
  const { cert, key } = issueCertificate({ names: 'DNS:localhost' })
  if (tls) {
    server.write('server.crt', cert)
    server.write('server.key', key)
    server.set('ssl = on')
  }
  server.write('pg_hba.conf', rules)
  await server.start()
  onTestFinished(() => server.stop('SIGQUIT'))
  await server.query('create role only_tls login')
  await server.query('create role only_plain login')
  const [root, otherRoot] = [join(folder, 'root.pem'), join(folder, 'other.pem')]
  writeFileSync(root, cert)
  writeFileSync(otherRoot, issueCertificate({ names: 'DNS:localhost' }).cert)
  return { server, root, otherRoot }
}

function connectionOf(url: string): Connection {
  const reading = readDatabaseUrl(url)
  if (!reading.ok) throw new Error(reading.problem)
  return reading.address
}

/** Whether the connection that comes of an address is encrypted, or why there is none. */
async function encryptionOf(url: string): Promise<'TLS' | 'plain' | Error> {
  try {
    const client = await connectClient(connectionOf(url))
    const { rows } = await client
      .query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
      .finally(() => client.end())
    return rows[0].ssl ? 'TLS' : 'plain'
  } catch (fault) {
    if (!isOperators(fault)) throw fault
    return new DatabaseUnusable(fault)
  }
}

const skip = requirement('postgresql-15') === undefined

test.skipIf(skip)('an address with an SSL mode does what psql does with it', async () => {
  const { server, root, otherRoot } = await startServer(true)
  const { port } = server.connection
  const at = (query: string, { user = 'countersign', host = '127.0.0.1' } = {}) =>
    encryptionOf(`postgres://${user}@${host}:${port}/postgres?${query}`)
  expect(await at('')).toBe('TLS')
  expect(await at('sslmode=disable')).toBe('plain')
  expect(await at('sslmode=allow')).toBe('plain')
  expect(await at('sslmode=allow', { user: 'only_tls' })).toBe('TLS')
  expect(await at('sslmode=prefer')).toBe('TLS')
  expect(await at('sslmode=prefer', { user: 'only_plain' })).toBe('plain')
  expect(await at('sslmode=require')).toBe('TLS')
  expect(await at(`sslmode=verify-ca&sslrootcert=${root}`)).toBe('TLS')
  expect(await at(`sslmode=verify-full&sslrootcert=${root}`, { host: 'localhost' })).toBe('TLS')

  for (const [refused, hint] of [
    [at('sslmode=require', { user: 'only_plain' }), /pg_hba\.conf/],
    [at('sslmode=disable', { user: 'only_tls' }), /add \?sslmode=require/],
    [at('sslmode=verify-full'), /sslrootcert=FILE/],
    [at('sslrootcert=system'), /sslrootcert=FILE/],
    [at(`sslmode=verify-ca&sslrootcert=${otherRoot}`), /sslrootcert=FILE/],
    [at(`sslmode=verify-full&sslrootcert=${root}`), /sslrootcert=FILE/],
  ] as const) {
    expect((await refused).toString()).toMatch(hint)
  }
})

test.skipIf(skip)('a server without TLS is used without, or refused where TLS is asked for', async () => {
  const { server } = await startServer(false)
  const url = `postgres://countersign@127.0.0.1:${server.connection.port}/postgres`
  expect(await encryptionOf(url)).toBe('plain')
  expect(String(await encryptionOf(`${url}?sslmode=require`))).toMatch(/has no TLS: with \?sslmode=disable/)
  const database = openDatabase({
    connection: connectionOf(url),
    poolSize: 4,
    preparedStatements: true,
    onIdleFault: () => {},
  })
  onTestFinished(() => database.close())
  const ask = () => database.sql`select 1 as one`
  expect(await Promise.all([ask(), ask(), ask(), ask(), ask()])).toEqual(Array(5).fill([{ one: 1 }]))
})

test.skipIf(skip)('why a database cannot be used is a sentence with a hint', async () => {
  const rules = 'host all nobody 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n'
  const { server } = await startServer(false, rules)
  const { port } = server.connection
  await server.query('create role nobody login')
  const free = await freePort()
  for (const [url, words] of [
    [`postgres://countersign@127.0.0.1:${port}/none`, /"none" does not exist\.\n {2}Make it/],
    [`postgres://nobody:secret@127.0.0.1:${port}/x`, /authentication failed.*\n {2}Check user and password/],
    [
      `postgres://countersign@localhost:${free}/x`,
      /ECONNREFUSED .*:\d+.*\.\n {2}Look whether PostgreSQL runs/,
    ],
    ['postgres:///x?host=/nowhere', /ENOENT.*\.\n {2}Look whether/],
    ['postgres://db.invalid/x', /(ENOTFOUND|EAI_AGAIN).*\.\n {2}No machine is known/],
  ] as const) {
    expect(String(await encryptionOf(url))).toMatch(words)
  }
  const both = `postgres://countersign@127.0.0.1:${free},127.0.0.1:${port}/none`
  expect(String(await encryptionOf(both))).toMatch(
    new RegExp(`127.0.0.1:${free}: connect ECONNREFUSED.*; 127.0.0.1:${port}: .*does not exist`),
  )
})
