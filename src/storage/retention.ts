import { type Duration, days } from '../core/time.ts'
import type { Sql } from './sql.ts'

/** Whatever is removed by its age goes in small batches, so that nothing waits for it and no transaction grows long. */
export const removalBatch = 1000

/**
 * Removes verifications that ended long enough ago, with their messages, deliveries and activity. What belongs to one
 * subject is removed together; a crash between two statements leaves rows that nothing shows, and the next round, which
 * finds the verification still there, takes them. What is told to an account names no application, and stays.
 *
 * @returns how many of a batch went; call again while any
 */
export async function removeOldVerifications(sql: Sql, keptFor: Duration): Promise<number> {
  const old = await sql<{ subject: string }>`
    select subject from verification
    where expires_at < statement_timestamp() - ${keptFor}::float8 * interval '1 millisecond'
    order by expires_at limit ${removalBatch}`
  if (old.length === 0) return 0
  const subjects = old.map((row) => row.subject)
  await sql`delete from delivery_event where subject = any(${subjects}::uuid[])`
  await sql`delete from message where subject = any(${subjects}::uuid[])`
  await sql`delete from activity where subject = any(${subjects}::uuid[]) and application_id is not null`
  await sql`delete from verification where subject = any(${subjects}::uuid[])`
  return old.length
}

/**
 * Removes limit rows whose every hit has left every window of their kind.
 *
 * @param keptFor how long after its newest hit a row of a kind is needed; a day where nothing is said
 * @returns the key to go on from, or undefined at the end
 */
export async function removeOldLimits(
  sql: Sql,
  keptFor: ReadonlyMap<string, Duration>,
  after: Buffer | undefined,
): Promise<Buffer | undefined> {
  const kinds = [...keptFor.keys()]
  const times = [...keptFor.values()]
  const rows = await sql<{ key: Buffer; old: boolean }>`
    select l.key, coalesce(greatest(l.sends[1], l.failures[1]), l.made_at)
      < statement_timestamp() - coalesce(k.kept, ${days(1)})::float8 * interval '1 millisecond' as old
    from rate_limit l left join unnest(${kinds}::text[], ${times}::float8[]) as k (kind, kept) on k.kind = l.kind
    where l.key > ${after ?? Buffer.alloc(0)} order by l.key limit ${removalBatch}`
  const old = rows.filter((row) => row.old).map((row) => row.key)
  if (old.length > 0) {
    await sql`
      delete from rate_limit l where l.key = any(${old}::bytea[]) and coalesce(greatest(l.sends[1], l.failures[1]), l.made_at)
        < statement_timestamp() - interval '1 millisecond' * coalesce(
          (select k.kept from unnest(${kinds}::text[], ${times}::float8[]) as k (kind, kept) where k.kind = l.kind), ${days(1)})`
  }
  return rows.length === removalBatch ? rows.at(-1)?.key : undefined
}

/** @returns how many of a batch went; call again while any */
export async function removeOldInbox(sql: Sql, keptFor: Duration): Promise<number> {
  const old = await sql<{ id: string }>`
    select id from inbox_message
    where sent_at < statement_timestamp() - ${keptFor}::float8 * interval '1 millisecond' limit ${removalBatch}`
  if (old.length === 0) return 0
  await sql`delete from inbox_message where id = any(${old.map(({ id }) => id)}::uuid[])`
  return old.length
}

export async function removeOldPhoneSpend(sql: Sql): Promise<void> {
  await sql`delete from phone_spend where day < (statement_timestamp() at time zone 'UTC')::date - 7`
}
