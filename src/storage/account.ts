import type { Instant } from '../core/time.ts'
import type { Locale } from '../core/verifications/message.ts'
import { addHolder } from './contact.ts'
import type { Sql } from './sql.ts'

export type Role = 'member' | 'administrator'

export type Account = {
  id: string
  locale: Locale
  role: Role
  passwordHash: string
  createdAt: Instant
  passwordSetAt: Instant
  /** Whether it reaches the length that a password alone needs. */
  passwordStandsAlone: boolean
  /** Since when a second proof is asked for at sign-in. */
  twoStepAt: Instant | undefined
}

export async function findAccountId(sql: Sql, lookup: Buffer): Promise<string | undefined> {
  const rows = await sql<{ account_id: string }>`select account_id from username where lookup = ${lookup}`
  return rows[0]?.account_id
}

export async function findAccount(sql: Sql, id: string): Promise<Account | undefined> {
  const rows = await sql<{
    id: string
    locale: Locale
    role: Role
    password_hash: string
    password_set_at: Date
    created_at: Date
    two_step_at: Date | null
    password_stands_alone: boolean
  }>`
    select id, locale, role, password_hash, password_set_at, created_at, two_step_at, password_stands_alone
    from account where id = ${id}`
  const row = rows[0]
  return (
    row && {
      id: row.id,
      locale: row.locale,
      role: row.role,
      passwordHash: row.password_hash,
      createdAt: Number(row.created_at),
      passwordSetAt: Number(row.password_set_at),
      passwordStandsAlone: row.password_stands_alone,
      twoStepAt: row.two_step_at === null ? undefined : Number(row.two_step_at),
    }
  )
}

export type NewAccount = {
  id: string
  locale: Locale
  passwordHash: string
  username: string
  usernameLookup: Buffer
  itemId: string
  provenAt: Instant
  /** When the password was typed: the session that it opens counts from then. */
  passwordSetAt: Instant
}

/**
 * Makes an account with its first name and its first, proved contact. Name, account and the contact's look-up live on three shards: the name
 * comes first, so that of two at once the second fails before anything of it exists.
 *
 * @throws a unique violation (23505) where the name has an account
 */
export async function insertAccount(sql: Sql, account: NewAccount): Promise<void> {
  const { id } = account
  await sql`insert into username (lookup, account_id) values (${account.usernameLookup}, ${id})`
  await sql`
    insert into account (id, locale, password_hash, password_set_at)
    values (${id}, ${account.locale}, ${account.passwordHash}, ${new Date(account.passwordSetAt)})`
  await sql`insert into account_username (account_id, name, kind) values (${id}, ${account.username}, 'email')`
  await sql`
    insert into security_info (account_id, id, kind, address, proven_at, last_used_at)
    values (${id}, ${account.itemId}, 'email', ${account.username}, ${new Date(account.provenAt)}, ${new Date(account.provenAt)})`
  await addHolder(sql, account.username, id)
}

export type AccountName = { name: string; kind: 'email' | 'phone'; addedAt: Instant }

export async function usernamesOf(sql: Sql, accountId: string): Promise<AccountName[]> {
  const rows = await sql<{ name: string; kind: 'email' | 'phone'; added_at: Date }>`
    select name, kind, added_at from account_username where account_id = ${accountId} order by added_at, name`
  return rows.map((row) => ({ name: row.name, kind: row.kind, addedAt: Number(row.added_at) }))
}

export async function setRole(sql: Sql, accountId: string, role: Role): Promise<void> {
  await sql`update account set role = ${role} where id = ${accountId}`
}

/**
 * @param standsAlone whether it is long enough where nothing else is asked for
 * @returns the hash of the one before
 */
export async function setPassword(
  sql: Sql,
  accountId: string,
  passwordHash: string,
  standsAlone: boolean,
): Promise<string> {
  const before = await sql<{ password_hash: string }>`
    select password_hash from account where id = ${accountId} for update`
  await sql`
    update account
    set password_hash = ${passwordHash}, password_set_at = statement_timestamp(),
      password_stands_alone = ${standsAlone}
    where id = ${accountId}`
  return before[0]?.password_hash ?? ''
}

/** Turns two-step verification on, where it is off. @returns whether it was */
export async function turnTwoStepOn(sql: Sql, accountId: string): Promise<boolean> {
  const rows = await sql`
    update account set two_step_at = statement_timestamp() where id = ${accountId} and two_step_at is null returning id`
  return rows.length === 1
}

/** Turns two-step verification off, where it is on. @returns whether it was */
export async function turnTwoStepOff(sql: Sql, accountId: string): Promise<boolean> {
  const rows = await sql`
    update account set two_step_at = null where id = ${accountId} and two_step_at is not null returning id`
  return rows.length === 1
}

/** Until this transaction ends, nobody else changes the account's ways in, and no sign-in to it comes to its end. */
export async function lockAccount(sql: Sql, accountId: string): Promise<void> {
  await sql`select 1 from account where id = ${accountId} for update`
}

/** What makes a sign-in that was gone through worth nothing: a password chosen, or sessions ended, since. */
export type SignInBars = { passwordSetAt: Instant; sessionsEndedAt: Instant | undefined }

/** Until this transaction ends, nobody chooses another password or ends all sessions. */
export async function lockSignInBars(sql: Sql, accountId: string): Promise<SignInBars | undefined> {
  const rows = await sql<{ password_set_at: Date; sessions_ended_at: Date | null }>`
    select password_set_at, sessions_ended_at from account where id = ${accountId} for share`
  const row = rows[0]
  return (
    row && {
      passwordSetAt: Number(row.password_set_at),
      sessionsEndedAt: row.sessions_ended_at === null ? undefined : Number(row.sessions_ended_at),
    }
  )
}

export async function hasAdministrator(sql: Sql): Promise<boolean> {
  const rows = await sql`select 1 from account where role = 'administrator' limit 1`
  return rows.length === 1
}
