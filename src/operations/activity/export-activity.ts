import type { Activity } from '../../core/activity/activity.ts'
import { csvLine } from '../../core/activity/csv.ts'
import type { Instant } from '../../core/time.ts'
import type { Deps } from '../deps.ts'
import { networkText } from '../networks.ts'
import { allActivity } from './read-activity.ts'

/** One thing that happened, in words for programs: the same in every language. */
type Exported = Readonly<Record<string, string | number | undefined>>

const columns = [
  'time',
  'what',
  'count',
  'last_time',
  'cause',
  'proved_by',
  'purpose',
  'sent_to',
  'used',
  'disowned',
  'browser',
  'system',
  'place',
  'network',
  'address',
] as const

function exported(deps: Deps, { at, kind, detail }: Activity): Exported {
  const { ip } = detail
  return {
    time: iso(at),
    what: kind,
    count: detail.count ?? 1,
    last_time: iso(detail.lastAt ?? at),
    cause: detail.cause,
    proved_by: detail.proofs?.join(' '),
    purpose: detail.purpose,
    sent_to: detail.hint,
    used: iso(detail.usedAt),
    disowned: iso(detail.notAskedAt),
    browser: detail.browser,
    system: detail.system,
    place: ip === undefined ? undefined : deps.placeOf(ip, 'en'),
    network: ip === undefined ? undefined : networkText(ip),
    address: ip,
  } satisfies Record<(typeof columns)[number], unknown>
}

const iso = (at: Instant | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString()

/** By this mark spreadsheets know that a file is UTF-8; without, some take it for the system's own old code page. */
const byteOrderMark = '\ufeff'

/** All that is kept, as CSV: a line of names, then a line each, newest first. A spreadsheet finds no formula in it. */
export async function* activityAsCsv(deps: Deps, accountId: string): AsyncGenerator<string> {
  yield byteOrderMark + csvLine(columns)
  for await (const batch of allActivity(deps, accountId)) {
    yield batch
      .map((activity) => exported(deps, activity))
      .map((row) => csvLine(columns.map((column) => row[column])))
      .join('')
  }
}

/** The same as a JSON array; what is not known is left out. */
export async function* activityAsJson(deps: Deps, accountId: string): AsyncGenerator<string> {
  let before = '[\n'
  for await (const batch of allActivity(deps, accountId)) {
    for (const activity of batch) {
      yield before + JSON.stringify(exported(deps, activity))
      before = ',\n'
    }
  }
  yield before === ',\n' ? '\n]\n' : '[]\n'
}
