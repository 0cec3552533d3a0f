import type { Instant } from '../core/time.ts'
import type { Sql } from './sql.ts'

export type InboxRow = { id: string; codeKey: string; sealed: Buffer; sentAt: Instant }

/** What the built-in inbox keeps of a message, sealed; the outer row holds only its id and when it came. */
export type InboxContent = {
  channel: 'email' | 'sms'
  to: string
  subject: string | null
  text: string
  html: string | null
  reference: string
}

/** The id is the message's own, so a message that is sent twice stands in the inbox once. */
export async function deliver(sql: Sql, row: { id: string; codeKey: string; sealed: Buffer }): Promise<void> {
  await sql`
    insert into inbox_message (id, code_key, sealed) values (${row.id}, ${row.codeKey}, ${row.sealed})
    on conflict (id) do nothing`
}

export async function newest(sql: Sql, most: number): Promise<InboxRow[]> {
  const rows = await sql<{ id: string; code_key: string; sealed: Buffer; sent_at: Date }>`
    select id, code_key, sealed, sent_at from inbox_message order by sent_at desc, id limit ${most}`
  return rows.map((row) => ({
    id: row.id,
    codeKey: row.code_key,
    sealed: row.sealed,
    sentAt: Number(row.sent_at),
  }))
}

export async function findMessage(sql: Sql, id: string): Promise<InboxRow | undefined> {
  const rows = await sql<{ id: string; code_key: string; sealed: Buffer; sent_at: Date }>`
    select id, code_key, sealed, sent_at from inbox_message where id = ${id}`
  const row = rows[0]
  return row && { id: row.id, codeKey: row.code_key, sealed: row.sealed, sentAt: Number(row.sent_at) }
}

export async function newestId(sql: Sql): Promise<string | undefined> {
  const rows = await sql<{ id: string }>`select id from inbox_message order by sent_at desc, id limit 1`
  return rows[0]?.id
}
