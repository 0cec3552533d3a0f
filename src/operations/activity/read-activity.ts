import {
  type Activity,
  type ActivityFilter,
  type ActivityGroup,
  type ActivitySource,
  groupActivity,
  kindsUnder,
  mayBeSomebodyElse,
} from '../../core/activity/activity.ts'
import type { Locale } from '../../core/verifications/message.ts'
import { findActivity, readActivity as readRows } from '../../storage/activity.ts'
import type { Deps } from '../deps.ts'
import { networkText } from '../networks.ts'
import { seenAs } from './record-activity.ts'

/** Where something came from, for a reader: a place where the file knows one, else the network. */
export type Where = { place: string | undefined; network: string | undefined } & ActivitySource

export const whereOf = (deps: Deps, requester: ActivitySource, locale: Locale): Where => ({
  ...requester,
  place: requester.ip === undefined ? undefined : deps.placeOf(requester.ip, locale),
  network: requester.ip === undefined ? undefined : networkText(requester.ip),
})

/** One line of the page; `here` where the browser that looks did it itself. */
export type ActivityLine = ActivityGroup & { where: Where; here: boolean; mayBeSomebodyElse: boolean }

export type ActivityPage = {
  lines: ActivityLine[]
  /** Where the page of older ones begins; undefined where there are none. */
  older: string | undefined
}

const perPage = 40

/**
 * A page of what happened, newest first. The cursor is the id of the last row of the page before: rows that come in
 * the meantime neither move anything nor are shown twice.
 */
export async function readActivityPage(
  deps: Deps,
  accountId: string,
  wanted: { filter: ActivityFilter | undefined; before: string | undefined; locale: Locale },
  browser: Buffer,
): Promise<ActivityPage> {
  const kinds = kindsUnder(wanted.filter)
  const rows = await readRows(deps.database.sql, accountId, {
    kinds,
    before: wanted.before,
    most: perPage + 1,
  })
  const shown = rows.slice(0, perPage)
  const looking = seenAs(browser)
  return {
    lines: groupActivity(shown, looking).map((group) => lineOf(deps, group, looking, wanted.locale)),
    older: rows.length > perPage ? shown.at(-1)?.id : undefined,
  }
}

const lineOf = (deps: Deps, group: ActivityGroup, looking: string, locale: Locale): ActivityLine => ({
  ...group,
  where: whereOf(deps, group.newest.detail, locale),
  here: group.newest.detail.seen === looking,
  mayBeSomebodyElse: mayBeSomebodyElse(group.newest, looking),
})

/** One thing that happened, as a line of its own. */
export async function readActivityLine(
  deps: Deps,
  accountId: string,
  id: string,
  locale: Locale,
  browser: Buffer,
): Promise<ActivityLine | undefined> {
  const found = await findActivity(deps.database.sql, accountId, id)
  const looking = seenAs(browser)
  const [group] = found === undefined ? [] : groupActivity([found], looking)
  return group && lineOf(deps, group, looking, locale)
}

const perRead = 500

/** All that is kept, newest first, a batch at a time. */
export async function* allActivity(deps: Deps, accountId: string): AsyncGenerator<Activity[]> {
  let before: string | undefined
  for (;;) {
    const rows = await readRows(deps.database.sql, accountId, {
      kinds: kindsUnder(undefined),
      before,
      most: perRead,
    })
    if (rows.length > 0) yield rows
    if (rows.length < perRead) return
    before = rows.at(-1)?.id
  }
}
