import {
  type Activity,
  type ActivityDetail,
  type ActivityKind,
  activityKept,
} from '../core/activity/activity.ts'
import { type Duration, hours } from '../core/time.ts'
import { removalBatch } from './retention.ts'
import type { Sql } from './sql.ts'

/** What is told to an account; the `subject` of a name without one is an id that nothing has. */
export type NewActivity = {
  subject: string
  /** In order of time: `newTimeId` of the database's clock. */
  id: string
  kind: ActivityKind
  verificationId?: string | undefined
  detail: ActivityDetail
}

export async function insertActivity(sql: Sql, activity: NewActivity): Promise<void> {
  await sql`
    insert into activity (subject, id, kind, verification_id, detail)
    values (${activity.subject}, ${activity.id}, ${activity.kind}, ${activity.verificationId ?? null},
      ${JSON.stringify(activity.detail)})`
}

/**
 * What repeats itself: how its source is known again, and the ids that a stretch of time and an hour before now have.
 * From `most` rows of a kind in an hour on, what comes is one row together.
 */
export type Repeats = { source: string | undefined; stretch: string; anHour: string; most: number }

/**
 * The same for what strangers can cause without end: within one stretch of time a source has one row, which counts. Of
 * several at once each may find none and write its own; no more than there are connections.
 */
export async function countActivity(sql: Sql, activity: NewActivity, repeats: Repeats): Promise<void> {
  const { subject, id, kind } = activity
  const own: ActivityDetail = { ...activity.detail, source: repeats.source }
  const shared: ActivityDetail = {
    cause: activity.detail.cause,
    decoy: activity.detail.decoy,
    many: true,
    source: crowd,
  }
  await sql`
    with recent as (
      select id, detail->>'source' as source from activity
      where subject = ${subject}::uuid and id > ${repeats.anHour}::uuid and kind = ${kind}::text
      order by id desc limit ${repeats.most * 2}
    ), going_on as (
      select id, source from recent where id > ${repeats.stretch}::uuid
    ), chosen as (
      select case
        when exists (select from going_on where source = ${repeats.source ?? null}::text) then ${repeats.source ?? null}::text
        when (select count(*) from recent) >= ${repeats.most}::int then ${crowd}::text
        else ${repeats.source ?? null}::text end as source
    )
    insert into activity (subject, id, kind, verification_id, detail)
    select ${subject}::uuid,
      coalesce((select max(g.id::text)::uuid from going_on g where g.source = chosen.source), ${id}::uuid), ${kind}::text,
      ${activity.verificationId ?? null}::uuid,
      case when chosen.source = ${crowd}::text then ${JSON.stringify(shared)}::jsonb else ${JSON.stringify(own)}::jsonb end
    from chosen
    on conflict (subject, id) do update set detail = activity.detail || jsonb_build_object(
      'count', coalesce((activity.detail->>'count')::int, 1) + 1,
      'lastAt', (extract(epoch from statement_timestamp()) * 1000)::bigint)`
}

const crowd = 'many'

/** One more word about a code that was asked for at most an hour before; `since` is an id of that time. */
export async function amendCodeActivity(
  sql: Sql,
  subject: string,
  verificationId: string,
  since: string,
  word: Pick<ActivityDetail, 'usedAt' | 'notAskedAt'>,
): Promise<void> {
  await sql`
    update activity set detail = detail || ${JSON.stringify(word)}::jsonb
    where subject = ${subject} and id > ${since} and verification_id = ${verificationId}`
}

/** Newest first; `before` is the id of the last one that was read. */
export async function readActivity(
  sql: Sql,
  accountId: string,
  wanted: { kinds: readonly ActivityKind[]; before: string | undefined; most: number },
): Promise<Activity[]> {
  const rows = await sql<ActivityRow>`
    select id, at, kind, verification_id, detail from activity
    where subject = ${accountId} and id < coalesce(${wanted.before ?? null}::uuid, ${newestOfAll}::uuid)
      and kind = any(${wanted.kinds}::text[])
      and at > statement_timestamp() - ${activityKept}::float8 * interval '1 millisecond'
    order by id desc limit ${wanted.most}`
  return rows.map(read)
}

export async function findActivity(sql: Sql, accountId: string, id: string): Promise<Activity | undefined> {
  const rows = await sql<ActivityRow>`
    select id, at, kind, verification_id, detail from activity where subject = ${accountId} and id = ${id}`
  return rows[0] && read(rows[0])
}

const newestOfAll = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

type ActivityRow = {
  id: string
  at: Date
  kind: ActivityKind
  verification_id: string | null
  detail: ActivityDetail | null
}

const read = (row: ActivityRow): Activity => ({
  id: row.id,
  at: Number(row.at),
  kind: row.kind,
  verificationId: row.verification_id ?? undefined,
  detail: row.detail ?? {},
})

const decoysKept: Duration = hours(24)

/** Removes what no page shows any more. @returns how many of a batch went; call again while any */
export async function removeOldActivity(sql: Sql): Promise<number> {
  const old = await sql<{ subject: string; id: string }>`
    select subject, id from activity
    where application_id is null and at < statement_timestamp() - ${activityKept}::float8 * interval '1 millisecond'
    limit ${removalBatch}`
  const decoys = await sql<{ subject: string; id: string }>`
    select subject, id from activity
    where application_id is null and detail @> '{"decoy": true}'
      and at < statement_timestamp() - ${decoysKept}::float8 * interval '1 millisecond'
    limit ${removalBatch}`
  const gone = [...old, ...decoys]
  if (gone.length === 0) return 0
  await sql`
    delete from activity where (subject, id) in (
      select * from unnest(${gone.map((row) => row.subject)}::uuid[], ${gone.map((row) => row.id)}::uuid[]))`
  return gone.length
}
