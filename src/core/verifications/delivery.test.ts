import fc from 'fast-check'
import { expect, test } from 'vitest'
import { minutes, seconds } from '../time.ts'
import {
  decideAfterTry,
  decideNextTry,
  leaseTime,
  mostCopies,
  retryOffsets,
  sendMargin,
  tryLimit,
} from './delivery.ts'

const due = 1_000_000
const expiry = due + minutes(10)

test('a message that is deferred is tried again 5, 15, 45, 90, 180 and 310 seconds after it was due', () => {
  const at = retryOffsets.map((_, tries) => decideNextTry(tries + 1, due, expiry, due + 1))
  expect(at).toEqual([5, 15, 45, 90, 180, 310].map((offset) => ({ at: due + seconds(offset) })))
})

test('after the seventh try there is no other', () => {
  expect(decideNextTry(7, due, expiry, due + seconds(311))).toEqual({ never: 'no_try_left' })
})

test('a slow try does not push the later ones back, but none lies in the past', () => {
  expect(decideNextTry(1, due, expiry, due + seconds(12))).toEqual({ at: due + seconds(12) })
  expect(decideNextTry(2, due, expiry, due + seconds(12))).toEqual({ at: due + seconds(15) })
})

test('no try is made within five seconds of the end of the code', () => {
  const expiresAt = due + seconds(20)
  expect(decideNextTry(2, due, expiresAt, due + seconds(14.999))).toEqual({ never: 'deadline_passed' })
  expect(decideNextTry(2, due, expiresAt + 1, due)).toEqual({ at: due + seconds(15) })
})

const moments = fc.integer({ min: 0, max: 10_000_000 })

test('whatever the history, a try lies in the future and before the end of the code', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      moments,
      moments,
      moments,
      (tries, dueAt, expiresAt, now) => {
        const next = decideNextTry(tries, dueAt, expiresAt, now)
        if (!('at' in next)) return
        expect(next.at).toBeGreaterThanOrEqual(now)
        expect(next.at).toBeLessThan(expiresAt - sendMargin)
      },
    ),
  )
})

test('a failing message takes at most seven tries, however long each of them is', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 30, maxLength: 30 }),
      (lengths) => {
        let now = due
        let tries = 0
        for (const length of lengths) {
          tries += 1
          now += length
          const next = decideNextTry(tries, due, expiry, now)
          if ('never' in next) break
          now = next.at
        }
        expect(tries).toBeLessThanOrEqual(7)
      },
    ),
  )
})

test('a lease outlives the slowest try', () => {
  expect(leaseTime).toBeGreaterThan(tryLimit)
})

const history = { tries: 1, copies: 0, firstDueAt: due, expiresAt: expiry, isNotice: false }

test('a message whose end is unknown is tried once more, and then may have arrived', () => {
  const first = decideAfterTry('unknown', history, due)
  expect(first).toEqual({ kind: 'unknown', copies: 1, dueAt: due + seconds(5) })
  const second = decideAfterTry('unknown', { ...history, tries: 2, copies: first.copies }, due + seconds(5))
  expect(second).toEqual({ kind: 'unknown', copies: 2, state: 'unknown' })
})

test('what was handed over once without an answer is never called failed or withdrawn', () => {
  const once = { ...history, tries: 7, copies: 1 }
  expect(decideAfterTry('deferred', once, due + seconds(311))).toMatchObject({
    kind: 'gave_up',
    state: 'unknown',
  })
  expect(decideAfterTry('refused', once, due)).toMatchObject({ kind: 'refused', state: 'unknown' })
  expect(decideAfterTry('withdrawn', once, due)).toMatchObject({ kind: 'withdrawn', state: 'unknown' })
  expect(decideAfterTry('accepted', once, due)).toMatchObject({ kind: 'accepted', state: 'sent' })
})

test('whatever its tries come to, a message ends, and no more than two copies are out', () => {
  const outcome = fc.constantFrom('accepted', 'deferred', 'refused', 'unknown', 'withdrawn')
  fc.assert(
    fc.property(fc.array(outcome, { minLength: 30, maxLength: 30 }), fc.boolean(), (outcomes, isNotice) => {
      let now = due
      let copies = 0
      let unknown = 0
      const expiresAt = isNotice ? due + minutes(72 * 60) : expiry
      for (const [before, result] of outcomes.entries()) {
        if (result === 'unknown') unknown += 1
        const after = decideAfterTry(
          result,
          { ...history, tries: before + 1, copies, isNotice, expiresAt },
          now,
        )
        copies = after.copies
        expect(copies).toBe(unknown)
        if ('dueAt' in after) {
          now = after.dueAt
          continue
        }
        expect(copies).toBeLessThanOrEqual(mostCopies)
        expect(after.state === 'sent').toBe(result === 'accepted')
        if (after.state !== 'sent') expect(after.state === 'unknown').toBe(copies > 0)
        return
      }
      throw new Error('It never ended.')
    }),
  )
})
