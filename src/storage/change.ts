import {
  type ChangeDetail,
  type ChangeKind,
  type ChangeState,
  changeOpenFor,
  type NoticeDetail,
  type NoticeKind,
  type StoredChange,
} from '../core/security-info/change.ts'
import { isOpen } from '../core/security-info/freeze.ts'
import { undoAnnouncedFor, undoStaysOpen } from '../core/security-info/undo.ts'
import { type Duration, days, type Instant } from '../core/time.ts'
import type { Channel } from '../core/verifications/delivery.ts'
import type { Locale } from '../core/verifications/message.ts'
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
    insert into message (subject, id, kind, channel)
    values (${notice.accountId}::uuid, ${notice.id}::uuid, 'notice', ${notice.channel})`
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

/** Announced undos whose next round of notices may be due. */
export async function announcedUndos(
  sql: Sql,
): Promise<{ accountId: string; id: string; askedAt: Instant; rounds: number; now: Instant }[]> {
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

/** An item froze these, or asked to undo them. */
export async function noteContester(
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

/** What nobody can undo any more, and notices as old as an activity may be. */
export async function removeOldChanges(sql: Sql): Promise<void> {
  const over = openForDays + 1
  await sql`
    delete from change where at < statement_timestamp() - ${over}::int * interval '1 day'
      and coalesce(undo_asked_at, at) < statement_timestamp() - ${over}::int * interval '1 day'`
  await sql`delete from removed_item where removed_at < statement_timestamp() - ${longestOpenDays}::int * interval '1 day'`
  await sql`
    delete from message m using notice n
    where m.subject = n.account_id and m.id = n.id and n.created_at < statement_timestamp() - interval '90 days'`
  await sql`delete from notice where created_at < statement_timestamp() - interval '90 days'`
}
