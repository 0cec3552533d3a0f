import type { Instant } from '../core/time.ts'
import type { PrefixCount } from '../core/verifications/phone-limits.ts'
import type { Sql } from './sql.ts'

/** The count of a number range, held until the transaction ends. */
export async function lockPrefix(sql: Sql, prefix: string): Promise<{ count: PrefixCount; now: Instant }> {
  await sql`insert into phone_prefix (prefix) values (${prefix}) on conflict (prefix) do nothing`
  const rows = await sql<{ sends: number; used: number; filled_at: Date | null; now: Date }>`
    select sends, used, filled_at, statement_timestamp() as now from phone_prefix where prefix = ${prefix} for update`
  const row = rows[0]
  if (row === undefined) throw new Error('The number range was removed while it was counted.')
  const filledAt = row.filled_at === null ? undefined : Number(row.filled_at)
  return { count: { sends: row.sends, used: row.used, filledAt }, now: Number(row.now) }
}

export async function storePrefix(sql: Sql, prefix: string, count: PrefixCount): Promise<void> {
  const filledAt = count.filledAt === undefined ? null : new Date(count.filledAt)
  await sql`
    update phone_prefix set sends = ${count.sends}, used = ${count.used}, filled_at = ${filledAt} where prefix = ${prefix}`
}

export async function noteCodeUsed(sql: Sql, prefix: string): Promise<void> {
  await sql`update phone_prefix set used = used + 1 where prefix = ${prefix}`
}

/** Adds what a text costs to the UTC day. @returns whether the cap allowed it, and when the next day begins */
export async function spend(
  sql: Sql,
  amount: number,
  cap: number,
): Promise<{ allowed: boolean; nextDayAt: Instant }> {
  const rows = await sql<{ allowed: boolean; next_day: Date }>`
    with spent as (
      insert into phone_spend as s (day, amount)
      select (statement_timestamp() at time zone 'UTC')::date, ${amount}::int where ${amount}::int <= ${cap}::int
      on conflict (day) do update set amount = s.amount + ${amount}::int where s.amount + ${amount}::int <= ${cap}::int
      returning 1
    )
    select exists (select 1 from spent) as allowed,
      (date_trunc('day', statement_timestamp() at time zone 'UTC') + interval '1 day') at time zone 'UTC' as next_day`
  return { allowed: rows[0]?.allowed ?? false, nextDayAt: Number(rows[0]?.next_day) }
}
