import type { PolicyLimits } from './limits.ts'
import { type Duration, days, ever, hours, minutes, seconds } from './time.ts'

/**
 * Every number that an operator may set. The defaults are those of docs/concepts.md; each has its source there.
 */
export type Policy = {
  code: {
    /** NIST SP 800-63B-4 §3.1.3.2: at most ten minutes. */
    lifetime: Duration
    tries: number
    /** How many messages one verification may send, the first included. */
    sends: number
    /** Waits between one send and the next. */
    resendGaps: readonly Duration[]
    /** With less than this left, asking again makes a new code instead of repeating one that is about to die. */
    freshBelow: Duration
  }
  limits: PolicyLimits
  /** How many changes of one kind an account takes in a day: each is told to every contact, and kept for 30 days. */
  changes: { perDay: number }
  phones: {
    /** ISO 3166-1 alpha-2. Empty: no codes go to phones. */
    countries: readonly string[]
    /** A number range that takes many codes and uses few is being farmed: it closes. */
    prefix: { digits: number; sends: number; leastUsedShare: number; closedFor: Duration }
    /** What a text costs, in hundredths of the operator's currency, and the most that a UTC day may cost. */
    budget: { perMessage: number; perDay: number }
  }
  retention: {
    /** How long an ended verification, with its messages and its activity, is kept. */
    verifications: Duration
    inbox: Duration
  }
}

export const defaultPolicy: Policy = {
  code: {
    lifetime: minutes(10),
    tries: 5,
    sends: 4,
    resendGaps: [seconds(30), minutes(1), minutes(2)],
    freshBelow: minutes(4),
  },
  limits: {
    email: {
      sends: [
        { most: 5, within: minutes(10) },
        { most: 10, within: hours(1) },
        { most: 20, within: days(1) },
      ],
      failures: [{ most: 20, within: days(1) }],
    },
    phone: {
      sends: [
        { most: 3, within: minutes(10) },
        { most: 5, within: hours(1) },
        { most: 10, within: days(1) },
      ],
      failures: [{ most: 20, within: days(1) }],
    },
    ip: {
      sends: [
        { most: 20, within: hours(1) },
        { most: 100, within: days(1) },
      ],
      failures: [{ most: 50, within: hours(1) }],
    },
    network: {
      sends: [
        { most: 80, within: hours(1) },
        { most: 400, within: days(1) },
      ],
      failures: [{ most: 80, within: days(1) }],
    },
    quota: { sends: [{ most: 10_000, within: hours(1) }], failures: [] },
    browser: { sends: [{ most: 10, within: hours(1) }], failures: [] },
    strangers_codes: { sends: [], failures: [{ most: 20, within: days(1) }] },
    known_codes: { sends: [], failures: [{ most: 10, within: minutes(15) }] },
    item_codes: { sends: [], failures: [{ most: 100, within: ever }] },
    strangers_passwords: { sends: [], failures: [{ most: 10, within: hours(1) }] },
    known_passwords: { sends: [], failures: [{ most: 10, within: minutes(15) }] },
    sign_ins: { sends: [], failures: [{ most: 120, within: hours(1) }] },
    sign_up_codes: {
      sends: [],
      failures: [
        { most: 10, within: hours(1) },
        { most: 20, within: days(1) },
      ],
    },
  },
  changes: { perDay: 30 },
  phones: {
    countries: [],
    prefix: { digits: 7, sends: 50, leastUsedShare: 0.2, closedFor: days(1) },
    budget: { perMessage: 5, perDay: 5_000 },
  },
  retention: { verifications: days(30), inbox: days(1) },
}
