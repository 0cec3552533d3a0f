import type { Proof } from '../core/proving/proof.ts'
import type { SessionLife } from '../core/sign-in/session.ts'
import type { Instant } from '../core/time.ts'
import { removalBatch } from './retention.ts'
import type { Sql } from './sql.ts'

export type Session = SessionLife & {
  id: string
  accountId: string
  browser: Buffer
  kept: boolean
  proofs: Proof[]
  userAgent: string | undefined
}

export type NewSession = {
  accountId: string
  id: string
  secretHash: Buffer
  browser: Buffer
  kept: boolean
  proofs: readonly Proof[]
  userAgent: string | undefined
  ip: string
}

export async function insertSession(sql: Sql, session: NewSession): Promise<void> {
  await sql`
    insert into session (account_id, id, secret_hash, browser, kept, proofs, user_agent, ip)
    values (${session.accountId}, ${session.id}, ${session.secretHash}, ${session.browser}, ${session.kept},
      ${JSON.stringify(session.proofs)}, ${session.userAgent ?? null}, ${session.ip})`
}

/** The session that a cookie names, with the database's clock. The secret is compared as a hash, in the database. */
export async function findSession(
  sql: Sql,
  token: { accountId: string; sessionId: string; secretHash: Buffer },
  browser: Buffer,
): Promise<{ session: Session; now: Instant } | undefined> {
  const rows = await sql<{
    kept: boolean
    proofs: Proof[]
    user_agent: string | null
    created_at: Date
    last_seen_at: Date
    ended_at: Date | null
    now: Date
  }>`
    select kept, proofs, user_agent, created_at, last_seen_at, ended_at, statement_timestamp() as now from session
    where account_id = ${token.accountId} and id = ${token.sessionId} and secret_hash = ${token.secretHash}
      and browser = ${browser}`
  const row = rows[0]
  if (row === undefined) return undefined
  const session = {
    id: token.sessionId,
    accountId: token.accountId,
    browser,
    kept: row.kept,
    proofs: row.proofs,
    userAgent: row.user_agent ?? undefined,
    createdAt: Number(row.created_at),
    lastSeenAt: Number(row.last_seen_at),
    endedAt: row.ended_at === null ? undefined : Number(row.ended_at),
  }
  return { session, now: Number(row.now) }
}

/** What a session has proved. */
export async function proofsOf(sql: Sql, accountId: string, id: string): Promise<Proof[]> {
  const rows = await sql<{ proofs: Proof[] }>`
    select proofs from session where account_id = ${accountId} and id = ${id}`
  return rows[0]?.proofs ?? []
}

/**
 * A session that has proved more gets a new secret, and the old one is worth nothing from then on. Doing it again, with
 * the same new secret, changes nothing.
 *
 * @returns undefined where neither secret is the session's any more, or it has ended
 */
export async function raise(
  sql: Sql,
  session: { accountId: string; id: string },
  secret: { from: Buffer; to: Buffer },
  change: (proofs: Proof[]) => Proof[],
): Promise<{ kept: boolean } | undefined> {
  const rows = await sql<{ kept: boolean; proofs: Proof[] }>`
    select kept, proofs from session
    where account_id = ${session.accountId} and id = ${session.id} and ended_at is null
      and secret_hash in (${secret.from}, ${secret.to}) for update`
  const row = rows[0]
  if (row === undefined) return undefined
  await sql`
    update session set secret_hash = ${secret.to}, proofs = ${JSON.stringify(change(row.proofs))}
    where account_id = ${session.accountId} and id = ${session.id}`
  return { kept: row.kept }
}

/** Whether a token still opens its session: nobody has signed out of it, or ended it by a new password. */
export async function isOpen(
  sql: Sql,
  token: { accountId: string; sessionId: string; secretHash: Buffer },
): Promise<boolean> {
  const rows = await sql`
    select 1 from session
    where account_id = ${token.accountId} and id = ${token.sessionId} and secret_hash = ${token.secretHash}
      and ended_at is null`
  return rows.length === 1
}

export async function noteSeen(sql: Sql, accountId: string, id: string): Promise<void> {
  await sql`
    update session set last_seen_at = statement_timestamp()
    where account_id = ${accountId} and id = ${id} and ended_at is null`
}

/** @returns false where it had ended before, or never was */
export async function endSession(sql: Sql, accountId: string, id: string): Promise<boolean> {
  const ended = await sql`
    update session set ended_at = statement_timestamp()
    where account_id = ${accountId} and id = ${id} and ended_at is null
    returning 1`
  return ended.length === 1
}

/** Whether nobody has ended a session. */
export async function isUnended(sql: Sql, accountId: string, id: string): Promise<boolean> {
  const rows = await sql`
    select 1 from session where account_id = ${accountId} and id = ${id} and ended_at is null`
  return rows.length === 1
}

/** Sessions of the account on this browser: a new sign-in there replaces them. */
export async function endSessionsOnBrowser(sql: Sql, accountId: string, browser: Buffer): Promise<void> {
  await sql`
    update session set ended_at = statement_timestamp()
    where account_id = ${accountId} and browser = ${browser} and ended_at is null`
}

/** Every session of the account but one, and every sign-in that was gone through and has opened none yet. */
export async function endOtherSessions(sql: Sql, accountId: string, keptId: string): Promise<void> {
  await noteEnding(sql, accountId)
  await sql`
    update session set ended_at = statement_timestamp()
    where account_id = ${accountId} and id <> ${keptId} and ended_at is null`
}

/** Every session of the account, and every sign-in that was gone through and has opened none yet. */
export async function endAllSessions(sql: Sql, accountId: string): Promise<void> {
  await noteEnding(sql, accountId)
  await sql`
    update session set ended_at = statement_timestamp() where account_id = ${accountId} and ended_at is null`
}

/** Sessions that were opened since a moment, and these, but one; and every sign-in that was gone through and has opened none. */
export async function endSessionsSince(
  sql: Sql,
  accountId: string,
  since: Instant,
  which: { also: readonly string[]; but: string | undefined },
): Promise<void> {
  await noteEnding(sql, accountId)
  await sql`
    update session set ended_at = statement_timestamp()
    where account_id = ${accountId} and ended_at is null and id is distinct from ${which.but ?? null}::uuid
      and (created_at >= ${new Date(since)} or id = any(${which.also}::uuid[]))`
}

/** The account comes before its sessions, as everywhere: whoever holds it and looks at a session waits for nobody. */
const noteEnding = (sql: Sql, accountId: string) =>
  sql`update account set sessions_ended_at = statement_timestamp() where id = ${accountId}`

/** Sessions that nobody ended, with the database's clock; some may have run out. */
export async function sessionsOf(
  sql: Sql,
  accountId: string,
): Promise<{ sessions: (Session & { ip: string | undefined })[]; now: Instant }> {
  const rows = await sql<{
    id: string
    browser: Buffer
    kept: boolean
    proofs: Proof[]
    user_agent: string | null
    ip: string | null
    created_at: Date
    last_seen_at: Date
    now: Date
  }>`
    select id, browser, kept, proofs, user_agent, ip, created_at, last_seen_at, statement_timestamp() as now
    from session where account_id = ${accountId} and ended_at is null`
  const sessions = rows.map((row) => ({
    id: row.id,
    accountId,
    browser: row.browser,
    kept: row.kept,
    proofs: row.proofs,
    userAgent: row.user_agent ?? undefined,
    ip: row.ip ?? undefined,
    createdAt: Number(row.created_at),
    lastSeenAt: Number(row.last_seen_at),
    endedAt: undefined,
  }))
  return { sessions, now: Number(rows[0]?.now ?? 0) }
}

/** The browser of a session needs a code again. */
export async function forgetBrowserOf(sql: Sql, accountId: string, sessionId: string): Promise<void> {
  await sql`
    update known_browser set forgotten_at = statement_timestamp(), trusted_at = null, trust_used_at = null
    where account_id = ${accountId} and forgotten_at is null and browser = (
      select browser from session where account_id = ${accountId} and id = ${sessionId})`
}

/** All browsers but one are asked for a second proof again, like new ones. */
export async function forgetOtherBrowsers(sql: Sql, accountId: string, kept: Buffer): Promise<void> {
  await sql`
    update known_browser set forgotten_at = statement_timestamp(), trusted_at = null, trust_used_at = null
    where account_id = ${accountId} and forgotten_at is null and browser <> ${kept}`
}

/** A known browser has completed a sign-in to the account within ninety days, and was not forgotten since. */
export async function isKnownBrowser(sql: Sql, accountId: string, browser: Buffer): Promise<boolean> {
  const rows = await sql`
    select 1 from known_browser
    where account_id = ${accountId} and browser = ${browser} and forgotten_at is null
      and last_sign_in_at > statement_timestamp() - interval '90 days'`
  return rows.length === 1
}

/** Since when the account knows a browser, or knew one that was forgotten within thirty days. */
export async function knownSince(sql: Sql, accountId: string, browser: Buffer): Promise<Instant | undefined> {
  const rows = await sql<{ at: Date }>`
    select first_sign_in_at as at from known_browser
    where account_id = ${accountId} and browser = ${browser}
      and last_sign_in_at > statement_timestamp() - interval '90 days'
      and coalesce(forgotten_at > statement_timestamp() - interval '30 days', true)`
  return rows[0] && Number(rows[0].at)
}

/** Known from now on; one that was forgotten within thirty days, since when it was. */
export async function rememberBrowser(sql: Sql, accountId: string, browser: Buffer): Promise<void> {
  await sql`
    insert into known_browser (account_id, browser) values (${accountId}, ${browser})
    on conflict (account_id, browser) do update
      set last_sign_in_at = statement_timestamp(), forgotten_at = null,
        first_sign_in_at = case when known_browser.forgotten_at < statement_timestamp() - interval '30 days'
          then statement_timestamp() else known_browser.first_sign_in_at end`
}

/** A new password, and signing out everywhere, ends the trust in every browser: each is asked for a second proof again. */
export async function untrustBrowsers(sql: Sql, accountId: string): Promise<void> {
  await sql`update known_browser set trusted_at = null, trust_used_at = null where account_id = ${accountId}`
}

/** Removes sessions that can't come back. @returns how many of a batch went; call again while any */
export async function removeOldSessions(sql: Sql): Promise<number> {
  const old = await sql<{ account_id: string; id: string }>`
    (select account_id, id from session
      where created_at < statement_timestamp() - interval '90 days' limit ${removalBatch})
    union
    (select account_id, id from session
      where ended_at < statement_timestamp() - interval '30 days' limit ${removalBatch})`
  if (old.length === 0) return 0
  await sql`
    delete from session where (account_id, id) in (
      select * from unnest(${old.map((row) => row.account_id)}::uuid[], ${old.map((row) => row.id)}::uuid[]))`
  return old.length
}

/** Removes browsers that are no longer known. @returns how many of a batch went; call again while any */
export async function removeOldBrowsers(sql: Sql): Promise<number> {
  const old = await sql<{ account_id: string; browser: Buffer }>`
    select account_id, browser from known_browser
    where last_sign_in_at < statement_timestamp() - interval '90 days' limit ${removalBatch}`
  if (old.length === 0) return 0
  await sql`
    delete from known_browser
    where last_sign_in_at < statement_timestamp() - interval '90 days' and (account_id, browser) in (
      select * from unnest(${old.map((row) => row.account_id)}::uuid[], ${old.map((row) => row.browser)}::bytea[]))`
  return old.length
}
