import type { Instant } from '../core/time.ts'
import type { CodeLength } from '../core/verifications/code.ts'
import type { Channel } from '../core/verifications/delivery.ts'
import type { Locale, Purpose } from '../core/verifications/message.ts'
import type { StoredState, Verification } from '../core/verifications/verification.ts'
import { removalBatch } from './retention.ts'
import { type Sql, statement } from './sql.ts'
import { boundMac } from './verification-sql.ts'

/** Which verification is meant, and to whom it belongs: `subject` is the verification itself, or a flow. */
export type Whose = { applicationId: string; subject: string; id: string }

/** The verification that an application asked for through the API. */
export const ofApplication = (applicationId: string, id: string): Whose => ({
  applicationId,
  subject: id,
  id,
})

/** A verification as its application reads it, with the database's clock and what a resend needs. */
export type FoundVerification = {
  verification: Verification
  now: Instant
  codeKey: string
  sealedCode: Buffer | undefined
  requestHash: Buffer | undefined
  destinationKey: Buffer
}

/** Another application's verification is not found, just as one that never was. */
export async function find(sql: Sql, whose: Whose): Promise<FoundVerification | undefined> {
  const rows = await sql.run<StoredRow>(findSql, [whose.subject, whose.id, whose.applicationId])
  return rows[0] && read(rows[0])
}

/** The same, and nobody else changes it until the transaction ends. */
export async function hold(sql: Sql, whose: Whose): Promise<FoundVerification | undefined> {
  const rows = await sql.run<StoredRow>(holdSql, [whose.subject, whose.id, whose.applicationId])
  return rows[0] && read(rows[0])
}

const findText = `
select id, state, purpose, channel, destination, destination_key, locale, reference, message_reference, request_hash,
  code_length, code_key, sealed_code, attempts, attempts_allowed, sends, created_at, last_sent_at, expires_at, ended_at,
  statement_timestamp() as now
from verification where subject = $1 and id = $2 and application_id = $3`
const findSql = statement(findText)
const holdSql = statement(`${findText} for update`)

/** Ends a pending verification; one that has ended or expired stays as it is. */
export async function cancel(
  sql: Sql,
  { applicationId, subject, id }: Whose,
  activityId: string,
): Promise<boolean> {
  const rows = await sql`
    with ended as (
      update verification set state = 'cancelled', sealed_code = null, ended_at = statement_timestamp()
      where subject = ${subject}::uuid and id = ${id}::uuid and application_id = ${applicationId}::uuid and state = 'pending'
        and expires_at > statement_timestamp()
      returning subject
    ), noted as (
      insert into activity (subject, id, kind, application_id, verification_id)
      select subject, ${activityId}::uuid, 'verification_cancelled', ${applicationId}, ${id} from ended
    )
    select subject from ended`
  return rows.length === 1
}

/** One more message with the same code. Called while the row is held. */
export async function noteResend(sql: Sql, { subject, id }: Whose): Promise<void> {
  await sql`
    update verification set sends = sends + 1, last_sent_at = statement_timestamp()
    where subject = ${subject} and id = ${id}`
}

/** One more message with a new code; the code before works beside it until its own deadline. Called while held. */
export async function renewCode(
  sql: Sql,
  { subject, id }: Whose,
  code: { key: string; mac: Buffer; sealed: Buffer },
  lifetime: number,
): Promise<void> {
  await sql.run(renewSql, [id, code.key, code.mac, code.sealed, lifetime, subject])
}

const renewSql = statement(`
update verification set
  earlier_code_key = code_key, earlier_code_mac = code_mac, earlier_expires_at = expires_at,
  code_key = $2, code_mac = ${boundMac('$3::bytea', 'purpose', 'subject', 'destination')}, sealed_code = $4,
  expires_at = statement_timestamp() + $5::int * interval '1 millisecond',
  sends = sends + 1, last_sent_at = statement_timestamp()
where subject = $6 and id = $1`)

/** Erases the sealed codes of verifications that time has ended. @returns how many of a batch; call again while any */
export async function eraseExpiredCodes(sql: Sql): Promise<number> {
  const sealed = await sql<{ subject: string; id: string }>`
    select subject, id from verification
    where sealed_code is not null and expires_at <= statement_timestamp()
    order by expires_at limit ${removalBatch}`
  if (sealed.length === 0) return 0
  await sql`
    update verification set sealed_code = null
    where expires_at <= statement_timestamp() and (subject, id) in (
      select * from unnest(${sealed.map((row) => row.subject)}::uuid[], ${sealed.map((row) => row.id)}::uuid[]))`
  return sealed.length
}

type StoredRow = {
  id: string
  state: StoredState
  purpose: Purpose
  channel: Channel
  destination: string
  destination_key: Buffer
  locale: Locale
  reference: string | null
  message_reference: string
  request_hash: Buffer | null
  code_length: CodeLength
  code_key: string
  sealed_code: Buffer | null
  attempts: number
  attempts_allowed: number
  sends: number
  created_at: Date
  last_sent_at: Date
  expires_at: Date
  ended_at: Date | null
  now: Date
}

const read = (row: StoredRow): FoundVerification => ({
  verification: {
    id: row.id,
    state: row.state,
    purpose: row.purpose,
    channel: row.channel,
    destination: row.destination,
    codeLength: row.code_length,
    locale: row.locale,
    reference: row.reference ?? undefined,
    messageReference: row.message_reference,
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    endedAt: row.ended_at === null ? undefined : Number(row.ended_at),
    attempts: row.attempts,
    attemptsAllowed: row.attempts_allowed,
    sends: row.sends,
    lastSentAt: Number(row.last_sent_at),
  },
  now: Number(row.now),
  codeKey: row.code_key,
  sealedCode: row.sealed_code ?? undefined,
  requestHash: row.request_hash ?? undefined,
  destinationKey: row.destination_key,
})
