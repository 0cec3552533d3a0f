import type { NoticeDetail } from '../core/changes/change.ts'
import type { Duration, Instant } from '../core/time.ts'
import type { Channel, MessageState } from '../core/verifications/delivery.ts'
import type { AskedFrom, Locale, MessageKind, Purpose } from '../core/verifications/message.ts'
import type { StoredState } from '../core/verifications/verification.ts'
import type { DeliveryEvent } from './message.ts'
import type { Sql } from './sql.ts'

/** A message that this worker has leased, with what it needs to be rendered. */
export type LeasedMessage = LeasedCode | LeasedNotice

type Leased = {
  subject: string
  id: string
  channel: Channel
  tries: number
  /** How often it was handed over whole without an answer. */
  copies: number
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

/** A message that waits for its turn. `domain` is undefined for a text. */
export type DueMessage = { subject: string; id: string; domain: string | undefined }

/** Due messages that nobody has in their hands, the longest due first; those to a domain that is full stay. */
export async function dueMessages(sql: Sql, most: number, full: readonly string[]): Promise<DueMessage[]> {
  const due = await sql<{ subject: string; id: string; domain: string | null }>`
    select subject, id, domain from message
    where state = 'queued' and due_at <= statement_timestamp() and coalesce(leased_until, due_at) <= statement_timestamp()
      and (domain is null or domain <> all(${full}::text[]))
    order by due_at limit ${most}`
  return due.map(({ subject, id, domain }) => ({ subject, id, domain: domain ?? undefined }))
}

/**
 * Takes messages for as long as the lease; if this process dies, another takes them then. A compare-and-set after
 * reading what is due, since a locking read needs one distribution value on Citus. What nobody can read any more, since
 * its verification or notice is gone, ends here: else it would be taken again every half a minute, before all others.
 *
 * @returns the messages that are now ours, and how many ended so
 */
export async function lease(
  sql: Sql,
  due: readonly { subject: string; id: string }[],
  time: Duration,
): Promise<{ messages: LeasedMessage[]; lost: number }> {
  if (due.length === 0) return { messages: [], lost: 0 }
  // The number of tries stays at what its column holds: one row past it would fail the lease of all.
  const leased = await sql<{ subject: string; id: string; kind: MessageKind | 'notice' }>`
    update message set attempts = least(attempts + 1, 32767),
      leased_until = statement_timestamp() + ${time}::int * interval '1 millisecond'
    where (subject, id) in (select * from unnest(${due.map((m) => m.subject)}::uuid[], ${due.map((m) => m.id)}::uuid[]))
      and state = 'queued' and coalesce(leased_until, due_at) <= statement_timestamp()
    returning subject, id, kind`
  const notices = leased.filter((message) => message.kind === 'notice')
  const codes = leased.filter((message) => message.kind !== 'notice')
  const messages = [
    ...(codes.length > 0 ? await readLeased(sql, codes) : []),
    ...(notices.length > 0 ? await readLeasedNotices(sql, notices) : []),
  ]
  const readable = new Set(messages.map(({ id }) => id))
  const lost = leased.filter(({ id }) => !readable.has(id))
  if (lost.length > 0) await withdrawLost(sql, lost)
  return { messages, lost: lost.length }
}

async function withdrawLost(sql: Sql, keys: readonly { subject: string; id: string }[]): Promise<void> {
  await sql`
    update message set state = 'withdrawn', leased_until = null
    where (subject, id) in (select * from unnest(${keys.map((k) => k.subject)}::uuid[], ${keys.map((k) => k.id)}::uuid[]))
      and state = 'queued'`
}

/**
 * Keeps a message in this worker's hands, and writes down in how many copies it may be out.
 *
 * @returns whether it still was in these hands
 */
export async function renewLease(
  sql: Sql,
  { subject, id, tries }: { subject: string; id: string; tries: number },
  copies: number,
  time: Duration,
): Promise<boolean> {
  const renewed = await sql`
    update message set copies = ${copies}, leased_until = statement_timestamp() + ${time}::int * interval '1 millisecond'
    where subject = ${subject} and id = ${id} and state = 'queued' and attempts = ${tries}
      and leased_until > statement_timestamp()
    returning 1`
  return renewed.length === 1
}

/** Takes every message out of hands that are known to be dead: for a process that has the database to itself. */
export async function releaseLeases(sql: Sql): Promise<void> {
  await sql`update message set leased_until = null where state = 'queued' and leased_until is not null`
}

async function readLeased(sql: Sql, keys: { subject: string; id: string }[]): Promise<LeasedCode[]> {
  const rows = await sql<LeasedRow>`
    select m.subject, m.id, m.kind, m.channel, m.attempts, m.copies, m.created_at, v.id as verification_id, v.state, v.purpose,
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
    copies: row.copies,
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
    copies: number
    due_from: Date
    destination: string
    locale: Locale
    reference: string
    detail: NoticeDetail
    created_at: Date
    expires_at: Date
    now: Date
  }>`
    select m.subject, m.id, m.channel, m.attempts, m.copies, m.created_at as due_from, n.destination, n.locale, n.reference,
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
    copies: row.copies,
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
  copies: number
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

/**
 * Writes down what one try came to, and ends or postpones the message, together. Nothing is written where the lease
 * lapsed and another worker has tried since: the story is that worker's to tell.
 */
export async function settle(
  sql: Sql,
  key: { subject: string; id: string; tries: number },
  event: DeliveryEvent,
  next: { copies: number } & ({ state: Exclude<MessageState, 'queued'> } | { dueAt: Instant }),
): Promise<void> {
  const state = 'state' in next ? next.state : 'queued'
  const dueAt = 'dueAt' in next ? new Date(next.dueAt) : null
  await sql`
    with settled as (
      update message set state = ${state}, due_at = coalesce(${dueAt}, due_at), leased_until = null,
        copies = ${next.copies}
      where subject = ${key.subject}::uuid and id = ${key.id}::uuid and state = 'queued'
        and attempts = ${key.tries}
      returning 1
    )
    insert into delivery_event (subject, id, message_id, kind, provider, by, cause, status, response)
    select ${key.subject}, ${event.id}::uuid, ${key.id}, ${event.kind}::text, ${event.provider}::text,
      ${event.by ?? null}::text, ${event.cause ?? null}::text, ${event.status ?? null}::text, ${event.response ?? null}::text
    from settled`
}

/**
 * How long the message that waits longest has been due and in no worker's hands, in milliseconds (0 where none is; one of
 * a worker that died counts from when its lease lapsed), and whether a worker has any in its hands: then what waits
 * waits for a place, as those to a slow domain do.
 */
export async function outboxAge(sql: Sql): Promise<{ age: Duration; isMoving: boolean }> {
  const rows = await sql<{ age: number; moving: boolean }>`
    select coalesce(extract(epoch from statement_timestamp() - min(coalesce(leased_until, due_at))
        filter (where coalesce(leased_until, due_at) <= statement_timestamp())) * 1000, 0)::int as age,
      coalesce(bool_or(leased_until > statement_timestamp()), false) as moving
    from message where state = 'queued' and due_at <= statement_timestamp()`
  return { age: Math.max(0, rows[0]?.age ?? 0), isMoving: rows[0]?.moving ?? false }
}

export async function outboxDepth(sql: Sql): Promise<number> {
  const rows = await sql<{ depth: number }>`select count(*)::int as depth from message where state = 'queued'`
  return rows[0]?.depth ?? 0
}
