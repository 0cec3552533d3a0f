import type { LimitKey, LimitRule, LimitRules, Window } from '../core/limits.ts'
import { logLength } from '../core/limits.ts'
import type { Instant } from '../core/time.ts'
import type { Sql } from './sql.ts'

type Log = 'sends' | 'failures'

/**
 * Whether one more hit on `row` is let through, as SQL. The n-th newest hit must have left the window of n hits: the
 * same rule as `waitUntil` in core, made of the policy's numbers at start. A kind without a rule has no room.
 */
export function allowsHit(row: string, log: Log, rules: Partial<LimitRules>): string {
  const room = (rule: LimitRule) =>
    rule[log].map((window) => windowHasRoom(`${row}.${log}`, window)).join(' and ') || 'true'
  return caseOfKind(row, rules, room, 'false')
}

const windowHasRoom = (hits: string, { most, within }: Window): string =>
  most === 0
    ? 'false'
    : `(${hits}[${most}] is null or ${hits}[${most}] <= statement_timestamp() - interval '${within} milliseconds')`

/** The log with one more hit, no longer than the largest window needs, and sorted whatever order statements commit in. */
export function withHit(row: string, log: Log, rules: Partial<LimitRules>): string {
  const length = caseOfKind(row, rules, (rule) => String(Math.max(1, logLength(rule[log]))), '1')
  const newest = `greatest(statement_timestamp(), ${row}.${log}[1])`
  return `(array[${newest}] || ${row}.${log})[1:${length}]`
}

/**
 * Each kind's own words, with one branch for all the kinds that have the same: PostgreSQL sets every branch up anew for
 * each statement it runs, also those it never takes.
 */
function caseOfKind(
  row: string,
  rules: Partial<LimitRules>,
  words: (rule: LimitRule) => string,
  otherwise: string,
): string {
  const kinds = Object.groupBy(Object.entries(rules), ([, rule]) => words(rule))
  const branches = Object.entries(kinds).map(
    ([same, entries = []]) => `when ${row}.kind in (${entries.map(([kind]) => `'${kind}'`)}) then ${same}`,
  )
  return branches.length === 0 ? otherwise : `(case ${branches.join(' ')} else ${otherwise} end)`
}

export type StoredLog = { key: Buffer; sends: Instant[]; failures: Instant[]; now: Instant }

/**
 * The logs of these keys as they are now, with the database's clock: to say how long to wait. Hits are rounded up to the
 * millisecond, which is as finely as we tell time: a wait that was told is never too short.
 */
export async function readLogs(sql: Sql, keys: readonly LimitKey[]): Promise<StoredLog[]> {
  const rows = await sql<{ key: Buffer; sends: Date[]; failures: Date[]; now: Date }>`
    select key, statement_timestamp() as now,
      array(select date_trunc('milliseconds', hit + interval '999 microseconds') from unnest(sends) hit) as sends,
      array(select date_trunc('milliseconds', hit + interval '999 microseconds') from unnest(failures) hit) as failures
    from rate_limit where key = any(${keys.map((k) => k.key)}::bytea[])`
  return rows.map((row) => ({
    key: row.key,
    sends: row.sends.map(Number),
    failures: row.failures.map(Number),
    now: Number(row.now),
  }))
}

/** What was wrong before counts no more. The rows stay: a check that locks them must find them. */
export async function emptyFailures(sql: Sql, keys: readonly Buffer[]): Promise<void> {
  await sql`update rate_limit set failures = '{}' where key = any(${keys}::bytea[]) and failures <> '{}'`
}

/** Makes the rows that a check locks: a lock needs one. */
export async function ensureRows(sql: Sql, keys: readonly LimitKey[]): Promise<void> {
  await sql`
    insert into rate_limit (key, kind) select * from unnest(${keys.map((k) => k.key)}::bytea[], ${keys.map((k) => k.kind)}::text[])
    on conflict (key) do nothing`
}
