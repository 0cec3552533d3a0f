import type { Sql } from './sql.ts'

/**
 * Strangers have used up their guesses at a password. Of a name without an account a row is written too: the same work.
 * Within a day of the owner's being told it changes nothing.
 */
export async function noteGuessing(sql: Sql, accountId: string): Promise<void> {
  await sql`
    insert into guessing (account_id) values (${accountId})
    on conflict (account_id) do update set noted_at = statement_timestamp(), told_at = null
    where guessing.told_at <= statement_timestamp() - interval '1 day'`
}

/** Accounts whose owner has not been told of it yet. */
export async function guessedAccounts(sql: Sql, most: number): Promise<string[]> {
  const rows = await sql<{ account_id: string }>`
    select account_id from guessing where told_at is null order by noted_at limit ${most}`
  return rows.map((row) => row.account_id)
}

/** @returns whether this caller is the one that tells; the row stays, so that the next is told a day later */
export async function claimGuessing(sql: Sql, accountId: string): Promise<boolean> {
  const rows = await sql`
    update guessing set told_at = statement_timestamp() where account_id = ${accountId} and told_at is null
    returning 1`
  return rows.length === 1
}

export async function removeOldGuessing(sql: Sql): Promise<void> {
  await sql`delete from guessing where told_at <= statement_timestamp() - interval '2 days'`
}
