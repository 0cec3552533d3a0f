import type { Instant } from '../core/time.ts'
import type { CodeLength } from '../core/verifications/code.ts'
import type { Channel } from '../core/verifications/delivery.ts'
import type { LimitKey, LimitRules } from '../core/verifications/limits.ts'
import type { Locale, MessageKind, Purpose } from '../core/verifications/message.ts'

import { allowsHit, withHit } from './limits.ts'
import type { AskedByApplication } from './report.ts'
import {
  deadlockDetected,
  divisionByZero,
  lockNotAvailable,
  type Sql,
  type Statement,
  sqlState,
  statement,
  uniqueViolation,
} from './sql.ts'

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
  /** Of an application that said whom it is for: their network, and what counts against them, for a report. */
  askedFrom?: AskedByApplication | undefined
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
  failureKeys: readonly Pick<LimitKey, 'key' | 'hushed'>[]
  activityId: string
}

export type Attempted =
  | { result: 'approved'; at: Instant; channel: Channel; destination: string }
  | { result: 'wrong'; attemptsLeft: number }
  /** Not compared, so no try was spent. */
  | { result: 'not_compared' }

/** What one of several asks stored together came to; undefined where it has to be made by itself. */
export type Together<Answer> = (Answer | undefined)[]

/** The two hot statements, made once from the policy's limits. Each is one statement, one flush, for one or for many. */
export function prepareVerificationSql(rules: LimitRules) {
  const issueSql = forEachKinds(rules, issueText)
  const attemptSql = statement(attemptText(rules))
  const attemptManySql = statement(attemptManyText(rules))
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
    async issue(sql: Sql, keys: readonly LimitKey[], fresh: NewVerification): Promise<Issued> {
      try {
        const [issued] = await issueAll(sql, [{ keys, fresh }])
        if (issued === undefined) throw new Error('Issuing a verification returned no row.')
        return issued
      } catch (fault) {
        if (sqlState(fault) === divisionByZero) return { result: 'limited' }
        if (sqlState(fault) === uniqueViolation) return { result: 'exists' }
        throw fault
      }
    },
    /** All are stored or, where a single one has no room, exists, or waits for somebody else's row, none is. */
    async issueMany(sql: Sql, asks: readonly IssueAsk[]): Promise<Together<Issued>> {
      try {
        return await issueAll(sql, asks)
      } catch (fault) {
        if (oneOfManyFails.has(sqlState(fault) ?? '')) return asks.map(() => undefined)
        throw fault
      }
    },
    /** Tries of verifications that are not each other's, none with guesses to count: those that have to wait are left. */
    async attemptMany(sql: Sql, attempts: readonly Attempt[]): Promise<Together<Attempted>> {
      try {
        const rows = await sql.run<AttemptRow & { id: string }>(attemptManySql, [
          JSON.stringify(attempts.map(attemptJson)),
        ])
        const found = new Map(rows.map((row) => [row.id, attemptedIn(row)]))
        return attempts.map(({ id }) => found.get(id))
      } catch (fault) {
        if (oneOfManyFails.has(sqlState(fault) ?? '')) return attempts.map(() => undefined)
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
        attempt.failureKeys.map(({ key }) => key),
        attempt.failureKeys.filter(({ hushed }) => hushed).map(({ key }) => key),
      ])
      return rows[0] === undefined ? { result: 'not_compared' } : attemptedIn(rows[0])
    },
  }
  async function issueAll(sql: Sql, asks: readonly IssueAsk[]): Promise<Together<Issued>> {
    const keys = asks.flatMap((ask) => ask.keys)
    const rows = await sql.run<{ id: string; created_at: Date; expires_at: Date }>(issueSql(keys), [
      keys.map((k) => k.key),
      keys.map((k) => k.kind),
      JSON.stringify(asks.map((ask) => verificationJson(ask.fresh))),
    ])
    const issued = new Map(
      rows.map((row) => [row.id, { createdAt: Number(row.created_at), expiresAt: Number(row.expires_at) }]),
    )
    return asks.map(({ fresh }) => {
      const at = issued.get(fresh.id)
      return at && { result: 'issued', ...at }
    })
  }
}

/** A verification to be made, and what it counts against. */
export type IssueAsk = { keys: readonly LimitKey[]; fresh: NewVerification }

/** What a single ask can make fail for all that are stored with it: each is then made by itself, and gets its own answer. */
const oneOfManyFails: ReadonlySet<string> = new Set([
  divisionByZero,
  uniqueViolation,
  lockNotAvailable,
  deadlockDetected,
])

function attemptedIn(row: AttemptRow): Attempted {
  if (!row.approved) return { result: 'wrong', attemptsLeft: row.attempts_left }
  return { result: 'approved', at: Number(row.at), channel: row.channel, destination: row.destination }
}

/** As PostgreSQL reads bytes. */
const hex = (bytes: Buffer | undefined) => bytes && `\\x${bytes.toString('hex')}`

const verificationJson = (v: NewVerification) => ({
  subject: v.subject,
  id: v.id,
  application_id: v.applicationId,
  purpose: v.purpose,
  channel: v.channel,
  destination: v.destination,
  destination_key: hex(v.destinationKey),
  locale: v.locale,
  reference: v.reference,
  message_reference: v.messageReference,
  request_hash: hex(v.requestHash),
  code_length: v.codeLength,
  code_key: v.codeKey,
  code_mac: hex(v.codeMac),
  sealed_code: hex(v.sealedCode),
  tries: v.tries,
  lifetime: v.lifetime,
  message_id: v.messageId,
  message_kind: v.messageKind,
  activity_id: v.activityId,
  asked_from: v.askedFrom,
})

const attemptJson = (attempt: Attempt) => ({
  subject: attempt.subject,
  id: attempt.id,
  application_id: attempt.applicationId,
  code_length: attempt.codeLength,
  keys: attempt.macs.map(({ key }) => key),
  macs: attempt.macs.map(({ mac }) => hex(mac)),
  activity_id: attempt.activityId,
})

/** A statement for each combination of kinds that is asked for (an address and a quota, …), with the rules of these alone. */
function forEachKinds(rules: LimitRules, write: (rules: Partial<LimitRules>) => string) {
  const made = new Map<string, Statement>()
  return (keys: readonly LimitKey[]): Statement => {
    const kinds = [...new Set(keys.map((key) => key.kind))].sort()
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

/** Counts against every limit, and stores verifications, each with its message and its activity. */
const issueText = (rules: Partial<LimitRules>): string => `
${takenText(rules)}, asked as (
  select * from json_to_recordset($3::json) as r (subject uuid, id uuid, application_id uuid, purpose text,
    channel text, destination text, destination_key bytea, locale text, reference text, message_reference text,
    request_hash bytea, code_length smallint, code_key text, code_mac bytea, sealed_code bytea, tries smallint,
    lifetime int, message_id uuid, message_kind text, activity_id uuid, asked_from jsonb)
), issued as (
  insert into verification (subject, id, application_id, purpose, channel, destination, destination_key, locale,
    reference, message_reference, request_hash, code_length, code_key, code_mac, sealed_code, attempts_allowed,
    expires_at)
  select subject, id, application_id, purpose, channel, destination, destination_key, locale, reference,
    message_reference, request_hash, code_length, code_key,
    ${boundMac('code_mac', 'purpose', 'subject', 'destination')}, sealed_code, tries,
    statement_timestamp() + lifetime * interval '1 millisecond'
  from asked, allowed where one = 1
  returning id, created_at, expires_at
), queued as (
  insert into message (subject, id, verification_id, kind, channel)
  select subject, message_id, id, message_kind, channel from asked, allowed where one = 1
), noted as (
  insert into activity (subject, id, kind, application_id, verification_id, detail)
  select subject, activity_id, 'code_requested', application_id, id, asked_from from asked, allowed where one = 1
)
select id, created_at, expires_at from issued`

/** A clock that was set back to before its making, or its sending, would let a code live longer than it may. */
const isAlive = 'v.expires_at > statement_timestamp() and v.last_sent_at <= statement_timestamp()'

/**
 * Counts the try, compares, and settles, in one statement: of any number of tries at once, no more are compared than
 * are allowed, and the right code is accepted once.
 *
 * The lock on the destination's limits comes first. It orders all tries for one destination, so that its daily number
 * of wrong codes holds over any number of verifications; a right code waits in the same line, or guesses sent all at
 * once would each be compared before any was counted.
 *
 * Where a hushed limit ($9) is full, the code is taken for a wrong one without being compared; it counts on everything
 * but that.
 */
const attemptText = (rules: LimitRules): string => `
with held as (
  select l.key, l.key = any($9::bytea[]) as hushed, ${allowsHit('l', 'failures', rules)} as allowed from rate_limit l
  where l.key = any($8::bytea[] || (
    select destination_key from verification where subject = $7 and id = $1 and application_id = $2))
  order by l.key for update
), gate as (
  select bool_and(allowed or hushed) as open, bool_and(allowed or not hushed) as compares from held
), tried as (
  update verification v set ${settling(`gate.compares and ${matching('$4::text[]', '$5::bytea[]')}`)}
  from gate
  where gate.open and v.subject = $7 and v.id = $1 and v.application_id = $2 and v.state = 'pending'
    and v.attempts < v.attempts_allowed and ${isAlive} and v.code_length = $3
    and v.code_key = any($4::text[])
  returning v.attempts_allowed - v.attempts as attempts_left, v.ended_at, v.state, v.channel,
    v.destination
), counted as (
  update rate_limit l set failures = ${withHit('l', 'failures', rules)}
  from tried, gate where l.key in (select key from held where not hushed or gate.compares) and tried.state <> 'approved'
), noted as (
  insert into activity (subject, id, kind, application_id, verification_id)
  select $7, $6::uuid, case when state = 'approved' then 'code_approved' else 'code_wrong' end, $2, $1 from tried
)
select state = 'approved' as approved, attempts_left, coalesce(ended_at, statement_timestamp()) as at, channel,
  destination
from tried`

/**
 * The same for the tries of several verifications, where none counts against anything but its destination. It waits for
 * nobody: of a destination that another statement holds, or that comes twice, nothing is compared, so that one slow row
 * keeps no other waiting.
 *
 * Rows are found one by one (`lateral … offset 0`): a plan that is made while the table is small and kept when it has
 * grown must go by the index.
 */
const attemptManyText = (rules: LimitRules): string => `
with asked as materialized (
  select distinct on (v.destination_key) r.subject, r.id, r.application_id, r.code_length, r.keys, r.macs, r.activity_id,
    v.destination_key
  from json_to_recordset($1::json) as r (subject uuid, id uuid, application_id uuid, code_length smallint, keys text[],
    macs bytea[], activity_id uuid),
    lateral (select destination_key from verification v where v.subject = r.subject and v.id = r.id
      and v.application_id = r.application_id offset 0) as v
  order by v.destination_key
), held as materialized (
  select l.key, ${allowsHit('l', 'failures', rules)} as allowed
  from asked a join rate_limit l on l.key = a.destination_key
  order by l.key for update of l skip locked
), tried as (
  update verification v set ${settling(matching('a.keys', 'a.macs'))}
  from asked a join held h on h.key = a.destination_key
  where h.allowed and v.subject = a.subject and v.id = a.id
    and v.application_id = a.application_id and v.state = 'pending' and v.attempts < v.attempts_allowed
    and ${isAlive} and v.code_length = a.code_length and v.code_key = any(a.keys)
  returning v.subject, v.id, v.application_id, a.activity_id, v.destination_key,
    v.attempts_allowed - v.attempts as attempts_left, v.ended_at, v.state, v.channel, v.destination
), counted as (
  update rate_limit l set failures = ${withHit('l', 'failures', rules)}
  from tried where l.key = tried.destination_key and tried.state <> 'approved'
), noted as (
  insert into activity (subject, id, kind, application_id, verification_id)
  select subject, activity_id, case when state = 'approved' then 'code_approved' else 'code_wrong' end, application_id,
    id from tried
)
select id, state = 'approved' as approved, attempts_left, coalesce(ended_at, statement_timestamp()) as at, channel,
  destination
from tried`

/**
 * What a code's keyed hash is bound to besides the verification's id: a row whose purpose, subject or destination was
 * changed by hand accepts no code any more.
 */
export function boundMac(mac: string, purpose: string, subject: string, destination: string): string {
  return `sha256(${mac} || convert_to(${purpose} || E'\\x1f' || ${subject}::text || E'\\x1f' || ${destination}, 'UTF8'))`
}

/** What one try makes of a verification. */
const settling = (matches: string): string => `(attempts, state, sealed_code, ended_at) = (
    select v.attempts + 1,
      case when matches then 'approved' when last then 'exhausted' else 'pending' end,
      case when matches or last then null else v.sealed_code end,
      case when matches or last then statement_timestamp() end
    from (select ${matches} as matches, v.attempts + 1 >= v.attempts_allowed as last offset 0) as compared
  )`

/** `keys` and `macs` hold the typed code's hash under every living key; the row says which one to take. */
function matching(keys: string, macs: string): string {
  const under = (key: string) => `(${macs})[array_position(${keys}, ${key})]`
  return `(
  v.code_mac = ${boundMac(under('v.code_key'), 'v.purpose', 'v.subject', 'v.destination')}
  or (v.earlier_expires_at > statement_timestamp()
    and v.earlier_code_mac = ${boundMac(under('v.earlier_code_key'), 'v.purpose', 'v.subject', 'v.destination')}))`
}
