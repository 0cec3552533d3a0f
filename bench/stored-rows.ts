import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from './postgres.ts'

/** So many rows go through one file, so that the disk need not hold everything twice. */
const batch = 500_000

/** A table's columns, and what they are selected from: `made`, which has a row for each of a batch. */
type Filling = { table: string; columns: string; select: string }

/**
 * What a service of some age holds, with random ids as it makes them: verifications that ended within the last 30 days,
 * each with a message, a delivery, two rows of activity and the limits of its destination.
 */
export async function fillVerifications(
  owner: Connection,
  count: number,
  say: (text: string) => void,
): Promise<void> {
  const [application] = await owner.query<{ id: string }>('select id from application limit 1')
  const made = `gen_random_uuid() as id, sha256(n::text::bytea) as hash,
    now() - random() * interval '30 days' - interval '15 minutes' as at`
  await fill(owner, 'verifications', count, made, verificationTables(application?.id ?? ''), say)
}

const verificationTables = (applicationId: string): Filling[] => [
  {
    table: 'verification',
    columns: `subject, id, application_id, state, purpose, channel, destination, destination_key, locale,
      message_reference, code_length, code_key, code_mac, attempts, attempts_allowed, created_at, last_sent_at,
      expires_at, ended_at`,
    select: `id, id, '${applicationId}', 'approved', 'verification', 'email', 'stored-' || n || '@bench.example', hash,
      'en', 'K7F-2Q', 6, 'benchkey', sha256(hash), 1, 5, at, at, at + interval '10 minutes', at + interval '20 seconds'
      from made`,
  },
  {
    table: 'message',
    columns: 'subject, id, verification_id, kind, channel, state, created_at, due_at, attempts',
    select: `id, gen_random_uuid(), id, 'code', 'email', 'sent', at, at, 1 from made`,
  },
  {
    table: 'delivery_event',
    columns: 'subject, id, message_id, at, kind, provider, by, response',
    select: `id, gen_random_uuid(), id, at + interval '1 second', 'accepted', 'smtp', 'mail.bench.example',
      '250 2.0.0 Ok: queued as 4B1T5x' from made`,
  },
  {
    table: 'activity',
    columns: 'subject, id, at, kind, application_id, verification_id',
    select: `id, gen_random_uuid(), at, kind, '${applicationId}', id
      from made, unnest(array['code_requested', 'code_approved']) as kind`,
  },
  { table: 'rate_limit', columns: 'key, kind, sends', select: `hash, 'email', array[at] from made` },
]

/** Accounts with one name and one email address each. */
export async function fillAccounts(
  owner: Connection,
  count: number,
  say: (text: string) => void,
): Promise<void> {
  const made = `gen_random_uuid() as id, 'account-' || n || '@bench.example' as name,
    sha256(('account-' || n)::bytea) as lookup`
  await fill(owner, 'accounts', count, made, accountTables, say)
}

const accountTables: Filling[] = [
  {
    table: 'account',
    columns: 'id, locale, password_hash',
    select: `id, 'en', '$argon2id$v=19$m=19456,t=2,p=1$' || encode(lookup, 'base64') from made`,
  },
  { table: 'username', columns: 'lookup, account_id', select: 'lookup, id from made' },
  {
    table: 'account_username',
    columns: 'account_id, name, kind',
    select: `id, name, 'email' from made`,
  },
  {
    table: 'security_info',
    columns: 'account_id, id, kind, address, proven_at',
    select: `id, gen_random_uuid(), 'email', name, now() from made`,
  },
]

/**
 * The server itself makes the rows and writes them to a file, from which they are loaded by COPY. Indexes are made
 * afterwards, and all of it is one transaction that empties the tables first, so that nothing of it need be logged:
 * otherwise loading 5 million rows takes the better part of an hour.
 */
async function fill(
  owner: Connection,
  what: string,
  count: number,
  made: string,
  tables: Filling[],
  say: (text: string) => void,
): Promise<void> {
  const [place] = await owner.query<{ folder: string }>(`select current_setting('data_directory') as folder`)
  const file = join(place?.folder ?? '', 'bench.copy')
  const names = tables.map(({ table }) => table)
  await owner.query('begin')
  await owner.query(`truncate ${names.join()} cascade`)
  const restore = await dropIndexes(owner, names)
  for (let from = 0; from < count; from += batch) {
    const to = Math.min(count, from + batch)
    await owner.query(
      `create temp table made as select n, ${made} from generate_series(${from + 1}, ${to}) as n`,
    )
    for (const { table, columns, select } of tables) {
      await owner.query(`copy (select ${select}) to '${file}'`)
      await owner.query(`copy ${table} (${columns}) from '${file}'`)
      rmSync(file)
    }
    await owner.query('drop table made')
    say(`${to} of ${count} ${what} stored`)
  }
  for (const command of restore) await owner.query(command)
  await owner.query('commit')
}

/** @returns the commands that make them again, keys before what refers to them */
async function dropIndexes(owner: Connection, tables: string[]): Promise<string[]> {
  const constraints = await owner.query<{ drop: string; restore: string }>(
    `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
       format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as restore
     from pg_constraint
     where contype in ('p', 'u', 'f') and (conrelid = any($1::regclass[]) or confrelid = any($1::regclass[]))
     order by contype = 'f'`,
    [tables],
  )
  const indexes = await owner.query<{ drop: string; restore: string }>(
    `select format('drop index %s', indexrelid::regclass) as drop, pg_get_indexdef(indexrelid) as restore
     from pg_index
     where indrelid = any($1::regclass[]) and not exists (select from pg_constraint where conindid = indexrelid)`,
    [tables],
  )
  const all = [...indexes, ...constraints]
  for (const { drop } of all.toReversed()) await owner.query(drop)
  return all.map(({ restore }) => restore)
}
