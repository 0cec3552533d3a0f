import type { GuessLimit, SendLimit } from './refusal.ts'
import { type Duration, days, ever, type Instant } from './time.ts'

/**
 * Limits are sliding logs: for each key (a destination, a network, …) the moments of its latest hits, newest first.
 * No window of the given length ever holds more than `most` hits, wherever it starts.
 *
 * SQL decides them, since they must win races; this file holds the policy's shape and the reference model that a
 * property test compares with the SQL over random histories.
 */
export type Window = { most: number; within: Duration }

/** What is counted on one key: codes asked for, and wrong answers. */
export type LimitRule = { sends: readonly Window[]; failures: readonly Window[] }

/** A source that somebody didn't ask a code from: for a day it is counted once more, by half of what others may. */
export type ReportedLimit = 'reported_browser' | 'reported_ip'

/** Strangers before the password, and those past it, may each have half of the codes that an address gets. */
export type StrangersLimit = 'strangers_email' | 'strangers_phone'

/** What wrong codes for a decoy count on: the same work, and nobody asks about it. */
export type DecoyLimit = 'decoy_codes'

/** Wrong references typed in one browser on the page of one notice or message. */
export type ReferenceLimit = 'reference_tries'

/** What the owner is told once: that strangers guess, in a day; that an item was closed to them, until it is opened. */
export type ToldOnce = 'guessing_told' | 'closing_told'

/** The sign-ins of a whole network: four times those of one address. */
export type NetworkLimit = 'network_sign_ins'

export type LimitKind =
  | SendLimit
  | GuessLimit
  | ReportedLimit
  | StrangersLimit
  | DecoyLimit
  | ReferenceLimit
  | NetworkLimit
  | ToldOnce

/** The numbers that an operator sets. */
export type PolicyLimits = Record<SendLimit | GuessLimit, LimitRule>
/** The same with what follows from them. */
export type LimitRules = PolicyLimits & Partial<Record<Exclude<LimitKind, keyof PolicyLimits>, LimitRule>>

/** A key that a request counts against. The key itself is a keyed hash: nobody reads an address out of this table. */
export type LimitKey = {
  kind: LimitKind
  key: Buffer
  /** Where it is full, a code is taken for a wrong one without being compared: nobody sees that it is. */
  hidden?: true
}

export type LimitDecision = { allowed: true; log: Instant[] } | { allowed: false; retryAt: Instant }

/** How many hits must be remembered to judge every window. */
export const logLength = (windows: readonly Window[]): number => Math.max(0, ...windows.map((w) => w.most))

/**
 * The reference model of one hit on one key.
 *
 * A hit is never recorded before the one it follows, so that the log stays sorted when statements commit in another
 * order than they started. A refused hit is not recorded: asking again never lengthens a wait.
 */
export function decideHit(log: readonly Instant[], windows: readonly Window[], now: Instant): LimitDecision {
  const retryAt = waitUntil(log, windows, now)
  if (retryAt !== undefined) return { allowed: false, retryAt }
  const at = Math.max(now, log[0] ?? now)
  return { allowed: true, log: [at, ...log].slice(0, logLength(windows)) }
}

/** The moment from which a hit would be let through, or undefined where it would be now. */
export function waitUntil(
  log: readonly Instant[],
  windows: readonly Window[],
  now: Instant,
): Instant | undefined {
  const waits = windows
    .map(({ most, within }) => {
      const nth = log[most - 1]
      return nth === undefined ? now : nth + within
    })
    .filter((at) => at > now)
  return waits.length === 0 ? undefined : Math.max(...waits)
}

/** What an operator's numbers lead to: what a reported source may still ask for, and how an item's guesses are shared. */
export const withDerived = (limits: PolicyLimits): LimitRules => ({
  ...limits,
  reported_browser: halved(limits.browser),
  reported_ip: halved(limits.ip),
  strangers_email: { ...limits.email, sends: strangersHalf(limits.email.sends) },
  strangers_phone: { ...limits.phone, sends: strangersHalf(limits.phone.sends) },
  decoy_codes: { sends: [], failures: forgotten(limits.item_codes.failures) },
  network_sign_ins: { sends: [], failures: times(4, limits.sign_ins.failures) },
  reference_tries: { sends: [], failures: [{ most: 5, within: days(1) }] },
  guessing_told: { sends: [], failures: [{ most: 1, within: days(1) }] },
  closing_told: { sends: [], failures: [{ most: 1, within: ever }] },
})

const halved = (rule: LimitRule): LimitRule => ({ sends: half(rule.sends), failures: half(rule.failures) })

const times = (factor: number, windows: readonly Window[]): Window[] =>
  windows.map((window) => ({ ...window, most: factor * window.most }))

const half = (windows: readonly Window[]): Window[] =>
  windows.map((window) => ({ ...window, most: Math.ceil(window.most / 2) }))

/** One code may be sent so often: half of an address's shortest window must not be less. */
const sendsOfOneCode = 4

const strangersHalf = ([shortest, ...longer]: readonly Window[]): Window[] =>
  shortest === undefined
    ? []
    : [
        {
          ...shortest,
          most: Math.max(Math.ceil(shortest.most / 2), Math.min(shortest.most, sendsOfOneCode)),
        },
        ...half(longer),
      ]

/** Names that nobody has are without end: what is counted on them is kept for a day. */
const forgotten = (windows: readonly Window[]): Window[] =>
  windows.map((window) => ({ ...window, within: Math.min(window.within, days(1)) }))

/** A shard of an application's quota holds about this many hits, so that no row is hot and no log is long. */
const hitsPerShard = 32

/** The rules as SQL applies them, a key a row, and over how many rows a quota is spread. */
export type ShardedRules = { rules: LimitRules; quotaShards: number }

/**
 * Spreads the quota of an application over many rows, each with its share of every window: one row for all of an
 * application's requests would make them wait for each other. No window ever holds more than the whole; as shards fill
 * unevenly, single requests may be refused when it is nearly used up.
 */
export function shardQuota(limits: PolicyLimits): ShardedRules {
  const rules = withDerived(limits)
  const smallest = Math.min(...rules.quota.sends.map((w) => w.most))
  const quotaShards = Number.isFinite(smallest) ? Math.max(1, Math.floor(smallest / hitsPerShard)) : 1
  const sends = rules.quota.sends.map((w) => ({ ...w, most: Math.floor(w.most / quotaShards) }))
  return { rules: { ...rules, quota: { ...rules.quota, sends } }, quotaShards }
}
