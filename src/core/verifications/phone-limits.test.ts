import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decidePrefixSend, type PrefixCount, prefixOf } from './phone-limits.ts'

const policies = fc.record({
  digits: fc.constant(7),
  sends: fc.integer({ min: 1, max: 12 }),
  leastUsedShare: fc.double({ min: 0, max: 1, noNaN: true }),
  closedFor: fc.integer({ min: 1, max: 100 }),
})
const histories = fc.array(
  fc.record({ wait: fc.oneof(fc.constant(0), fc.nat(20), fc.nat(300)), used: fc.boolean() }),
  { maxLength: 80 },
)
const untouched: PrefixCount = { sends: 0, used: 0, filledAt: undefined }

test('a range that uses nothing sends no more than its count, then nothing for as long as it is closed', () => {
  fc.assert(
    fc.property(policies, fc.array(fc.nat(40), { maxLength: 200 }), (policy, waits) => {
      fc.pre(policy.leastUsedShare > 0)
      let count = untouched
      let now = 0
      const sent: number[] = []
      for (const wait of waits) {
        now += wait
        const decision = decidePrefixSend(count, policy, now)
        if (!decision.open) continue
        count = decision.next
        sent.push(now)
      }
      for (const [nth, at] of sent.entries()) {
        const before = sent[nth - 1]
        if (nth % policy.sends === 0 && before !== undefined) {
          expect(at - before).toBeGreaterThanOrEqual(policy.closedFor)
        }
      }
    }),
  )
})

test('a range closes only when it is full, too little was used, and its time has not passed', () => {
  fc.assert(
    fc.property(policies, histories, (policy, history) => {
      let count = untouched
      let now = 0
      for (const { wait, used } of history) {
        now += wait
        const decision = decidePrefixSend(count, policy, now)
        if (decision.open) count = decision.next
        else {
          expect(count.sends).toBe(policy.sends)
          expect(count.used / count.sends).toBeLessThan(policy.leastUsedShare)
          expect(decision.until).toBe(count.filledAt! + policy.closedFor)
          expect(decidePrefixSend(count, policy, decision.until - 1).open).toBe(false)
          expect(decidePrefixSend(count, policy, decision.until)).toMatchObject({
            open: true,
            next: { used: 0 },
          })
        }
        if (used && count.used < count.sends) count = { ...count, used: count.used + 1 }
        expect(count.sends).toBeLessThanOrEqual(policy.sends)
      }
    }),
  )
})

test('a range where every code is used never closes', () => {
  fc.assert(
    fc.property(policies, fc.nat(200), (policy, sends) => {
      let count = untouched
      for (let nth = 0; nth < sends; nth += 1) {
        const decision = decidePrefixSend(count, policy, nth)
        expect(decision.open).toBe(true)
        if (decision.open) count = { ...decision.next, used: decision.next.used + 1 }
      }
    }),
  )
})

test('codes used after it closed open a range again', () => {
  const policy = { digits: 7, sends: 50, leastUsedShare: 0.2, closedFor: 1000 }
  const full = { sends: 50, used: 9, filledAt: 0 }
  expect(decidePrefixSend(full, policy, 1)).toEqual({ open: false, until: 1000 })
  expect(decidePrefixSend({ ...full, used: 10 }, policy, 1)).toEqual({
    open: true,
    next: { sends: 1, used: 0, filledAt: undefined },
  })
})

test('the range of a number is its first seven digits', () => {
  expect(prefixOf('+447400123456', 7)).toBe('+4474001')
})
