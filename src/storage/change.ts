import {
  type ChangeDetail,
  type ChangeKind,
  type ChangeState,
  changeOpenFor,
  type NoticeDetail,
  type NoticeKind,
  type StoredChange,
} from '../core/changes/change.ts'
import { isOpen } from '../core/changes/freeze.ts'
import { undoAnnouncedFor, undoStaysOpen } from '../core/changes/undo.ts'
import { type Duration, days, type Instant } from '../core/time.ts'
import type { Channel } from '../core/verifications/delivery.ts'
import type { Locale } from '../core/verifications/message.ts'
import { removalBatch } from './retention.ts'
import type { Sql } from './sql.ts'

export async function insertChange(
  sql: Sql,
  accountId: string,
  change: {
    id: string
    kind: ChangeKind
    sessionId: string | undefined
    passwordBefore: string | undefined
    seniorItemAt: Instant | undefined
    detail: ChangeDetail
  },
): Promise<void> {
  await sql`
    insert into change (account_id, id, kind, session_id, password_before, senior_item_at, detail)
    values (${accountId}, ${change.id}, ${change.kind}, ${change.sessionId ?? null}, ${change.passwordBefore ?? null},
      ${dateOf(change.seniorItemAt)}, ${JSON.stringify(change.detail)})`
}

const dateOf = (at: Instant | undefined): Date | null => (at === undefined ? null : new Date(at))

export type NewNotice = {
  accountId: string
  id: string
  /** Undefined where it tells of what strangers tried: there is nothing to freeze. */
  changeId: string | undefined
  itemId: string
  channel: Channel
  destination: string
  locale: Locale
  reference: string
  told: NoticeDetail
  lasts: Duration
}

/** A notice and the message that carries it, together. */
export async function insertNotice(sql: Sql, notice: NewNotice): Promise<void> {
  await sql`
    with told as (
      insert into notice (account_id, id, kind, change_id, item_id, destination, locale, reference, detail, expires_at)
      values (${notice.accountId}::uuid, ${notice.id}::uuid, ${notice.told.kind}, ${notice.changeId ?? null}, ${notice.itemId},
        ${notice.destination}, ${notice.locale}, ${notice.reference}, ${JSON.stringify(notice.told)},
        statement_timestamp() + ${notice.lasts}::float8 * interval '1 millisecond')
    )
    insert into message (subject, id, kind, channel, domain)
    values (${notice.accountId}::uuid, ${notice.id}::uuid, 'notice', ${notice.channel},
      nullif(split_part(${notice.destination}::text, '@', 2), ''))`
}

/** How many notices went to one contact from a moment on, which the lowest id of that moment stands for. */
export async function noticesTo(sql: Sql, accountId: string, itemId: string, since: string): Promise<number> {
  const rows = await sql<{ count: number }>`
    select count(*)::int as count from notice
    where account_id = ${accountId} and item_id = ${itemId} and id >= ${since}`
  return rows[0]?.count ?? 0
}

type ChangeRow = {
  id: string
  kind: ChangeKind
  at: Date
  session_id: string | null
  state: ChangeState
  detail: ChangeDetail
  undo_asked_at: Date | null
  password_before: string | null
  silenced: string[]
  senior_item_at: Date | null
}

/** The changes that can still be decided, newest first: of thirty days, and with an undo that is announced older ones. */
export async function changesOf(sql: Sql, accountId: string): Promise<StoredChange[]> {
  const rows = await sql<ChangeRow & { now: Date }>`
    select id, kind, at, session_id, state, detail, undo_asked_at, password_before, silenced, senior_item_at,
      statement_timestamp() as now
    from change where account_id = ${accountId} order by at desc, id desc`
  const all = rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    at: Number(row.at),
    sessionId: row.session_id ?? undefined,
    state: row.state,
    detail: row.detail,
    undoAskedAt: row.undo_asked_at === null ? undefined : Number(row.undo_asked_at),
    passwordBefore: row.password_before ?? undefined,
    silenced: row.silenced,
    seniorItemAt: row.senior_item_at === null ? undefined : Number(row.senior_item_at),
  }))
  const from = all.filter((change) => isOpen(change, Number(rows[0]?.now ?? 0))).at(-1)?.at
  // What came after a change that is still open is decided with it.
  return all.filter(({ at }) => from !== undefined && at >= from)
}

export type Notice = { kind: NoticeKind; changeId: string; itemId: string; reference: string }

/** The notice that a message carries: to whom, of what, and the reference printed in it. */
export async function findNotice(sql: Sql, accountId: string, id: string): Promise<Notice | undefined> {
  const rows = await sql<{ kind: NoticeKind; change_id: string; item_id: string; reference: string }>`
    select kind, change_id, item_id, reference from notice
    where account_id = ${accountId} and id = ${id} and change_id is not null`
  const row = rows[0]
  return row && { kind: row.kind, changeId: row.change_id, itemId: row.item_id, reference: row.reference }
}

/**
 * Begins to announce that a change will be undone; the first round of notices goes with it.
 *
 * @returns whether this began it: of two at once one does
 */
export async function askUndo(sql: Sql, accountId: string, id: string): Promise<boolean> {
  const rows = await sql`
    update change set undo_asked_at = statement_timestamp(), undo_rounds = 1
    where account_id = ${accountId} and id = ${id} and undo_asked_at is null returning id`
  return rows.length === 1
}

export type AnnouncedUndo = {
  accountId: string
  id: string
  askedAt: Instant
  rounds: number
  now: Instant
}

/** Announced undos whose next round of notices may be due. */
export async function announcedUndos(sql: Sql): Promise<AnnouncedUndo[]> {
  const rows = await sql<{ account_id: string; id: string; at: Date; rounds: number; now: Date }>`
    select account_id, id, undo_asked_at as at, undo_rounds as rounds, statement_timestamp() as now from change
    where undo_asked_at is not null and state in ('standing', 'frozen')`
  return rows.map((row) => ({
    accountId: row.account_id,
    id: row.id,
    askedAt: Number(row.at),
    rounds: row.rounds,
    now: Number(row.now),
  }))
}

/** Takes one round of notices, by compare-and-set: of several workers one sends it. @returns whether it was taken */
export async function takeUndoRound(
  sql: Sql,
  accountId: string,
  id: string,
  rounds: number,
): Promise<boolean> {
  const rows = await sql`
    update change set undo_rounds = undo_rounds + 1
    where account_id = ${accountId} and id = ${id} and undo_rounds = ${rounds} and state in ('standing', 'frozen')
    returning id`
  return rows.length === 1
}

/** @param silenced of confirmed ones: the items that can't freeze them again */
export async function settleChanges(
  sql: Sql,
  accountId: string,
  changes: readonly { id: string }[],
  state: ChangeState,
  silenced: readonly string[] = [],
): Promise<void> {
  const ids = changes.map(({ id }) => id)
  await sql`
    update change set state = ${state}, state_at = statement_timestamp(),
      silenced = array(select distinct unnest(silenced || ${silenced}::uuid[]))
    where account_id = ${accountId} and id = any(${ids}::uuid[])`
}

/** An item that froze these stands behind them from now on, where none that is older does. */
export async function raiseSeniority(
  sql: Sql,
  accountId: string,
  changes: readonly { id: string }[],
  itemAddedAt: Instant,
): Promise<void> {
  const ids = changes.map(({ id }) => id)
  await sql`
    update change set senior_item_at = least(senior_item_at, ${new Date(itemAddedAt)}::timestamptz)
    where account_id = ${accountId} and id = any(${ids}::uuid[])`
}

const openForDays = changeOpenFor / days(1)
/** An undo may be asked for on the last day. */
const longestOpenDays = (changeOpenFor + undoAnnouncedFor + undoStaysOpen) / days(1) + 1

/** How long a notice is kept, and with it the message that carried it. */
export const noticesKept = days(90)
const noticesKeptDays = noticesKept / days(1)

/** Removes changes that nobody can undo any more. @returns how many of a batch went; call again while any */
export async function removeOldChanges(sql: Sql): Promise<number> {
  const over = openForDays + 1
  const old = await sql<AccountKey>`
    select account_id, id from change where at < statement_timestamp() - ${over}::int * interval '1 day'
      and coalesce(undo_asked_at, at) < statement_timestamp() - ${over}::int * interval '1 day' limit ${removalBatch}`
  if (old.length === 0) return 0
  await sql`
    delete from change where (account_id, id) in (
      select * from unnest(${accountsOf(old)}::uuid[], ${idsOf(old)}::uuid[]))`
  return old.length
}

/** Removes removed items that no undo can bring back. @returns how many of a batch went; call again while any */
export async function removeOldItems(sql: Sql): Promise<number> {
  const old = await sql<AccountKey>`
    select account_id, id from removed_item
    where removed_at < statement_timestamp() - ${longestOpenDays}::int * interval '1 day' limit ${removalBatch}`
  if (old.length === 0) return 0
  await sql`
    delete from removed_item where (account_id, id) in (
      select * from unnest(${accountsOf(old)}::uuid[], ${idsOf(old)}::uuid[]))`
  return old.length
}

/**
 * Removes notices as old as an activity may be, with their messages and deliveries.
 *
 * @returns how many of a batch went; call again while any
 */
export async function removeOldNotices(sql: Sql): Promise<number> {
  const old = await sql<AccountKey>`
    select account_id, id from notice
    where created_at < statement_timestamp() - ${noticesKeptDays}::int * interval '1 day' limit ${removalBatch}`
  if (old.length === 0) return 0
  const [accounts, ids] = [accountsOf(old), idsOf(old)]
  await sql`
    delete from delivery_event where (subject, message_id) in (
      select * from unnest(${accounts}::uuid[], ${ids}::uuid[]))`
  await sql`
    delete from message where (subject, id) in (
      select * from unnest(${accounts}::uuid[], ${ids}::uuid[]))`
  await sql`
    delete from notice where (account_id, id) in (
      select * from unnest(${accounts}::uuid[], ${ids}::uuid[]))`
  return old.length
}

type AccountKey = { account_id: string; id: string }
const accountsOf = (rows: readonly AccountKey[]): string[] => rows.map((row) => row.account_id)
const idsOf = (rows: readonly AccountKey[]): string[] => rows.map((row) => row.id)
