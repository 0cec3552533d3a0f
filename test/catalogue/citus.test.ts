import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/package-root.ts'
import { migratedDatabase, type TestDatabase } from '../support/databases.ts'
import { type Spread, scaleDocument, spreadOfTables } from './scale-document.ts'

const spread = spreadOfTables(scaleDocument())

type Constraint = { table: string; name: string; columns: string[] }
type ForeignKey = { table: string; columns: string[]; to: string; toColumns: string[] }
type Schema = {
  tables: string[]
  columns: Map<string, string[]>
  unique: Constraint[]
  foreignKeys: ForeignKey[]
  triggers: string[]
  sequences: string[]
}

let database: TestDatabase
let client: pg.Client
beforeAll(async () => {
  database = await migratedDatabase()
  client = new pg.Client(database.connection)
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

const rowsOf = async <Row extends object>(sql: string): Promise<Row[]> => (await client.query<Row>(sql)).rows

const ours = `relnamespace = 'public'::regnamespace`
const names = (columns: string, table: string) =>
  `array(select a.attname::text from unnest(${columns}) with ordinality k (attnum, n)
    join pg_attribute a on a.attrelid = ${table} and a.attnum = k.attnum order by k.n)`

/** What is really there once all migrations have run. */
async function readSchema(): Promise<Schema> {
  const tables = await rowsOf<{ table: string; columns: string[] }>(`
    select c.relname as table, array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0
      and not attisdropped order by attnum) as columns
    from pg_class c where c.${ours} and c.relkind in ('r', 'p') and not c.relispartition order by 1`)
  return {
    tables: tables.map((t) => t.table),
    columns: new Map(tables.map((t) => [t.table, t.columns])),
    // Constraints and bare unique indexes alike; an expression has column number 0 and so no name here.
    unique: await rowsOf<Constraint>(`
      select c.relname as table, i.indexrelid::regclass::text as name, ${names('i.indkey::int2[]', 'i.indrelid')} as columns
      from pg_index i join pg_class c on c.oid = i.indrelid where c.${ours} and (i.indisunique or i.indisexclusion)`),
    foreignKeys: await rowsOf<ForeignKey>(`
      select c.relname as table, ${names('f.conkey', 'f.conrelid')} as columns, t.relname as to,
        ${names('f.confkey', 'f.confrelid')} as "toColumns"
      from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_class t on t.oid = f.confrelid
      where f.contype = 'f' and c.${ours}`),
    triggers: (
      await rowsOf<{ name: string }>(`
        select c.relname || '.' || t.tgname as name from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.${ours} and not t.tgisinternal`)
    ).map((row) => row.name),
    sequences: (
      await rowsOf<{ name: string }>(`select relname as name from pg_class where ${ours} and relkind = 'S'
        union all select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.${ours} and a.attidentity <> ''`)
    ).map((row) => row.name),
  }
}

/** Everything in a schema that Citus would refuse with the tables spread like that, each as a sentence. */
function brokenRules(schema: Schema, how: ReadonlyMap<string, Spread>): string[] {
  const broken: string[] = []
  for (const table of schema.tables) {
    const spreadOf = how.get(table)
    if (spreadOf === undefined) broken.push(`${table} is not in docs/scale.md`)
    else if (spreadOf.kind === 'distributed' && !schema.columns.get(table)?.includes(spreadOf.by))
      broken.push(`${table} is spread by ${spreadOf.by}, which it does not have`)
    const keys = schema.unique.filter((u) => u.table === table)
    if (keys.length === 0) broken.push(`${table} has no primary key`)
    for (const { name, columns } of keys) {
      if (spreadOf?.kind === 'distributed' && columns[0] !== spreadOf.by)
        broken.push(`${name} begins with ${columns[0]}, not with ${spreadOf.by}`)
    }
  }
  for (const table of how.keys())
    if (!schema.tables.includes(table)) broken.push(`docs/scale.md has ${table}, which is none`)
  for (const key of schema.foreignKeys) broken.push(...brokenByForeignKey(key, how))
  for (const name of schema.triggers) broken.push(`${name} is a trigger`)
  for (const name of schema.sequences) broken.push(`${name} is a sequence`)
  return broken
}

function brokenByForeignKey(key: ForeignKey, how: ReadonlyMap<string, Spread>): string[] {
  const from = how.get(key.table)
  const to = how.get(key.to)
  if (from?.kind === to?.kind && from?.kind !== 'distributed') return []
  if (from?.kind === 'distributed' && to?.kind === 'reference') return []
  const together =
    from?.kind === 'distributed' &&
    to?.kind === 'distributed' &&
    from.group === to.group &&
    key.columns.indexOf(from.by) === key.toColumns.indexOf(to.by) &&
    key.columns.includes(from.by)
  return together ? [] : [`${key.table} refers to ${key.to}, which is spread in another way`]
}

test('the schema runs on Citus with its tables spread as docs/scale.md says', async () => {
  expect(brokenRules(await readSchema(), spread)).toEqual([])
})

test.each([
  [
    'a table that the document does not name',
    'create table stray (id uuid primary key)',
    'stray is not in docs/scale.md',
  ],
  [
    'a unique index without the distribution column first',
    'create unique index by_reference on verification (message_reference, subject)',
    'by_reference begins with message_reference, not with subject',
  ],
  [
    'a unique index on an expression',
    'create unique index by_word on verification (lower(reference))',
    'by_word begins with undefined, not with subject',
  ],
  [
    'a foreign key between tables that are spread in two ways',
    'alter table verification add foreign key (destination_key) references rate_limit (key)',
    'verification refers to rate_limit, which is spread in another way',
  ],
  [
    'a trigger',
    `create trigger noted before update on message for each row execute function suppress_redundant_updates_trigger()`,
    'message.noted is a trigger',
  ],
  [
    'an identity',
    'alter table activity add column n bigint generated always as identity',
    'activity.n is a sequence',
  ],
])('%s is found', async (_, ddl, found) => {
  await client.query('begin')
  await client.query(ddl)
  const schema = await readSchema()
  await client.query('rollback')
  expect(brokenRules(schema, spread)).toContain(found)
})

const volatile =
  /\b(clock_timestamp|timeofday|random|gen_random_uuid|uuidv[47]|nextval|setval|txid_current)\s*\(/

/** Statements that change rows; with them goes whatever stands in the same template. */
const changes = /\b(update|delete\s+from)\b/i

const templatesOf = (requester: string): string[] =>
  [...requester.matchAll(/`((?:[^`\\]|\\.)*)`/gs)].map(([, text]) => text ?? '')

test('no statement that changes rows asks a volatile function, which Citus refuses there', () => {
  const folder = join(packageRoot, 'src/storage')
  const templates = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => templatesOf(readFileSync(join(folder, name), 'utf8')).map((text) => ({ name, text })))
  // The scan would be of no use if it found nothing to look at.
  expect(templates.filter(({ text }) => changes.test(text)).length).toBeGreaterThan(15)
  expect(templates.filter(({ text }) => volatile.test(text))).toEqual([])
})

test('migrations give Citus one statement a query: none holds a semicolon of its own', () => {
  const folder = join(packageRoot, 'migrations')
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8').replace(/--.*$/gm, '')
    const inside = text.split('\n').filter((line) => /;\s*\S/.test(line))
    expect(inside).toEqual([])
    expect(text).not.toMatch(/\$\w*\$/)
  }
})
