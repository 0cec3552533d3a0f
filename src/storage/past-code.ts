import type { PastCode } from '../core/verifications/past-code.ts'
import type { StoredState } from '../core/verifications/verification.ts'
import { type Sql, statement } from './sql.ts'
import { boundMac } from './verification-sql.ts'

/** Codes that open nothing any more. One that still works is never compared here, where no try is counted. */
const isOver = `(v.state <> 'pending' or v.expires_at <= statement_timestamp())`
const earlierIsOver = `(${isOver} or v.earlier_expires_at <= statement_timestamp())`

/** More than a person asks for in an hour. */
const mostCompared = 20

const pastSql = statement(`
select v.subject, v.id, array_remove(array[v.code_key, v.earlier_code_key], null) as keys
from flow f join verification v on v.subject = f.id
where f.browser = $1 and f.expires_at > statement_timestamp() and ${earlierIsOver}
order by v.created_at desc limit ${mostCompared}`)

/** A verification that a browser's flow had, and the keys that its codes were hashed under. */
export type PastVerification = { subject: string; id: string; keys: string[] }

/** What this browser's flows had sent, newest first, as far as a code of it is over. */
export const pastVerifications = (sql: Sql, browser: Buffer): Promise<PastVerification[]> =>
  sql.run<PastVerification>(pastSql, [browser])

/** A typed code as it would have been hashed for one verification under one key. */
export type Candidate = { subject: string; id: string; key: string; mac: Buffer }

const bound = boundMac('c.mac', 'v.purpose', 'v.subject', 'v.destination')
const findSql = statement(`
select v.subject, v.state, v.ended_at, v.expires_at
from verification v join unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[]) as c (subject, id, key, mac)
  on v.subject = c.subject and v.id = c.id
where (${isOver} and v.code_key = c.key and v.code_mac = ${bound})
  or (${earlierIsOver} and v.earlier_code_key = c.key and v.earlier_code_mac = ${bound})
order by v.created_at desc limit 1`)

/** The newest of these verifications whose code was typed, and what became of it. */
export async function findPastCode(
  sql: Sql,
  candidates: readonly Candidate[],
): Promise<PastCode | undefined> {
  const rows = await sql.run<{
    subject: string
    state: StoredState
    ended_at: Date | null
    expires_at: Date
  }>(findSql, [
    candidates.map((candidate) => candidate.subject),
    candidates.map((candidate) => candidate.id),
    candidates.map((candidate) => candidate.key),
    candidates.map((candidate) => candidate.mac),
  ])
  const row = rows[0]
  return (
    row && {
      flowId: row.subject,
      state: row.state,
      endedAt: row.ended_at === null ? undefined : Number(row.ended_at),
      expiresAt: Number(row.expires_at),
    }
  )
}
