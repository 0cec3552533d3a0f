import type { CodeLength } from '../core/code.ts'
import type { Channel } from '../core/delivery.ts'
import type { LimitKey, LimitRules } from '../core/limits.ts'
import type { Locale, MessageKind, Purpose } from '../core/message.ts'
import type { Instant } from '../core/time.ts'
import type { StoredState, Verification } from '../core/verification.ts'
import { allowsHit, withHit } from './limits.ts'
import { divisionByZero, type Sql, type Statement, sqlState, statement, uniqueViolation } from './sql.ts'

export type NewVerification = {
  /** The verification itself where an application asked for it, else the flow or account it belongs to. */
  subject: string
  id: string
  applicationId: string
  purpose: Purpose
  channel: Channel
  destination: string
  destinationKey: Buffer
  locale: Locale
  reference: string | undefined
  messageReference: string
  requestHash: Buffer | undefined
  codeLength: CodeLength
  codeKey: string
  codeMac: Buffer
  sealedCode: Buffer
  tries: number
  lifetime: number
  messageId: string
  messageKind: MessageKind
  activityId: string
}

export type Issued =
  | { result: 'issued'; createdAt: Instant; expiresAt: Instant }
  /** A limit had no room, or the id exists (an Idempotency-Key used before). Nothing was stored or counted. */
  | { result: 'limited' | 'exists' }

/** One typed code, hashed under each key that may still guard it: nothing need be read before it is compared. */
export type Attempt = {
  subject: string
  id: string
  applicationId: string
  codeLength: CodeLength
  macs: { key: string; mac: Buffer }[]
  /** What a wrong code counts against besides its destination. The rows exist: a lock needs one. */
  failureKeys: readonly Buffer[]
  activityId: string
}

export type Attempted =
  | { result: 'approved'; at: Instant; channel: Channel; destination: string }
  | { result: 'wrong'; attemptsLeft: number }
  /** Not compared, so no try was spent. */
  | { result: 'not_compared' }

/** The two hot statements, made once from the policy's limits. Each is one statement, one flush. */
export function prepareVerificationSql(rules: LimitRules) {
  const issueSql = forEachKinds(rules, issueText)
  const attemptSql = statement(attemptText(rules))
  const takeSql = forEachKinds(rules, (some) => `${takenText(some)} select one from allowed`)
  return {
    /** Counts a send on every key, or on none. Called in a transaction, which a refusal has ended. */
    async take(sql: Sql, keys: readonly LimitKey[]): Promise<'taken' | 'limited'> {
      try {
        await sql.run(takeSql(keys), [keys.map((k) => k.key), keys.map((k) => k.kind)])
        return 'taken'
      } catch (fault) {
        if (sqlState(fault) === divisionByZero) return 'limited'
        throw fault
      }
    },
    async issue(sql: Sql, keys: readonly LimitKey[], v: NewVerification): Promise<Issued> {
      try {
        const rows = await sql.run<{ created_at: Date; expires_at: Date }>(issueSql(keys), [
          keys.map((k) => k.key),
          keys.map((k) => k.kind),
          v.id,
          v.applicationId,
          v.purpose,
          v.channel,
          v.destination,
          v.destinationKey,
          v.locale,
          v.reference ?? null,
          v.messageReference,
          v.requestHash ?? null,
          v.codeLength,
          v.codeKey,
          v.codeMac,
          v.sealedCode,
          v.tries,
          v.lifetime,
          v.messageId,
          v.activityId,
          v.subject,
          v.messageKind,
        ])
        const row = rows[0]
        if (row === undefined) throw new Error('Issuing a verification returned no row.')
        return { result: 'issued', createdAt: Number(row.created_at), expiresAt: Number(row.expires_at) }
      } catch (fault) {
        if (sqlState(fault) === divisionByZero) return { result: 'limited' }
        if (sqlState(fault) === uniqueViolation) return { result: 'exists' }
        throw fault
      }
    },
    async attempt(sql: Sql, attempt: Attempt): Promise<Attempted> {
      const rows = await sql.run<AttemptRow>(attemptSql, [
        attempt.id,
        attempt.applicationId,
        attempt.codeLength,
        attempt.macs.map((m) => m.key),
        attempt.macs.map((m) => m.mac),
        attempt.activityId,
        attempt.subject,
        attempt.failureKeys,
      ])
      const row = rows[0]
      if (row === undefined) return { result: 'not_compared' }
      if (row.approved) {
        return { result: 'approved', at: Number(row.at), channel: row.channel, destination: row.destination }
      }
      return { result: 'wrong', attemptsLeft: row.attempts_left }
    },
  }
}

/** A statement for each combination of kinds that is asked for (an address and a quota, …), with the rules of these alone. */
function forEachKinds(rules: LimitRules, write: (rules: Partial<LimitRules>) => string) {
  const made = new Map<string, Statement>()
  return (keys: readonly LimitKey[]): Statement => {
    const kinds = keys.map((key) => key.kind)
    const known = made.get(kinds.join())
    if (known) return known
    const theirs = Object.entries(rules).filter(([kind]) => kinds.some((asked) => asked === kind))
    const fresh = statement(write(Object.fromEntries(theirs)))
    made.set(kinds.join(), fresh)
    return fresh
  }
}

type AttemptRow = {
  approved: boolean
  attempts_left: number
  at: Date
  channel: Channel
  destination: string
}

export type VerificationSql = ReturnType<typeof prepareVerificationSql>

/**
 * Counts against every limit. Where one refuses, the division by zero takes back the hits on the others: a request
 * refused by one key costs nothing on any. Keys are locked in order, so that two statements never wait for each other.
 */
const takenText = (rules: Partial<LimitRules>): string => `
with taken as (
  insert into rate_limit as l (key, kind, sends)
  select key, kind, array[statement_timestamp()] from unnest($1::bytea[], $2::text[]) as k (key, kind) order by key
  on conflict (key) do update set sends = ${withHit('l', 'sends', rules)}
  where ${allowsHit('l', 'sends', rules)}
  returning 1
), allowed as (
  select 1 / (count(*) = cardinality($1::bytea[]))::int as one from taken
)`

/** Counts against every limit, and stores verification, message and activity. */
const issueText = (rules: Partial<LimitRules>): string => `
${takenText(rules)}, issued as (
  insert into verification (subject, id, application_id, purpose, channel, destination, destination_key, locale,
    reference, message_reference, request_hash, code_length, code_key, code_mac, sealed_code, attempts_allowed,
    expires_at)
  select $21::uuid, $3::uuid, $4::uuid, $5::text, $6::text, $7::text, $8::bytea, $9::text,
    $10::text, $11::text, $12::bytea, $13::smallint, $14::text,
    ${boundMac('$15::bytea', '$5::text', '$21::uuid', '$7::text')}, $16::bytea, $17::smallint,
    statement_timestamp() + $18::int * interval '1 millisecond'
  from allowed where one = 1
  returning created_at, expires_at
), queued as (
  insert into message (subject, id, verification_id, kind, channel)
  select $21::uuid, $19::uuid, $3::uuid, $22::text, $6::text from issued
), noted as (
  insert into activity (subject, id, kind, application_id, verification_id)
  select $21::uuid, $20::uuid, 'code_requested', $4::uuid, $3::uuid from issued
)
select created_at, expires_at from issued`

/**
 * Counts the try, compares, and settles, in one statement: of any number of tries at once, no more are compared than
 * are allowed, and the right code is accepted once.
 *
 * The lock on the destination's limits comes first. It orders all tries for one destination, so that its daily number
 * of wrong codes holds over any number of verifications; a right code waits in the same line, or guesses sent all at
 * once would each be compared before any was counted.
 */
const attemptText = (rules: LimitRules): string => `
with held as (
  select l.key, ${allowsHit('l', 'failures', rules)} as allowed from rate_limit l
  where l.key = any($8::bytea[] || (
    select destination_key from verification where subject = $7 and id = $1 and application_id = $2))
  order by l.key for update
), gate as (
  select bool_and(allowed) as open from held
), tried as (
  update verification v set
    attempts = attempts + 1,
    state = case when ${matches} then 'approved' when attempts + 1 >= attempts_allowed then 'exhausted' else 'pending' end,
    sealed_code = case when ${matches} or attempts + 1 >= attempts_allowed then null else sealed_code end,
    ended_at = case when ${matches} or attempts + 1 >= attempts_allowed then statement_timestamp() end
  from gate
  where gate.open and v.subject = $7 and v.id = $1 and v.application_id = $2 and v.state = 'pending'
    and v.attempts < v.attempts_allowed and v.expires_at > statement_timestamp() and v.code_length = $3
    and v.code_key = any($4::text[])
  returning v.attempts_allowed - v.attempts as attempts_left, v.ended_at, v.state, v.channel,
    v.destination
), counted as (
  update rate_limit l set failures = ${withHit('l', 'failures', rules)}
  from tried where l.key in (select key from held) and tried.state <> 'approved'
), noted as (
  insert into activity (subject, id, kind, application_id, verification_id)
  select $7, $6::uuid, case when state = 'approved' then 'code_approved' else 'code_wrong' end, $2, $1 from tried
)
select state = 'approved' as approved, attempts_left, coalesce(ended_at, statement_timestamp()) as at, channel,
  destination
from tried`

/**
 * What a code's keyed hash is bound to besides the verification's id: a row whose purpose, subject or destination was
 * changed by hand accepts no code any more.
 */
export function boundMac(mac: string, purpose: string, subject: string, destination: string): string {
  return `sha256(${mac} || convert_to(${purpose} || E'\\x1f' || ${subject}::text || E'\\x1f' || ${destination}, 'UTF8'))`
}

/** `$4` and `$5` hold the typed code's hash under every living key; the row says which one to take. */
const macUnder = (key: string) => `($5::bytea[])[array_position($4::text[], ${key})]`
const matches = `(
  v.code_mac = ${boundMac(macUnder('v.code_key'), 'v.purpose', 'v.subject', 'v.destination')}
  or (v.earlier_expires_at > statement_timestamp()
    and v.earlier_code_mac = ${boundMac(macUnder('v.earlier_code_key'), 'v.purpose', 'v.subject', 'v.destination')}))`

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
  messageReference: string
  now: Instant
  codeKey: string
  sealedCode: Buffer | undefined
  requestHash: Buffer | undefined
  destinationKey: Buffer
}

/** Another application's verification is not found, just as one that never was. */
export async function find(sql: Sql, whose: Whose): Promise<FoundVerification | undefined> {
  const rows = await sql<StoredRow>`
    select *, statement_timestamp() as now from verification
    where subject = ${whose.subject} and id = ${whose.id} and application_id = ${whose.applicationId}`
  return rows[0] && read(rows[0])
}

/** The same, and nobody else changes it until the transaction ends. */
export async function hold(sql: Sql, whose: Whose): Promise<FoundVerification | undefined> {
  const rows = await sql<StoredRow>`
    select *, statement_timestamp() as now from verification
    where subject = ${whose.subject} and id = ${whose.id} and application_id = ${whose.applicationId} for update`
  return rows[0] && read(rows[0])
}

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

/**
 * Erases the sealed codes of verifications that time has ended. `since` keeps each round to what expired since the
 * round before.
 *
 * @returns the moment of this round by the database's clock, which is the one that codes expire by
 */
export async function eraseExpiredCodes(sql: Sql, since: Instant): Promise<Instant> {
  const rows = await sql<{ now: Date }>`
    with erased as (
      update verification set sealed_code = null
      where expires_at > ${new Date(since)} and expires_at <= statement_timestamp() and sealed_code is not null
    )
    select statement_timestamp() as now`
  return Number(rows[0]?.now)
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
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    endedAt: row.ended_at === null ? undefined : Number(row.ended_at),
    attempts: row.attempts,
    attemptsAllowed: row.attempts_allowed,
    sends: row.sends,
    lastSentAt: Number(row.last_sent_at),
  },
  now: Number(row.now),
  messageReference: row.message_reference,
  codeKey: row.code_key,
  sealedCode: row.sealed_code ?? undefined,
  requestHash: row.request_hash ?? undefined,
  destinationKey: row.destination_key,
})
