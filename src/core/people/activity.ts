import type { RefusalCode } from '../refusal.ts'
import type { ItemKind } from '../security-info/security-info.ts'
import { type Duration, days, type Instant, minutes } from '../time.ts'
import type { Channel } from '../verifications/delivery.ts'
import type { Purpose } from '../verifications/message.ts'
import type { ProofKind } from './session.ts'

/** What an account's owner is told about, and under which heading it is found. */
export const activityFilters = {
  account_created: 'changes',
  signed_in: 'sign_ins',
  sign_in_refused: 'sign_ins',
  /** A wrong proof by somebody who is signed in. */
  proof_refused: 'sign_ins',
  signed_out: 'sign_ins',
  sessions_ended: 'sign_ins',
  /** The owner said of something that it was somebody else. */
  not_me: 'sign_ins',
  /** A code was sent to one of the account's contacts. */
  code_asked: 'codes',
  /** Somebody wanted one and did not know the rest of the address: nothing was sent. */
  code_not_sent: 'codes',
  /** Somebody began to sign up with an address that has this account. */
  sign_up_tried: 'codes',
  /** So many wrong codes in a row that an item takes none from strangers any more. */
  item_closed: 'sign_ins',
  /** So many in one browser that the account knew that it is forgotten. */
  browser_forgotten: 'sign_ins',
  /** The owner said of a code that they had not asked for it. */
  not_asked: 'codes',
  password_changed: 'changes',
  item_added: 'changes',
  item_removed: 'changes',
  two_step_on: 'changes',
  two_step_off: 'changes',
  recovery_code_made: 'changes',
  recovery_code_used: 'changes',
  change_frozen: 'changes',
  change_undone: 'changes',
  change_kept: 'changes',
  /** Somebody with an older contact asked to undo a change, which has to be announced first. */
  undo_asked: 'changes',
  /** One of the account's numbers was proved on another account. */
  phone_taken: 'changes',
} as const satisfies Record<string, ActivityFilter>

export type ActivityKind = keyof typeof activityFilters
export type ActivityFilter = 'sign_ins' | 'codes' | 'changes'

export const activityKinds = Object.keys(activityFilters) as ActivityKind[]

export const kindsUnder = (filter: ActivityFilter | undefined): ActivityKind[] =>
  activityKinds.filter((kind) => filter === undefined || activityFilters[kind] === filter)

/** Where something came from: names of ours for browser and system, never the header's own words. */
export type ActivitySource = {
  ip?: string | undefined
  browser?: string | undefined
  system?: string | undefined
  /** The beginning of the hash of the browser's cookie: enough to know it again among an account's few. */
  seen?: string | undefined
}

/** What is stored of an activity besides its kind and its moment; JSON, so every part may be missing. */
export type ActivityDetail = ActivitySource & {
  /** How a sign-in was proved, or why one was refused. */
  proofs?: ProofKind[] | undefined
  newBrowser?: boolean | undefined
  sessionId?: string | undefined
  cause?: RefusalCode | undefined
  /** Of a code: what for, by what, and where to, as a hint. */
  purpose?: Purpose | undefined
  channel?: Channel | undefined
  hint?: string | undefined
  usedAt?: Instant | undefined
  notAskedAt?: Instant | undefined
  /** The flow that it was part of: its messages stand under it. */
  flow?: string | undefined
  /** A source that repeats itself is one row with a number, and the moment of the latest. */
  source?: string | undefined
  count?: number | undefined
  lastAt?: Instant | undefined
  /** Of a change: what kind of item it was, where a hint would say nothing. */
  itemKind?: ItemKind | undefined
  /** What the owner said it about. */
  about?: string | undefined
  /** So many sources at once that they are one row together. */
  many?: true | undefined
  /** Of a name without an account: nobody reads it, and it is gone after a day. */
  decoy?: true | undefined
}

export type Activity = {
  id: string
  at: Instant
  kind: ActivityKind
  verificationId: string | undefined
  detail: ActivityDetail
}

export const activityKept: Duration = days(90)

/** What a stranger can cause without end is one row for each source and this long, from its first time on. */
export const repeatsWithin: Duration = minutes(10)
/** In an hour an account gets so many rows of one kind that strangers cause; what comes then is one row together. */
export const mostSources = 30

/** Several of the same, newest first: one line of a page. */
export type ActivityGroup = {
  newest: Activity
  /** How often it happened, the repeats that storage counted included. */
  count: number
  firstAt: Instant
  lastAt: Instant
  all: readonly Activity[]
}

/**
 * Puts neighbours that say the same together; nothing is left out and nothing changes its place.
 *
 * @param looking the browser that looks: what it did itself is never put together with what others did
 */
export function groupActivity(newestFirst: readonly Activity[], looking: string): ActivityGroup[] {
  const groups: ActivityGroup[] = []
  for (const activity of newestFirst) {
    const last = groups.at(-1)
    if (last !== undefined && saysTheSame(last.newest, activity, looking)) {
      groups[groups.length - 1] = joined(last, activity)
    } else groups.push(alone(activity))
  }
  return groups
}

const alone = (activity: Activity): ActivityGroup => ({
  newest: activity,
  count: activity.detail.count ?? 1,
  firstAt: activity.at,
  lastAt: Math.max(activity.at, activity.detail.lastAt ?? activity.at),
  all: [activity],
})

function joined(group: ActivityGroup, older: Activity): ActivityGroup {
  const one = alone(older)
  return {
    newest: group.newest,
    count: group.count + one.count,
    firstAt: Math.min(group.firstAt, one.firstAt),
    lastAt: Math.max(group.lastAt, one.lastAt),
    all: [...group.all, older],
  }
}

/** A change is told by itself, and so is a code that its owner had to say something about. */
function saysTheSame(one: Activity, other: Activity, looking: string): boolean {
  if (one.kind !== other.kind || activityFilters[one.kind] === 'changes') return false
  if ((one.detail.seen === looking) !== (other.detail.seen === looking)) return false
  return sameWords.every((word) => one.detail[word] === other.detail[word])
}

const sameWords = [
  'ip',
  'browser',
  'system',
  'cause',
  'purpose',
  'hint',
  'newBrowser',
  'usedAt',
  'notAskedAt',
  'many',
] as const satisfies (keyof ActivityDetail)[]

/** Whether somebody else may be behind it: it came from another browser than the one that is looking. */
export const mayBeSomebodyElse = (activity: Activity, looking: string): boolean =>
  activity.detail.ip !== undefined && activity.detail.seen !== looking
