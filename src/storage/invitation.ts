import type { Duration } from '../core/time.ts'
import type { Sql } from './sql.ts'

export async function insertInvitation(sql: Sql, tokenHash: Buffer, lasts: Duration): Promise<void> {
  await sql`
    insert into invitation (token_hash, expires_at)
    values (${tokenHash}, statement_timestamp() + ${lasts}::int * interval '1 millisecond')`
}

export async function isInvitationOpen(sql: Sql, tokenHash: Buffer): Promise<boolean> {
  const rows = await sql`
    select 1 from invitation where token_hash = ${tokenHash} and used_at is null and expires_at > statement_timestamp()
      and created_at <= statement_timestamp()`
  return rows.length === 1
}

/** Spends the invitation. @returns false where it has been used or has run out */
export async function useInvitation(sql: Sql, tokenHash: Buffer): Promise<boolean> {
  const rows = await sql`
    update invitation set used_at = statement_timestamp()
    where token_hash = ${tokenHash} and used_at is null and expires_at > statement_timestamp()
      and created_at <= statement_timestamp() returning 1`
  return rows.length === 1
}

/** Once there is an administrator, no link makes another. */
export async function endInvitations(sql: Sql): Promise<void> {
  await sql`update invitation set used_at = statement_timestamp() where used_at is null`
}
