import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { issueCertificate } from '../../test/support/certificates.ts'
import { type DatabaseAddress, readDatabaseUrl } from './database-url.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-database-url-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { cert, key } = issueCertificate()
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const certFile = file('cert.pem', cert)
const keyFile = file('key.pem', key)

function address(url: string): DatabaseAddress {
  const reading = readDatabaseUrl(url)
  if (!reading.ok) throw new Error(reading.problem)
  return reading.address
}

function problem(url: string): string {
  const reading = readDatabaseUrl(url)
  return reading.ok ? 'none' : reading.problem
}

const servers = (url: string) =>
  address(`${url}${url.includes('?') ? '&' : '?'}sslmode=disable`).routes.map(({ host, port }) => [
    host,
    port,
  ])

describe('an address of psql names', () => {
  test.for([
    ['one host', 'postgres://db.example.com/x', [['db.example.com', undefined]]],
    ['a host with a port', 'postgresql://db.example.com:6432/x', [['db.example.com', 6432]]],
    ['no host', 'postgres:///x', [[undefined, undefined]]],
    ['an IPv6 address', 'postgres://[::1]:5433/x', [['::1', 5433]]],
    [
      'several hosts',
      'postgres://u:p@one:5432,two:5433,[::1]/x',
      [
        ['one', 5432],
        ['two', 5433],
        ['::1', undefined],
      ],
    ],
    ['a socket in the host', 'postgres://%2Frun%2Fpostgresql/x', [['/run/postgresql', undefined]]],
    ['a socket in a parameter', 'postgres:///x?host=/run/pg&port=5433', [['/run/pg', 5433]]],
    [
      'hosts in parameters, with one port for all',
      'postgres:///x?host=one,two&port=6000',
      [
        ['one', 6000],
        ['two', 6000],
      ],
    ],
    [
      'hosts in parameters, with a port for each',
      'postgres:///x?host=one,two&port=6000,6001',
      [
        ['one', 6000],
        ['two', 6001],
      ],
    ],
  ] as const)('%s', ([, url, expected]) => {
    expect(servers(url)).toEqual(expected)
  })

  test('user, password and database, with every sign in them', () => {
    expect(address('postgres://an%40a:p%25w%2F#?%3a:x@db/ma%20in')).toMatchObject({
      user: 'an@a',
      password: 'p%w/#?::x',
      database: 'ma in',
    })
    expect(address('postgres://db/?user=ana&password=a%26b&dbname=x&options=-c%20geqo%3Doff')).toMatchObject({
      user: 'ana',
      password: 'a&b',
      database: 'x',
      options: '-c geqo=off',
    })
  })
})

describe('SSL modes mean what they mean to psql:', () => {
  const trusted = { rejectUnauthorized: false }
  const verified = { rejectUnauthorized: true }
  const modes = (query: string) => address(`postgres://db/x?${query}`).routes.map(({ ssl }) => ssl)

  test.for([
    ['none tries TLS first', '', [trusted, false]],
    ['disable', 'sslmode=disable', [false]],
    ['allow tries TLS second', 'sslmode=allow', [false, trusted]],
    ['prefer', 'sslmode=prefer', [trusted, false]],
    ['require trusts whoever answers', 'sslmode=require', [trusted]],
    ['no-verify, of node-postgres', 'sslmode=no-verify', [trusted]],
    ['verify-full', 'sslmode=verify-full', [verified]],
    ['ssl=true, of node-postgres', 'ssl=true', [verified]],
    ['ssl=0, of node-postgres', 'ssl=0', [false]],
    ['channel binding asks who answers', 'sslmode=require&channel_binding=require', [verified]],
    ['direct negotiation', 'sslnegotiation=direct', [trusted]],
  ] as const)('%s', ([, query, expected]) => {
    expect(modes(query)).toEqual(expected)
  })

  test('verify-ca looks at who signed the certificate, and require with a root does too', () => {
    for (const mode of ['verify-ca', 'require']) {
      const [ssl] = modes(`sslmode=${mode}&sslrootcert=${certFile}`)
      expect(ssl).toMatchObject({ rejectUnauthorized: true, ca: cert })
      expect(ssl).toHaveProperty('checkServerIdentity')
    }
    const [full] = modes(`sslmode=verify-full&sslrootcert=${certFile}&sslcert=${certFile}&sslkey=${keyFile}`)
    expect(full).toEqual({ rejectUnauthorized: true, ca: cert, cert, key })
  })

  test('sslrootcert=system trusts what the machine trusts, and asks for verify-full', () => {
    const [ssl] = modes('sslrootcert=system')
    expect(ssl).toMatchObject({ rejectUnauthorized: true, ca: expect.any(Array) })
    expect(problem('postgres://db/x?sslrootcert=system&sslmode=require')).toContain('sslmode=verify-full')
  })

  test('a socket is spoken to without TLS', () => {
    expect(address('postgres:///x?host=/run/pg&sslmode=require').routes).toEqual([
      { host: '/run/pg', ssl: false },
    ])
  })
})

describe('an address is refused with a hint', () => {
  test.for([
    ['that is none', 'mysql://db/x', 'postgres://user:password@host/database'],
    ['with a % that stands for itself', 'postgres://u:100%@db/x', '%25'],
    ['with a / in its password', 'postgres://u:pass/word@db/x', '%2F'],
    ['with a / and a ? in its password', 'postgres://u:pa?ss/word@db/x', '%2F'],
    ['with an @ in its password', 'postgres://u:pass@word@db/x', '%40'],
    ['with a port that is none', 'postgres://db:http/x', 'port'],
    ['with a port too many', 'postgres:///x?host=a,b&port=1,2,3', 'ports'],
    ['with a port too high', 'postgres://db:70000/x', '65535'],
    ['with a mode that is none', 'postgres://db/x?sslmode=on', 'sslmode'],
    ['with a parameter that is none', 'postgres://db/x?secure=true', 'the parameter secure'],
    ['with a service file', 'postgres://db/x?service=main', 'the parameter service'],
    ['with a list of revoked certificates', 'postgres://db/x?sslcrl=a', 'the parameter sslcrl'],
    ['that asks for a standby', 'postgres://db/x?target_session_attrs=standby', 'read-write'],
    ['with verify-ca and no authority', 'postgres://db/x?sslmode=verify-ca', 'sslrootcert=FILE'],
    ['with a root that is not there', `postgres://db/x?sslrootcert=${folder}/none`, 'ENOENT'],
    ['with a root that is no certificate', `postgres://db/x?sslrootcert=${keyFile}`, 'no certificate'],
    ['with a key that is none', `postgres://db/x?sslcert=${certFile}&sslkey=${certFile}`, 'sslkey'],
  ] as const)('%s', ([, url, hint]) => {
    expect(problem(url)).toContain(hint)
  })

  test('that never repeats a secret', () => {
    for (const url of [
      'u:hunter2%@db/x',
      'u:hunter2/x@db',
      'u:x@hunter2@db',
      'u:x/y?hunter2',
      'hunter2:x:y/z',
    ]) {
      expect(problem(`postgres://${url}`)).not.toContain('hunter2')
    }
  })
})
