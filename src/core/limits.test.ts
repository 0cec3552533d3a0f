import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideHit, type LimitRules, logLength, shardQuota, type Window, waitUntil } from './limits.ts'
import { defaultPolicy } from './policy.ts'

const window = fc.record({ most: fc.integer({ min: 1, max: 6 }), within: fc.integer({ min: 1, max: 50 }) })
const windows = fc.array(window, { minLength: 1, maxLength: 4 })
/** Steps of a clock that mostly goes on, sometimes stands still, and at times is set back. */
const steps = fc.array(fc.oneof(fc.nat(30), fc.constant(0), fc.integer({ min: -60, max: -1 })), {
  minLength: 1,
  maxLength: 60,
})

/** Plays a history; gives the moments recorded for those hits that were let through. */
function play(rules: readonly Window[], history: readonly number[], asksBetween = 0): number[] {
  const passed: number[] = []
  let log: readonly number[] = []
  let now = 1000
  for (const step of history) {
    now += step
    for (let ask = 0; ask <= asksBetween; ask += 1) {
      const decision = decideHit(log, rules, now)
      if (!decision.allowed) continue
      log = decision.log
      passed.push(log[0]!)
    }
  }
  return passed
}

test('no window ever holds more than it may, wherever it begins and however the clock goes', () => {
  fc.assert(
    fc.property(windows, steps, fc.nat(3), (rules, history, asks) => {
      const passed = play(rules, history, asks)
      for (const { most, within } of rules) {
        for (const from of passed) {
          expect(passed.filter((at) => at >= from && at < from + within).length).toBeLessThanOrEqual(most)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('a refusal tells the very moment from which it would be let through', () => {
  fc.assert(
    fc.property(windows, steps, (rules, history) => {
      let log: readonly number[] = []
      let now = 1000
      for (const step of history) {
        now += step
        const decision = decideHit(log, rules, now)
        if (decision.allowed) log = decision.log
        else {
          expect(decision.retryAt).toBeGreaterThan(now)
          expect(decideHit(log, rules, decision.retryAt - 1).allowed).toBe(false)
          expect(decideHit(log, rules, decision.retryAt).allowed).toBe(true)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('the log is sorted, newest first, and no longer than the largest window needs', () => {
  fc.assert(
    fc.property(windows, steps, (rules, history) => {
      let log: number[] = []
      let now = 1000
      for (const step of history) {
        now += step
        const decision = decideHit(log, rules, now)
        if (decision.allowed) log = decision.log
        expect(log).toEqual(log.toSorted((a, b) => b - a))
        expect(log.length).toBeLessThanOrEqual(logLength(rules))
      }
    }),
  )
})

test('asking again while refused changes nothing', () => {
  fc.assert(
    fc.property(windows, steps, (rules, history) => {
      const patient = play(rules, history)
      const counted = new Set(patient)
      expect(play(rules, history, 0)).toEqual(patient)
      for (const at of counted) expect(waitUntil([], rules, at)).toBeUndefined()
    }),
  )
})

describe('the quota of an application, spread over rows', () => {
  const quota = fc.array(
    fc.record({
      most: fc.integer({ min: 1, max: 100_000_000 }),
      within: fc.integer({ min: 1000, max: 1e9 }),
    }),
    { maxLength: 4 },
  )
  const withQuota = (sends: Window[]): LimitRules => ({
    ...defaultPolicy.limits,
    quota: { sends, failures: [] },
  })

  test('adds up to no more than the whole in any window, and each row lets some through', () => {
    fc.assert(
      fc.property(quota, (sends) => {
        const { rules, quotaShards } = shardQuota(withQuota(sends))
        expect(quotaShards).toBeGreaterThanOrEqual(1)
        for (const [at, { most, within }] of rules.quota.sends.entries()) {
          expect(within).toBe(sends[at]!.within)
          expect(most).toBeGreaterThanOrEqual(1)
          expect(most * quotaShards).toBeLessThanOrEqual(sends[at]!.most)
          expect(most * quotaShards).toBeGreaterThan(sends[at]!.most * 0.9 - quotaShards)
        }
      }),
    )
  })

  test('below 64 it is one row, so it is exact', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 63 }), (most) => {
        const { rules, quotaShards } = shardQuota(withQuota([{ most, within: 1000 }]))
        expect({ quotaShards, most: rules.quota.sends[0]?.most }).toEqual({ quotaShards: 1, most })
      }),
    )
  })

  test('leaves every other limit as it is', () => {
    const { rules } = shardQuota(defaultPolicy.limits)
    for (const [kind, rule] of Object.entries(defaultPolicy.limits)) {
      if (kind !== 'quota') expect(rules[kind as keyof typeof rules], kind).toEqual(rule)
    }
    const derived = Object.keys(rules).filter((kind) => !(kind in defaultPolicy.limits))
    expect(derived.sort()).toEqual([
      'closing_told',
      'decoy_codes',
      'guessing_told',
      'network_sign_ins',
      'reference_tries',
      'reported_browser',
      'reported_ip',
      'strangers_email',
      'strangers_phone',
    ])
    expect(rules.reported_browser?.sends).toEqual([{ most: 5, within: 3_600_000 }])
    expect(rules.reported_ip?.sends.map(({ most }) => most)).toEqual([10, 50])
    expect(rules.strangers_email?.sends.map(({ most }) => most)).toEqual([4, 5, 10])
    expect(rules.strangers_email?.failures).toEqual(rules.email.failures)
    expect(rules.strangers_phone?.sends.map(({ most }) => most)).toEqual([3, 3, 5])
  })
})
