import type { FlowState } from '../core/people/flow.ts'
import type { Refusal } from '../core/refusal.ts'
import type { Duration, Instant } from '../core/time.ts'
import type { Sql } from './sql.ts'

export type Flow = {
  id: string
  state: FlowState
  revision: number
  last: LastAnswer | undefined
  now: Instant
}

type FlowRow = { id: string; state: FlowState; revision: number; last: LastAnswer | null; now: Date }

const read = (row: FlowRow): Flow => ({ ...row, last: row.last ?? undefined, now: Number(row.now) })

export async function insertFlow(
  sql: Sql,
  flow: { id: string; browser: Buffer; state: FlowState; lasts: Duration },
): Promise<void> {
  await sql`
    insert into flow (id, browser, state, expires_at)
    values (${flow.id}, ${flow.browser}, ${JSON.stringify(flow.state)},
      statement_timestamp() + ${flow.lasts}::int * interval '1 millisecond')`
}

/** A living flow of this browser; nobody else's is found. A clock that was set back gives none a longer life. */
export async function findFlow(sql: Sql, id: string, browser: Buffer): Promise<Flow | undefined> {
  const rows = await sql<FlowRow>`
    select id, state, revision, last, statement_timestamp() as now from flow
    where id = ${id} and browser = ${browser} and expires_at > statement_timestamp()
      and created_at <= statement_timestamp()`
  return rows[0] && read(rows[0])
}

/**
 * Takes the next step for one form, by compare-and-set: of a form that is sent twice, one is worked off. A flow that
 * has been gone through has no next step.
 *
 * @returns undefined where this revision was taken already
 */
export async function claimStep(
  sql: Sql,
  id: string,
  browser: Buffer,
  revision: number,
): Promise<Flow | undefined> {
  const rows = await sql<FlowRow>`
    update flow set revision = revision + 1, last = null
    where id = ${id} and browser = ${browser} and revision = ${revision} and expires_at > statement_timestamp()
      and created_at <= statement_timestamp()
      and state->>'kind' not in ('signed_in', 'stepped_up', 'contact_proved', 'undoing_over')
    returning id, state, revision, last, statement_timestamp() as now`
  return rows[0] && read(rows[0])
}

/** Nothing came of the form that was taken: it may be sent again. */
export async function releaseStep(sql: Sql, id: string, revision: number): Promise<void> {
  await sql`update flow set revision = ${revision} where id = ${id} and revision = ${revision} + 1 and last is null`
}

/** What the form of this revision was answered with. */
export type LastAnswer = { revision: number; refusal: Refusal | null }

export async function settleStep(sql: Sql, id: string, state: FlowState, last: LastAnswer): Promise<void> {
  // A form that took longer than the one after it writes over nothing.
  await sql`
    update flow set state = ${JSON.stringify(state)}, last = ${JSON.stringify(last)}
    where id = ${id} and revision = ${last.revision} + 1`
}

/**
 * The session that a flow has led to, where it has; whoever else asks waits until this transaction ends.
 *
 * @returns undefined where there is no such flow any more
 */
export async function holdSessionOf(
  sql: Sql,
  id: string,
): Promise<{ sessionId: string | undefined; seed: string | undefined } | undefined> {
  const rows = await sql<{ session_id: string | null; seed: string | null }>`
    select state->>'sessionId' as session_id, state->>'seed' as seed from flow where id = ${id} for update`
  return rows[0] && { sessionId: rows[0].session_id ?? undefined, seed: rows[0].seed ?? undefined }
}

/** Called while held. */
export async function noteSession(sql: Sql, id: string, sessionId: string, seed: string): Promise<void> {
  await sql`
    update flow set state = state || jsonb_build_object('sessionId', ${sessionId}::text, 'seed', ${seed}::text)
    where id = ${id}`
}

/** Once a last form is no longer answered again, nothing is left of which its session's token could be made. */
export async function eraseSeeds(sql: Sql, answeredAgainFor: Duration): Promise<void> {
  await sql`
    update flow set state = state - 'seed'
    where state ? 'seed'
      and (state->>'at')::float8 < extract(epoch from statement_timestamp()) * 1000 - ${answeredAgainFor}::int`
}

export async function removeExpiredFlows(sql: Sql): Promise<void> {
  await sql`delete from flow where expires_at < statement_timestamp()`
}
