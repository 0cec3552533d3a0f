import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportLines } from '../../src/operations/running/export.ts'
import { ImportRefused, importLines, inspectExport } from '../../src/operations/running/import.ts'
import { packageRoot } from '../../src/package-root.ts'
import { sha256 } from '../../src/secrets/digest.ts'
import { newKeyringRecord } from '../../src/secrets/keyring.ts'
import { followKeyring, readRecord } from '../../src/secrets/keyring-file.ts'
import { tableMoves } from '../../src/storage/dump.ts'
import { newestMigration } from '../../src/storage/migrate.ts'
import { migratedDatabase, type TestDatabase } from '../support/databases.ts'

const schema = await newestMigration(`${packageRoot}migrations`)
let from: TestDatabase
let to: TestDatabase
let source: pg.Client
let target: pg.Client
let keyringFile: string

beforeAll(async () => {
  ;[from, to] = await Promise.all([migratedDatabase(), migratedDatabase()])
  source = new pg.Client(from.connection)
  target = new pg.Client(to.connection)
  await Promise.all([source.connect(), target.connect()])
  keyringFile = join(mkdtempSync(join(tmpdir(), 'countersign-export-')), 'keyring')
})

afterAll(async () => {
  await Promise.all([source.end(), target.end()])
  await Promise.all([from.drop(), to.drop()])
  rmSync(join(keyringFile, '..'), { recursive: true })
})

const exportOf = async ({ connection }: TestDatabase, ring?: string): Promise<string> =>
  (await Array.fromAsync(exportLines({ connection, schema, keyringFile: ring }, Date.now(), () => {}))).join(
    '',
  )

const importInto = async (text: string, known = schema) =>
  importLines(
    { connection: to.connection, keyringFile },
    await inspectExport(known, linesOf(text)),
    () => linesOf(text),
    () => {},
  )

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split('\n').slice(0, text.endsWith('\n') ? -1 : undefined)
}

/** What an export says of the installation, without when it was made and the checksum over that. */
const contentOf = (text: string): string[] => text.split('\n').slice(1, -2)

async function empty(client: pg.Client): Promise<void> {
  const tables = Object.keys(tableMoves).filter((name) => name !== 'migration')
  await client.query(`truncate ${tables.join(', ')} cascade`)
}

const text = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .filter((t) => !t.includes('\0') && t.isWellFormed())
const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => Buffer.from(b))
// To the microsecond, which a Date would lose.
const moment = fc
  .tuple(fc.integer({ min: 1_700_000_000, max: 2_000_000_000 }), fc.integer({ min: 0, max: 999_999 }))
  .map(([s, us]) => `${new Date(s * 1000).toISOString().slice(0, 19)}.${String(us).padStart(6, '0')}Z`)
const row = fc.record({
  subject: fc.uuid(),
  state: fc.constantFrom('pending', 'approved', 'exhausted', 'cancelled'),
  messageState: fc.constantFrom('queued', 'sent', 'failed', 'withdrawn'),
  text,
  reference: fc.option(text),
  bytes,
  at: moment,
  expiresAt: moment,
  detail: fc.option(fc.jsonValue()),
})
type Row = typeof row extends fc.Arbitrary<infer Value> ? Value : never

async function fill(client: pg.Client, rows: readonly Row[]): Promise<void> {
  const application = '11111111-1111-4111-8111-111111111111'
  await client.query(`insert into application (id, name) values ($1, 'Harbour \u2028 Library')`, [
    application,
  ])
  for (const [n, r] of rows.entries()) {
    const live = r.state === 'pending'
    await client.query(
      'insert into api_key (id, application_id, name, hash, revoked_at) values ($1, $2, $3, $4, $5)',
      [`key${n}`, application, r.text, r.bytes, live ? null : r.at],
    )
    await client.query(
      `insert into verification (subject, id, application_id, state, purpose, channel, destination, destination_key,
         locale, reference, message_reference, request_hash, code_length, code_key, code_mac, sealed_code,
         earlier_code_key, earlier_code_mac, earlier_expires_at, attempts_allowed, created_at, expires_at, ended_at)
       values ($1, $1, $2, $3, 'verification', 'email', $4, $5, 'en', $6, 'K7F-2Q', $5, 6, 'k', $5, $7, 'old', $5, $8, 5, $8, $9, $10)`,
      [
        r.subject,
        application,
        r.state,
        r.text,
        r.bytes,
        r.reference,
        live ? r.bytes : null,
        r.at,
        r.expiresAt,
        live ? null : r.at,
      ],
    )
    await client.query(
      `insert into message (subject, id, verification_id, kind, channel, state, leased_until) values ($1, $1, $1, 'code', 'email', $2, $3)`,
      [r.subject, r.messageState, r.messageState === 'queued' ? r.at : null],
    )
    await client.query(
      `insert into delivery_event (subject, id, message_id, kind, provider, response) values ($1, $1, $1, 'accepted', 'smtp', $2)`,
      [r.subject, r.text],
    )
    await client.query(
      `insert into activity (subject, id, kind, detail) values ($1, $1, 'code_requested', $2)`,
      [r.subject, r.detail === null ? null : JSON.stringify(r.detail)],
    )
  }
  for (const [n, r] of rows.entries()) {
    await client.query('insert into account (id, locale, role, password_hash) values ($1, $2, $3, $4)', [
      r.subject,
      'en',
      n === 0 ? 'administrator' : 'member',
      r.text,
    ])
    await client.query('insert into username (lookup, account_id) values ($1, $2)', [r.bytes, r.subject])
    await client.query(`insert into account_username (account_id, name, kind) values ($1, $2, 'email')`, [
      r.subject,
      r.text,
    ])
    await client.query(
      `insert into security_info (account_id, id, kind, address, proven_at) values ($1, $1, 'email', $2, $3)`,
      [r.subject, r.text, r.at],
    )
    await client.query(
      `insert into security_info (account_id, id, kind, name, sealed_seed, last_step) values ($1, $2, 'totp', 'App', $3, 9)`,
      [r.subject, randomUUID(), r.bytes],
    )
    await client.query(
      `insert into security_info (account_id, id, kind, name, credential_id, public_key, sign_count, transports,
         backup_eligible, backed_up) values ($1, $2, 'passkey', $4, $3, $3, 4294967295, '{usb,nfc}', true, false)`,
      [r.subject, randomUUID(), r.bytes, r.text],
    )
    await client.query(
      `insert into security_info (account_id, id, kind, code_hash) values ($1, $2, 'recovery_code', $3)`,
      [r.subject, randomUUID(), r.bytes],
    )
    await client.query(`insert into known_browser (account_id, browser, trusted_at) values ($1, $2, now())`, [
      r.subject,
      r.bytes,
    ])
    await client.query(
      `insert into session (account_id, id, secret_hash, browser, kept, proofs) values ($1, $1, $2, $2, true, '[]')`,
      [r.subject, r.bytes],
    )
  }
  await client.query(`insert into phone_prefix (prefix, sends) values ('4477009', 12)`)
  await client.query(`insert into phone_spend (day, amount) values ('2026-06-01', 1205)`)
  await client.query(`insert into rate_limit (key, kind, sends) values ('\\x01', 'email', array[now()])`)
  await client.query(
    `insert into inbox_message (id, code_key, sealed) values ('22222222-2222-4222-8222-222222222222', 'k', '\\x02')`,
  )
}

test('what is imported exports as it was, and nothing that was under way is alive any more', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(row, {
        maxLength: 12,
        comparator: (a, b) => a.subject === b.subject || a.bytes.equals(b.bytes),
      }),
      async (rows) => {
        await Promise.all([empty(source), empty(target)])
        await fill(source, rows)
        const first = await exportOf(from)
        const counts = await importInto(first)
        expect(contentOf(await exportOf(to))).toEqual(contentOf(first))
        const { rows: contacts } = await target.query('select lookup, account_ids from contact')
        const holders = Map.groupBy(rows, (r) => r.text)
        expect(new Map(contacts.map((c) => [c.lookup.toString('hex'), c.account_ids.toSorted()]))).toEqual(
          new Map(
            [...holders].map(([address, held]) => [
              sha256(`contact ${address}`).toString('hex'),
              held.map((r) => r.subject).sort(),
            ]),
          ),
        )
        expect(counts).toMatchObject({ application: 1, verification: rows.length, activity: rows.length })

        const verifications = first
          .split('\n')
          .filter((line) => line.startsWith('{') && line.includes('"code_mac"'))
        for (const line of verifications) {
          const { code_mac, sealed_code, earlier_code_mac } = JSON.parse(line)
          expect([code_mac, sealed_code, earlier_code_mac]).toEqual([`\\x${'00'.repeat(32)}`, null, null])
        }
        expect(verifications).toHaveLength(rows.length)
        const { rows: left } = await target.query(`
        select (select count(*) from verification where state = 'pending' and expires_at > now())::int as pending,
          (select count(*) from message where state = 'queued')::int as queued,
          (select count(*) from rate_limit)::int as limits, (select count(*) from session)::int as sessions,
          (select count(*) from known_browser)::int as browsers, (select count(*) from inbox_message)::int as inbox,
          (select count(*) from verification where state = 'cancelled' and ended_at is null)::int as unended`)
        expect(left).toEqual([
          { pending: 0, queued: 0, limits: 0, sessions: 0, browsers: 0, inbox: 0, unended: 0 },
        ])
      },
    ),
    { numRuns: 12 },
  )
})

const refusalOf = async (file: string, known?: string): Promise<string> => {
  const fault = await importInto(file, known).then(
    () => undefined,
    (reason) => reason,
  )
  expect(fault).toBeInstanceOf(ImportRefused)
  return fault.message
}

const rowsInTarget = async () =>
  (await target.query('select (select count(*) from application) + (select count(*) from activity) as n'))
    .rows[0].n

test('authenticator apps leave only beside the key ring that opens their seeds', async () => {
  await Promise.all([empty(source), empty(target)])
  await fill(source, fc.sample(row, { numRuns: 3, seed: 11 }))
  const kindsIn = (file: string) =>
    new Set(
      [...file.matchAll(/"kind":"(email|totp|passkey|recovery_code)","address"/g)].map(([, kind]) => kind),
    )
  const bare = await exportOf(from)
  expect(kindsIn(bare)).toEqual(new Set(['email', 'passkey', 'recovery_code']))
  expect(bare).not.toMatch(/"sealed_seed":"/)
  const ringFile = `${keyringFile}.of-source`
  ;(await followKeyring(ringFile, Date.now())).close()
  expect(kindsIn(await exportOf(from, ringFile))).toEqual(
    new Set(['email', 'totp', 'passkey', 'recovery_code']),
  )
})

test('a file that was cut short or altered anywhere is refused with a sentence, and nothing is stored', async () => {
  await Promise.all([empty(source), empty(target)])
  await fill(source, fc.sample(row, { numRuns: 5, seed: 7 }))
  const whole = await exportOf(from)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 2),
      fc.constantFrom('cut', 'alter', 'drop a line'),
      async (at, how) => {
        const damagedFile =
          how === 'cut'
            ? whole.slice(0, at)
            : how === 'alter'
              ? `${whole.slice(0, at)}${whole[at] === '7' ? '8' : '7'}${whole.slice(at + 1)}`
              : whole
                  .split('\n')
                  .filter((_, n, lines) => n !== at % (lines.length - 1))
                  .join('\n')
        expect(await refusalOf(damagedFile)).toMatch(
          /The file is damaged: |no export of Countersign|newer release/,
        )
        expect(await rowsInTarget()).toBe('0')
      },
    ),
    { numRuns: 60 },
  )
  await importInto(whole)
})

/** A file with these lines, as whole as a real one. */
function signed(lines: readonly object[], rows: Record<string, number>): string {
  const header = { format: 'countersign-export', version: 1, schema, exported_at: '2026-06-01T09:00:00Z' }
  const text = [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
  return `${text}${JSON.stringify(['end', { rows, sha256: sha256(text).toString('hex') }])}\n`
}

test('a row that no table takes is refused unseen, and no key ring is left', async () => {
  await empty(target)
  const ring = ['keyring', newKeyringRecord(Date.now())]
  const table = ['table', 'application', ['id', 'name']]
  const secret = { id: 'ana@example.org', name: 'x' }
  const twice = { id: '11111111-1111-4111-8111-111111111111', name: 'ana@example.org' }
  for (const [rows, state] of [
    [[secret], '22P02'],
    [[twice, twice], '23505'],
  ] as const) {
    const file = signed([ring, table, ...rows], { application: rows.length })
    const words = await refusalOf(file)
    expect(words).toBe(
      `A row of application (one of 1 to ${rows.length}) doesn't fit the tables of this release (SQLSTATE ${state}). Nothing was imported.`,
    )
    expect(existsSync(keyringFile)).toBe(false)
    expect(await rowsInTarget()).toBe('0')
  }
})

test('a key ring that is put where none was is taken away again when the import fails', async () => {
  await empty(target)
  const table = ['table', 'security_info', ['account_id', 'id', 'kind', 'address']]
  const ring = newKeyringRecord(Date.now())
  const file = signed([['keyring', ring], table], { security_info: 0 })
  // The look-ups of contacts are made last, when the ring is there already.
  await target.query('alter table contact rename to contact_away')
  await expect(importInto(file)).rejects.toThrow('contact')
  await target.query('alter table contact_away rename to contact')
  expect(existsSync(keyringFile)).toBe(false)
  await importInto(file)
  expect(await readRecord(keyringFile)).toEqual(ring)
  rmSync(keyringFile)
})

test.for([
  { version: 1, lookup: newKeyringRecord(0).lookup, keys: [] },
  { version: 1, lookup: '', keys: newKeyringRecord(0).keys },
  { version: 2 },
  null,
])('an export whose key ring is %j is refused', async (ring) => {
  await empty(target)
  expect(await refusalOf(signed([['keyring', ring]], {}))).toMatch(
    /^The file is damaged: its key ring has no key/,
  )
  expect(existsSync(keyringFile)).toBe(false)
})

test('the file of a newer schema is refused; one that is read into an installation with rows too', async () => {
  await Promise.all([empty(source), empty(target)])
  await fill(source, [])
  const file = await exportOf(from)
  expect(await refusalOf(file, '0000_before.sql')).toMatch(/newer release.*Update this one first/)
  await importInto(file)
  expect(await refusalOf(file)).toMatch(/There are rows in application already/)
})

test('rows of a moment: what is written during an export is not in it, nor does the export hold it up', async () => {
  await Promise.all([empty(source), empty(target)])
  await fill(source, [])
  const lines = exportLines(
    { connection: from.connection, schema, keyringFile: undefined },
    Date.now(),
    () => {},
  )
  // The header, then a table's name: the transaction has begun, and its view is that of its first statement.
  await lines.next()
  await lines.next()
  await lines.next()
  await source.query(`insert into phone_prefix (prefix, sends) values ('4912345', 1)`)
  const rest = await Array.fromAsync(lines)
  expect(rest.join('')).toContain('4477009')
  expect(rest.join('')).not.toContain('4912345')
})

test('every table and column of the schema is declared to move or to stay: a new one has to be decided on', async () => {
  const { rows } = await source.query<{ table: string; columns: string[] }>(`
    select c.relname as table, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    group by c.relname`)
  expect(rows.map((r) => r.table).sort()).toEqual(Object.keys(tableMoves).sort())
  for (const { table, columns } of rows) {
    const declared = tableMoves[table]
    if (declared?.move === 'exported') expect([table, ...declared.columns]).toEqual([table, ...columns])
  }
})
