import type { NoticeDetail } from '../core/changes/change.ts'
import type { Instant } from '../core/time.ts'
import type { Channel, MessageState } from '../core/verifications/delivery.ts'
import type { MessageKind, Purpose } from '../core/verifications/message.ts'
import type { Sql } from './sql.ts'

/** A verification, by what its messages stand under. */
export type CodeKey = { subject: string; verificationId: string }

export type SentMessage = {
  subject: string
  id: string
  at: Instant
  channel: Channel
  state: MessageState
  destination: string
  reference: string
}
/** A mail or text with a code, or one that says that there is an account. */
export type SentCode = SentMessage & { kind: MessageKind; verificationId: string; purpose: Purpose }
export type SentNotice = SentMessage & { told: NoticeDetail }

type MessageRow = {
  subject: string
  id: string
  created_at: Date
  channel: Channel
  state: MessageState
  destination: string
  reference: string
}
type CodeRow = MessageRow & { kind: MessageKind; verification_id: string; purpose: Purpose }

const read = (row: MessageRow): SentMessage => ({
  subject: row.subject,
  id: row.id,
  at: Number(row.created_at),
  channel: row.channel,
  state: row.state,
  destination: row.destination,
  reference: row.reference,
})

/** The messages of these verifications, oldest first. */
export async function codesSent(sql: Sql, keys: readonly CodeKey[]): Promise<SentCode[]> {
  const rows = await sql<CodeRow>`
    select m.subject, m.id, m.created_at, m.channel, m.state, m.kind, m.verification_id, v.destination, v.purpose,
      v.message_reference as reference
    from message m
    join verification v on v.subject = m.subject and v.id = m.verification_id
    where (m.subject, m.verification_id) in (
      select * from unnest(${keys.map((k) => k.subject)}::uuid[], ${keys.map((k) => k.verificationId)}::uuid[]))
      and m.kind <> 'decoy'
    order by m.id`
  return rows.map((row) => ({
    ...read(row),
    kind: row.kind,
    verificationId: row.verification_id,
    purpose: row.purpose,
  }))
}

/** Notices to the account's contacts, newest first; `before` is the id of the last one that was read. A reference in small letters. */
export async function noticesSent(
  sql: Sql,
  accountId: string,
  wanted: { before: string | undefined; most: number; reference?: string | undefined },
): Promise<SentNotice[]> {
  const rows = await sql<MessageRow & { detail: NoticeDetail }>`
    select m.subject, m.id, m.created_at, m.channel, m.state, n.destination, n.reference, n.detail
    from message m
    join notice n on n.account_id = m.subject and n.id = m.id
    where m.subject = ${accountId} and m.kind = 'notice'
      and m.id < coalesce(${wanted.before ?? null}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
      and (${wanted.reference ?? null}::text is null or lower(n.reference) = ${wanted.reference ?? null}::text)
    order by m.id desc limit ${wanted.most}`
  return rows.map((row) => ({ ...read(row), told: row.detail }))
}
