import type { ActivitySource } from '../core/activity/activity.ts'
import type { Duration, Instant } from '../core/time.ts'
import type { StoredState } from '../core/verifications/verification.ts'
import { removalBatch } from './retention.ts'
import type { Sql } from './sql.ts'

/** The verification that a message belongs to, as "I didn't ask for this" needs it. */
export type ReportedMessage = {
  verificationId: string
  reference: string
  askedAt: Instant
  /** The application that asked; undefined where it was somebody at a page. */
  application: string | undefined
  /** Undefined where an application asked, and said not for whom. */
  from: AskedFrom | AskedByApplication | undefined
}

export async function findReported(
  sql: Sql,
  subject: string,
  messageId: string,
): Promise<ReportedMessage | undefined> {
  const rows = await sql<ReportedRow>`
    select v.id, v.message_reference, v.created_at, p.name as application, a.detail from message m
    join verification v on v.subject = m.subject and v.id = m.verification_id
    left join application p on p.id = v.application_id
    left join activity a on a.subject = v.subject and a.verification_id = v.id
      and a.kind in ('asked_from', 'code_requested') and a.detail is not null
    where m.subject = ${subject} and m.id = ${messageId}`
  return rows[0] && readReported(rows[0])
}

/** The same for a verification that its owner knows by itself. */
export async function findAsked(
  sql: Sql,
  subject: string,
  verificationId: string,
): Promise<ReportedMessage | undefined> {
  const rows = await sql<ReportedRow>`
    select v.id, v.message_reference, v.created_at, null as application, a.detail from verification v
    left join activity a on a.subject = v.subject and a.verification_id = v.id and a.kind = 'asked_from'
    where v.subject = ${subject} and v.id = ${verificationId}`
  return rows[0] && readReported(rows[0])
}

type ReportedRow = {
  id: string
  message_reference: string
  created_at: Date
  application: string | null
  detail: AskedFrom | AskedByApplication | null
}

const readReported = (row: ReportedRow): ReportedMessage => ({
  verificationId: row.id,
  reference: row.message_reference,
  askedAt: Number(row.created_at),
  application: row.application ?? undefined,
  from: row.detail ?? undefined,
})

/**
 * Whom an application said that a code is for, kept with the verification. Their address is not: the network is enough
 * for whoever says that they didn't ask, and the keyed hashes, in base64, for what a report counts against.
 */
export type AskedByApplication = { network: string; keys: string[] }

/** Who asked for a code on a page: kept with the verification, for whoever says they didn't. */
export type AskedFrom = ActivitySource & {
  /** Of whoever asked, by their browser's word: an IANA name. */
  timeZone: string | undefined
  /** Whose activity says so; of a name without an account, an id that nothing has. */
  accountId: string
  decoy?: true
  /** The limits of browser and network that it counted against, in base64. */
  keys: string[]
}

export async function insertAskedFrom(
  sql: Sql,
  asked: { subject: string; id: string; applicationId: string; verificationId: string; detail: AskedFrom },
): Promise<void> {
  await sql`
    insert into activity (subject, id, kind, application_id, verification_id, detail)
    values (${asked.subject}, ${asked.id}, 'asked_from', ${asked.applicationId}, ${asked.verificationId},
      ${JSON.stringify(asked.detail)})`
}

/** Which of these limits belong to a source that was reported in the last day. */
export async function reportedAmong(sql: Sql, keys: readonly Buffer[]): Promise<Buffer[]> {
  const rows = await sql<{ key: Buffer }>`
    select key from reported_source where key = any(${keys}::bytea[]) and until > statement_timestamp()`
  return rows.map((row) => row.key)
}

export async function noteReportedSource(sql: Sql, keys: readonly Buffer[], lasts: Duration): Promise<void> {
  await sql`
    insert into reported_source (key, until)
    select key, statement_timestamp() + ${lasts}::int * interval '1 millisecond' from unnest(${keys}::bytea[]) as k (key)
    order by key
    on conflict (key) do update set until = excluded.until`
}

/** @returns how many of a batch went; call again while any */
export async function removeOldReports(sql: Sql): Promise<number> {
  const old = await sql<{ key: Buffer }>`
    select key from reported_source where until < statement_timestamp() limit ${removalBatch}`
  if (old.length === 0) return 0
  await sql`
    delete from reported_source
    where until < statement_timestamp() and key = any(${old.map(({ key }) => key)}::bytea[])`
  return old.length
}

export type Reported = { state: StoredState; ended: boolean; isNew: boolean; endedAt: Instant | undefined }

/**
 * Ends a pending verification whose receiver says they didn't ask for it, and writes that down once, whatever state it
 * was in. `isNew` is true for the first of them; `ended` where the code has stopped working because of a report, this one or one before.
 */
export async function endAsNotAsked(
  sql: Sql,
  subject: string,
  verificationId: string,
  activityId: string,
): Promise<Reported | undefined> {
  const rows = await sql<{
    state: StoredState
    ended_now: boolean
    is_new: boolean
    reported: boolean
    ended_at: Date | null
  }>`
    with ended as (
      update verification set state = 'cancelled', sealed_code = null, ended_at = statement_timestamp()
      where subject = ${subject}::uuid and id = ${verificationId}::uuid and state = 'pending'
        and expires_at > statement_timestamp()
      returning 1
    ), noted as (
      insert into activity (subject, id, kind, application_id, verification_id, detail)
      select v.subject, ${activityId}::uuid, 'not_asked', v.application_id, v.id,
        jsonb_build_object('ended', exists (select from ended))
      from verification v
      where v.subject = ${subject}::uuid and v.id = ${verificationId}::uuid and not exists (
        select from activity a
        where a.subject = v.subject and a.verification_id = v.id and a.kind = 'not_asked')
      returning 1
    )
    select v.state, v.ended_at, exists (select from ended) as ended_now, exists (select from noted) as is_new, exists (
      select from activity a where a.subject = v.subject and a.verification_id = v.id and a.kind = 'not_asked'
        and a.detail @> '{"ended": true}') as reported
    from verification v where v.subject = ${subject}::uuid and v.id = ${verificationId}::uuid`
  const row = rows[0]
  return (
    row && {
      state: row.state,
      ended: row.ended_now || row.reported,
      isNew: row.is_new,
      endedAt: row.ended_at === null ? undefined : Number(row.ended_at),
    }
  )
}
