import type {
  ChangeDetail,
  ChangeKind,
  ChangeState,
  NoticeDetail,
  StoredChange,
} from '../core/security-info/change.ts'
import type { Duration } from '../core/time.ts'
import type { Channel } from '../core/verifications/delivery.ts'
import type { Locale } from '../core/verifications/message.ts'
import type { Sql } from './sql.ts'

export async function insertChange(
  sql: Sql,
  accountId: string,
  change: { id: string; kind: ChangeKind; sessionId: string | undefined; detail: ChangeDetail },
): Promise<void> {
  await sql`
    insert into change (account_id, id, kind, session_id, detail)
    values (${accountId}, ${change.id}, ${change.kind}, ${change.sessionId ?? null}, ${JSON.stringify(change.detail)})`
}

export type NewNotice = {
  accountId: string
  id: string
  changeId: string
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
      values (${notice.accountId}::uuid, ${notice.id}::uuid, ${notice.told.kind}, ${notice.changeId}, ${notice.itemId},
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
}

/** The changes of the last days, newest first. */
export async function changesOf(sql: Sql, accountId: string, openFor: Duration): Promise<StoredChange[]> {
  const rows = await sql<ChangeRow>`
    select id, kind, at, session_id, state, detail from change
    where account_id = ${accountId} and at > statement_timestamp() - ${openFor}::float8 * interval '1 millisecond'
    order by at desc, id desc`
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    at: Number(row.at),
    sessionId: row.session_id ?? undefined,
    state: row.state,
    detail: row.detail,
  }))
}

/** The notice that a message carries: to whom, of what, and the reference printed in it. */
export async function findNotice(
  sql: Sql,
  accountId: string,
  id: string,
): Promise<{ changeId: string; itemId: string; reference: string } | undefined> {
  const rows = await sql<{ change_id: string; item_id: string; reference: string }>`
    select change_id, item_id, reference from notice where account_id = ${accountId} and id = ${id}`
  const row = rows[0]
  return row && { changeId: row.change_id, itemId: row.item_id, reference: row.reference }
}

export async function settleChanges(
  sql: Sql,
  accountId: string,
  ids: readonly string[],
  state: ChangeState,
): Promise<void> {
  await sql`
    update change set state = ${state}, state_at = statement_timestamp()
    where account_id = ${accountId} and id = any(${ids}::uuid[])`
}

/** What nobody can undo any more, and notices as old as an activity may be. */
export async function removeOldChanges(sql: Sql): Promise<void> {
  await sql`delete from change where at < statement_timestamp() - interval '31 days'`
  await sql`
    delete from message m using notice n
    where m.subject = n.account_id and m.id = n.id and n.created_at < statement_timestamp() - interval '90 days'`
  await sql`delete from notice where created_at < statement_timestamp() - interval '90 days'`
}
