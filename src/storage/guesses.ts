import type { LimitKey, LimitRules } from '../core/limits.ts'
import { logLength } from '../core/limits.ts'
import { allowsHit } from './limits.ts'
import { divisionByZero, type Sql, sqlState, statement } from './sql.ts'

/** Guesses that were counted before they were judged, each named by its moment, so that a right one is given back. */
export type CountedGuess = { key: Buffer; at: string }[]

/**
 * Counts a guess at a password before it is compared, on every key or on none, so that of any number at once no more
 * are compared than the limits let through.
 */
export function prepareGuessSql(rules: LimitRules) {
  const takeSql = statement(takeText(rules))
  return {
    async take(sql: Sql, keys: readonly LimitKey[]): Promise<CountedGuess | 'limited'> {
      try {
        const taken = await sql.run<{ key: Buffer; at: string }>(takeSql, [
          keys.map((k) => k.key),
          keys.map((k) => k.kind),
        ])
        // Where no key had room there is nothing to take back, and a plan may never come to the division.
        return taken.length === keys.length ? taken : 'limited'
      } catch (fault) {
        if (sqlState(fault) === divisionByZero) return 'limited'
        throw fault
      }
    },
    /** The guess was right: it never counted. */
    async giveBack(sql: Sql, guess: CountedGuess): Promise<void> {
      await sql`
        update rate_limit l set failures = array_remove(l.failures, g.at)
        from unnest(${guess.map((g) => g.key)}::bytea[], ${guess.map((g) => g.at)}::timestamptz[]) as g (key, at)
        where l.key = g.key`
    },
  }
}

export type GuessSql = ReturnType<typeof prepareGuessSql>

/** Each hit is a microsecond after the one before, so that giving one back takes no other. */
const takeText = (rules: LimitRules): string => `
with taken as (
  insert into rate_limit as l (key, kind, failures)
  select key, kind, array[statement_timestamp()] from unnest($1::bytea[], $2::text[]) as k (key, kind) order by key
  on conflict (key) do update set failures = (
    array[greatest(statement_timestamp(), l.failures[1] + interval '1 microsecond')] || l.failures
  )[1:(case l.kind ${lengths(rules)} else 1 end)]
  where ${allowsHit('l', 'failures', rules)}
  returning l.key, l.failures[1] as at
), allowed as (
  select 1 / (count(*) = cardinality($1::bytea[]))::int as one from taken
)
select key, at::text as at from taken, allowed where one = 1`

const lengths = (rules: LimitRules): string =>
  Object.entries(rules)
    .map(([kind, rule]) => `when '${kind}' then ${Math.max(1, logLength(rule.failures))}`)
    .join(' ')
