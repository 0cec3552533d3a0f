import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from './postgres.ts'

/** So many rows go through one file, so that the disk need not hold everything twice. */
const batch = 500_000

/**
 * What a service of some age holds, with random ids as it makes them: verifications that ended within the last 30 days,
 * each with a message, a delivery, two rows of activity and the limits of its destination. Ids, times and hashes are
 * made by the server, written to a file, and loaded by COPY.
 */
export async function fillVerifications(
  owner: Connection,
  folder: string,
  rows: number,
  say: (text: string) => void,
): Promise<void> {
  const [application] = await owner.query<{ id: string }>('select id from application limit 1')
  for (let from = 0; from < rows; from += batch) {
    const to = Math.min(rows, from + batch)
    await owner.query(`
      create temp table made as
      select n, gen_random_uuid() as id, now() - random() * interval '30 days' - interval '15 minutes' as at,
        sha256(n::text::bytea) as hash
      from generate_series(${from + 1}, ${to}) as n`)
    for (const [table, columns, select] of tablesOf(application?.id ?? ''))
      await copy(owner, folder, table, columns, select)
    await owner.query('drop table made')
    say(`${to} of ${rows} verifications stored`)
  }
}

function tablesOf(applicationId: string): [table: string, columns: string, select: string][] {
  return [
    [
      'verification',
      `subject, id, application_id, state, purpose, channel, destination, destination_key, locale, message_reference,
        code_length, code_key, code_mac, attempts, attempts_allowed, created_at, last_sent_at, expires_at, ended_at`,
      `select id, id, '${applicationId}'::uuid, 'approved', 'verification', 'email', 'stored-' || n || '@bench.example',
        hash, 'en', 'K7F-2QX', 6, 'benchkey', sha256(hash), 1, 5, at, at, at + interval '10 minutes',
        at + interval '20 seconds' from made`,
    ],
    [
      'message',
      'subject, id, verification_id, kind, channel, state, created_at, due_at, attempts',
      `select id, gen_random_uuid(), id, 'code', 'email', 'sent', at, at, 1 from made`,
    ],
    [
      'delivery_event',
      'subject, id, message_id, at, kind, provider, by, response',
      `select id, gen_random_uuid(), id, at + interval '1 second', 'accepted', 'smtp', 'mail.bench.example',
        '250 2.0.0 Ok: queued as 4B1T5x' from made`,
    ],
    [
      'activity',
      'subject, id, at, kind, application_id, verification_id',
      `select id, gen_random_uuid(), at, kind, '${applicationId}'::uuid, id
        from made, unnest(array['code_requested', 'code_approved']) as kind`,
    ],
    ['rate_limit', 'key, kind, sends', `select hash, 'email', array[at] from made`],
  ]
}

async function copy(owner: Connection, folder: string, table: string, columns: string, select: string) {
  const [place] = await owner.query<{ folder: string }>(`select current_setting('data_directory') as folder`)
  const file = join(place?.folder ?? folder, 'bench.copy')
  await owner.query(`copy (${select}) to '${file}'`)
  await owner.query(`copy ${table} (${columns}) from '${file}'`)
  rmSync(file)
}

/** @returns how many were stored: none while the schema has no accounts */
export async function fillAccounts(owner: Connection): Promise<number> {
  const [found] = await owner.query<{ there: boolean }>(`select to_regclass('account') is not null as there`)
  return found?.there ? Number.NaN : 0
}
