import fc from 'fast-check'
import { expect, test } from 'vitest'
import { minutes, seconds } from '../time.ts'
import { decideNextTry, leaseTime, retryOffsets, sendMargin } from './delivery.ts'

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
  expect(leaseTime).toBeGreaterThan(seconds(20))
})
