import { type Trust, trustIdle } from '../core/security-info/two-step.ts'
import type { Instant } from '../core/time.ts'
import type { Sql } from './sql.ts'

export type TrustedBrowser = Trust & { browser: Buffer; userAgent: string | undefined }

type Row = { browser: Buffer; trusted_at: Date; trust_used_at: Date; user_agent: string | null }

const read = (row: Row): TrustedBrowser => ({
  browser: row.browser,
  trustedAt: Number(row.trusted_at),
  usedAt: Number(row.trust_used_at),
  userAgent: row.user_agent ?? undefined,
})

/** Each browser that was told not to ask again, the latest used first; also those that have lapsed since. */
export async function trustedBrowsersOf(sql: Sql, accountId: string): Promise<TrustedBrowser[]> {
  const rows = await sql<Row>`
    select browser, trusted_at, trust_used_at, user_agent from known_browser
    where account_id = ${accountId} and trusted_at is not null order by trust_used_at desc, browser`
  return rows.map(read)
}

export async function trustIn(
  sql: Sql,
  accountId: string,
  browser: Buffer,
): Promise<{ trust: Trust; now: Instant } | undefined> {
  const rows = await sql<Row & { now: Date }>`
    select browser, trusted_at, trust_used_at, user_agent, statement_timestamp() as now from known_browser
    where account_id = ${accountId} and browser = ${browser} and trusted_at is not null`
  return rows[0] && { trust: read(rows[0]), now: Number(rows[0].now) }
}

/** Trusts a browser that is known. One that is trusted stays so since when it was. */
export async function trustBrowser(
  sql: Sql,
  accountId: string,
  browser: Buffer,
  userAgent: string | undefined,
): Promise<void> {
  await sql`
    update known_browser set trust_used_at = statement_timestamp(), user_agent = ${userAgent ?? null},
      trusted_at = case
        when trust_used_at > statement_timestamp() - ${trustIdle}::float8 * interval '1 millisecond' then trusted_at
        else statement_timestamp() end
    where account_id = ${accountId} and browser = ${browser}`
}

/** Its owner has signed in there: that keeps it trusted, but brings back no trust that has lapsed. */
export async function noteTrustUsed(sql: Sql, accountId: string, browser: Buffer): Promise<void> {
  await sql`
    update known_browser set trust_used_at = statement_timestamp()
    where account_id = ${accountId} and browser = ${browser}
      and trust_used_at > statement_timestamp() - ${trustIdle}::float8 * interval '1 millisecond'`
}

export async function endTrust(sql: Sql, accountId: string, browser: Buffer): Promise<void> {
  await sql`
    update known_browser set trusted_at = null, trust_used_at = null
    where account_id = ${accountId} and browser = ${browser}`
}
