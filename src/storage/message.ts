import type { Instant } from '../core/time.ts'
import type {
  Channel,
  DeliveryCause,
  DeliveryEventKind,
  MessageState,
  ProviderName,
} from '../core/verifications/delivery.ts'
import type { MessageKind } from '../core/verifications/message.ts'
import type { Sql } from './sql.ts'

export async function queue(
  sql: Sql,
  message: {
    subject: string
    id: string
    verificationId: string
    channel: Channel
    /** By default that of the first message. */
    messageKind?: MessageKind | undefined
  },
): Promise<void> {
  await sql`
    insert into message (subject, id, verification_id, kind, channel, domain)
    select ${message.subject}::uuid, ${message.id}::uuid, ${message.verificationId}::uuid,
      coalesce(${message.messageKind ?? null}, first.kind), ${message.channel}::text, first.domain
    from message first where first.subject = ${message.subject} and first.verification_id = ${message.verificationId}
    order by first.created_at limit 1`
}

export type DeliveryEvent = {
  id: string
  kind: DeliveryEventKind
  provider: ProviderName | 'none'
  by?: string | undefined
  cause?: DeliveryCause | undefined
  status?: string | undefined
  response?: string | undefined
}

export type Delivery = {
  id: string
  channel: Channel
  state: MessageState
  queuedAt: Instant
  nextTryAt: Instant | undefined
  events: (Omit<DeliveryEvent, 'id'> & { at: Instant })[]
}

/** The story of each message of a verification, oldest first. */
export async function deliveriesOf(sql: Sql, subject: string, verificationId: string): Promise<Delivery[]> {
  const [messages, events] = await Promise.all([
    sql<{
      id: string
      channel: Channel
      state: MessageState
      created_at: Date
      due_at: Date
      attempts: number
    }>`
      select id, channel, state, created_at, due_at, attempts from message
      where subject = ${subject} and verification_id = ${verificationId} order by created_at, id`,
    sql<EventRow>`
      select message_id, at, kind, provider, by, cause, status, response from delivery_event
      where subject = ${subject} order by at, id`,
  ])
  return messages.map((m) => ({
    id: m.id,
    channel: m.channel,
    state: m.state,
    queuedAt: Number(m.created_at),
    nextTryAt: m.state === 'queued' && m.attempts > 0 ? Number(m.due_at) : undefined,
    events: events.filter((e) => e.message_id === m.id).map(readEvent),
  }))
}

/** What became of several messages, oldest first. */
export async function eventsOf(
  sql: Sql,
  messages: readonly { subject: string; id: string }[],
): Promise<{ messageId: string; event: Delivery['events'][number] }[]> {
  const rows = await sql<EventRow>`
    select message_id, at, kind, provider, by, cause, status, response from delivery_event
    where subject = any(${[...new Set(messages.map((m) => m.subject))]}::uuid[])
      and message_id = any(${messages.map((m) => m.id)}::uuid[])
    order by at, id`
  return rows.map((row) => ({ messageId: row.message_id, event: readEvent(row) }))
}

type EventRow = {
  message_id: string
  at: Date
  kind: DeliveryEventKind
  provider: ProviderName | 'none'
  by: string | null
  cause: DeliveryCause | null
  status: string | null
  response: string | null
}

const readEvent = (row: EventRow) => ({
  at: Number(row.at),
  kind: row.kind,
  provider: row.provider,
  by: row.by ?? undefined,
  cause: row.cause ?? undefined,
  status: row.status ?? undefined,
  response: row.response ?? undefined,
})
