import {
  type ActivityDetail,
  type ActivityKind,
  type ActivitySource,
  mostSources,
  repeatsWithin,
} from '../../core/activity/activity.ts'
import { browserName } from '../../core/activity/browser-name.ts'
import { hours, type Instant } from '../../core/time.ts'
import { firstTimeId, newTimeId } from '../../secrets/random.ts'
import { countActivity, insertActivity } from '../../storage/activity.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import { networksOf } from '../networks.ts'
import type { Requester } from '../requester.ts'

/**
 * Whom an activity is told to. A name without an account has an id that nothing has, and rows there: what is written
 * about it takes the same work.
 */
export type ActivityOwner = { accountId: string; decoy: boolean }

export const ownedBy = (accountId: string): ActivityOwner => ({ accountId, decoy: false })

/** Where a request came from, as its account's owner reads it. */
export const activitySource = (requester: Requester): ActivitySource => ({
  ip: requester.ip,
  ...browserName(requester.userAgent),
  seen: seenAs(requester.browser),
})

export const seenAs = (browser: Buffer): string => browser.toString('hex', 0, 8)

type What = { kind: ActivityKind; verificationId?: string | undefined; detail?: ActivityDetail }

/** Writes down, once, what happened; within the transaction that did it, where it did something. */
export const recordActivity = (
  sql: Sql,
  told: ActivityOwner,
  what: What,
  requester: Requester,
  now: Instant,
): Promise<void> =>
  insertActivity(sql, {
    subject: told.accountId,
    id: newTimeId(now),
    kind: what.kind,
    verificationId: what.verificationId,
    detail: detailOf(told, what.detail, requester),
  })

/** What happened to an account by nobody's doing in it: whoever was behind it is not its owner's to know. */
export const recordFromOutside = (
  sql: Sql,
  accountId: string,
  what: { kind: ActivityKind; detail: ActivityDetail },
  now: Instant,
): Promise<void> => insertActivity(sql, { subject: accountId, id: newTimeId(now), ...what })

/** Writes down what anybody can cause without end: repeats from one source are counted on one row. */
export async function recordRepeated(
  deps: Deps,
  sql: Sql,
  told: ActivityOwner,
  what: What,
  requester: Requester,
  now: Instant,
): Promise<void> {
  const detail = detailOf(told, what.detail, requester)
  const activity = { subject: told.accountId, id: newTimeId(now), ...what, detail }
  await countActivity(sql, activity, {
    ...repeatsAt(now),
    source: sourceOf(deps, detail),
    most: mostSources,
  })
}

/** How a source is known again: its network, its browser and what was refused. */
function sourceOf(deps: Deps, { ip, browser, system, seen, cause }: ActivityDetail): string {
  const { network } = networksOf(ip ?? '')
  const words = [network, browser, system, seen, cause].map((word) => word ?? '')
  return deps.keyring
    .current()
    .lookupHash('repeated activity', ...words)
    .toString('base64url', 0, 9)
}

/**
 * A code that was asked for. One that was sent has a row of its own, which its limits bound; one that never was is
 * counted with others of its source. Both are the same statement: nobody can tell by the work which it was.
 */
export async function recordAskedCode(
  deps: Deps,
  sql: Sql,
  told: ActivityOwner,
  what: What,
  requester: Requester,
  now: Instant,
): Promise<void> {
  if (what.kind === 'code_not_sent') return recordRepeated(deps, sql, told, what, requester, now)
  const activity = { subject: told.accountId, id: newTimeId(now), ...what }
  const detail = detailOf(told, what.detail, requester)
  await countActivity(sql, { ...activity, detail }, { ...repeatsAt(now), source: undefined, most: mostCodes })
}

/** More codes than an hour's limits let through to all of an account's contacts. */
const mostCodes = 1000

const repeatsAt = (now: Instant) => ({
  stretch: firstTimeId(now - repeatsWithin),
  anHour: firstTimeId(now - hours(1)),
})

const detailOf = (
  told: ActivityOwner,
  detail: ActivityDetail | undefined,
  requester: Requester,
): ActivityDetail => ({
  ...activitySource(requester),
  ...detail,
  ...(told.decoy && { decoy: true }),
})
