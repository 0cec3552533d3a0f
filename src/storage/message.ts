import type { NoticeDetail } from '../core/changes/change.ts'
import type { Duration, Instant } from '../core/time.ts'
import type {
  Channel,
  DeliveryCause,
  DeliveryEventKind,
  MessageState,
  ProviderName,
} from '../core/verifications/delivery.ts'
import type { AskedFrom, Locale, MessageKind, Purpose } from '../core/verifications/message.ts'
import type { StoredState } from '../core/verifications/verification.ts'
import type { Sql } from './sql.ts'

/** A message that this worker has leased, with what it needs to be rendered. */
export type LeasedMessage = LeasedCode | LeasedNotice

type Leased = {
  subject: string
  id: string
  channel: Channel
  tries: number
  firstDueAt: Instant
  destination: string
  locale: Locale
  messageReference: string
  askedAt: Instant
  expiresAt: Instant
  now: Instant
}

export type LeasedCode = Leased & {
  kind: MessageKind
  verificationId: string
  state: StoredState
  purpose: Purpose
  codeKey: string
  sealedCode: Buffer | undefined
  /** The application that asked; undefined where it is this service itself. */
  application: string | undefined
  /** Where it was asked for, on a page of this service. */
  askedFrom: (AskedFrom & { timeZone?: string }) | undefined
}

export type LeasedNotice = Leased & { kind: 'notice'; told: NoticeDetail }

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
    insert into message (subject, id, verification_id, kind, channel)
    select ${message.subject}::uuid, ${message.id}::uuid, ${message.verificationId}::uuid,
      coalesce(${message.messageKind ?? null}, first.kind), ${message.channel}::text
    from message first where first.subject = ${message.subject} and first.verification_id = ${message.verificationId}
    order by first.created_at limit 1`
}

/**
 * Takes due messages for as long as the lease; if this process dies, another takes them then. Two steps, since a
 * locking read needs one distribution value on Citus: read what is due, then take each by compare-and-set.
 */
export async function lease(sql: Sql, most: number, time: Duration): Promise<LeasedMessage[]> {
  const due = await sql<{ subject: string; id: string }>`
    select subject, id from message
    where state = 'queued' and due_at <= statement_timestamp() and coalesce(leased_until, due_at) <= statement_timestamp()
    order by due_at limit ${most}`
  if (due.length === 0) return []
  const leased = await sql<{ subject: string; id: string; kind: MessageKind | 'notice' }>`
    update message set attempts = attempts + 1, leased_until = statement_timestamp() + ${time}::int * interval '1 millisecond'
    where (subject, id) in (select * from unnest(${due.map((m) => m.subject)}::uuid[], ${due.map((m) => m.id)}::uuid[]))
      and state = 'queued' and coalesce(leased_until, due_at) <= statement_timestamp()
    returning subject, id, kind`
  const notices = leased.filter((message) => message.kind === 'notice')
  const codes = leased.filter((message) => message.kind !== 'notice')
  return [
    ...(codes.length > 0 ? await readLeased(sql, codes) : []),
    ...(notices.length > 0 ? await readLeasedNotices(sql, notices) : []),
  ]
}

/** Takes every message out of hands that are known to be dead: for a process that has the database to itself. */
export async function releaseLeases(sql: Sql): Promise<void> {
  await sql`update message set leased_until = null where state = 'queued' and leased_until is not null`
}

async function readLeased(sql: Sql, keys: { subject: string; id: string }[]): Promise<LeasedCode[]> {
  const rows = await sql<LeasedRow>`
    select m.subject, m.id, m.kind, m.channel, m.attempts, m.created_at, v.id as verification_id, v.state, v.purpose,
      v.destination, v.locale, v.message_reference, v.code_key, v.sealed_code, v.created_at as asked_at, v.expires_at,
      a.name as application, f.detail as asked_from, statement_timestamp() as now
    from message m
    join verification v on v.subject = m.subject and v.id = m.verification_id
    left join application a on a.id = v.application_id
    left join activity f on f.subject = m.subject and f.verification_id = v.id and f.kind = 'asked_from'
    where (m.subject, m.id) in (select * from unnest(${keys.map((k) => k.subject)}::uuid[], ${keys.map((k) => k.id)}::uuid[]))
    order by m.due_at`
  return rows.map((row) => ({
    subject: row.subject,
    id: row.id,
    kind: row.kind,
    channel: row.channel,
    tries: row.attempts,
    firstDueAt: Number(row.created_at),
    verificationId: row.verification_id,
    state: row.state,
    purpose: row.purpose,
    destination: row.destination,
    locale: row.locale,
    messageReference: row.message_reference,
    codeKey: row.code_key,
    sealedCode: row.sealed_code ?? undefined,
    askedAt: Number(row.asked_at),
    expiresAt: Number(row.expires_at),
    application: row.application ?? undefined,
    askedFrom: row.asked_from ?? undefined,
    now: Number(row.now),
  }))
}

async function readLeasedNotices(sql: Sql, keys: { subject: string; id: string }[]): Promise<LeasedNotice[]> {
  const rows = await sql<{
    subject: string
    id: string
    channel: Channel
    attempts: number
    due_from: Date
    destination: string
    locale: Locale
    reference: string
    detail: NoticeDetail
    created_at: Date
    expires_at: Date
    now: Date
  }>`
    select m.subject, m.id, m.channel, m.attempts, m.created_at as due_from, n.destination, n.locale, n.reference,
      n.detail, n.created_at, n.expires_at, statement_timestamp() as now
    from message m
    join notice n on n.account_id = m.subject and n.id = m.id
    where (m.subject, m.id) in (select * from unnest(${keys.map((k) => k.subject)}::uuid[], ${keys.map((k) => k.id)}::uuid[]))
    order by m.due_at`
  return rows.map((row) => ({
    kind: 'notice',
    subject: row.subject,
    id: row.id,
    channel: row.channel,
    tries: row.attempts,
    firstDueAt: Number(row.due_from),
    destination: row.destination,
    locale: row.locale,
    messageReference: row.reference,
    askedAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    told: row.detail,
    now: Number(row.now),
  }))
}

type LeasedRow = {
  subject: string
  id: string
  kind: MessageKind
  channel: Channel
  attempts: number
  created_at: Date
  verification_id: string
  state: StoredState
  purpose: Purpose
  destination: string
  locale: Locale
  message_reference: string
  code_key: string
  sealed_code: Buffer | null
  asked_at: Date
  expires_at: Date
  application: string | null
  asked_from: (AskedFrom & { timeZone?: string }) | null
  now: Date
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

/**
 * Writes down what one try came to, and ends or postpones the message, together. Nothing is written where the lease
 * lapsed and another worker has tried since: the story is that worker's to tell.
 */
export async function settle(
  sql: Sql,
  key: { subject: string; id: string; tries: number },
  event: DeliveryEvent,
  next: { state: Exclude<MessageState, 'queued'> } | { dueAt: Instant },
): Promise<void> {
  const state = 'state' in next ? next.state : 'queued'
  const dueAt = 'dueAt' in next ? new Date(next.dueAt) : null
  await sql`
    with settled as (
      update message set state = ${state}, due_at = coalesce(${dueAt}, due_at), leased_until = null
      where subject = ${key.subject}::uuid and id = ${key.id}::uuid and state = 'queued'
        and attempts = ${key.tries}
      returning 1
    )
    insert into delivery_event (subject, id, message_id, kind, provider, by, cause, status, response)
    select ${key.subject}, ${event.id}::uuid, ${key.id}, ${event.kind}::text, ${event.provider}::text,
      ${event.by ?? null}::text, ${event.cause ?? null}::text, ${event.status ?? null}::text, ${event.response ?? null}::text
    from settled`
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

/**
 * How long the message that waits longest has been due and in no worker's hands, in milliseconds; 0 where none is. A
 * worker that died with a message counts from when its lease lapsed.
 */
export async function outboxAge(sql: Sql): Promise<Duration> {
  const rows = await sql<{ age: number }>`
    select coalesce(extract(epoch from statement_timestamp() - min(coalesce(leased_until, due_at))) * 1000, 0)::int as age
    from message
    where state = 'queued' and due_at <= statement_timestamp() and coalesce(leased_until, due_at) <= statement_timestamp()`
  return Math.max(0, rows[0]?.age ?? 0)
}

export async function outboxDepth(sql: Sql): Promise<number> {
  const rows = await sql<{ depth: number }>`select count(*)::int as depth from message where state = 'queued'`
  return rows[0]?.depth ?? 0
}
