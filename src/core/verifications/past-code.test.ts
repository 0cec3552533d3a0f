import fc from 'fast-check'
import { expect, test } from 'vitest'
import { minutes } from '../time.ts'
import { type PastCode, refusalOfPastCode } from './past-code.ts'

const now = Date.UTC(2026, 5, 1, 9)
const awaited = { flowId: 'here', sentAt: now - minutes(1), attemptsLeft: 3 }
const pastCodes = fc.record<PastCode>({
  flowId: fc.constantFrom('here', 'elsewhere'),
  state: fc.constantFrom('pending', 'approved', 'exhausted', 'cancelled'),
  endedAt: fc.constant(now - minutes(2)),
  expiresAt: fc.integer({ min: -20, max: 20 }).map((by) => now + minutes(by)),
})

test('a code that was accepted is told as used, wherever it is typed', () => {
  fc.assert(
    fc.property(pastCodes, fc.constantFrom(awaited, undefined), (past, where) => {
      const told = refusalOfPastCode({ ...past, state: 'approved' }, where, now)
      expect(told).toEqual({ code: 'code_used', usedAt: now - minutes(2) })
    }),
  )
})

test('any other code of the flow that waits for a newer one is told as replaced, with when that was sent', () => {
  fc.assert(
    fc.property(pastCodes, (past) => {
      fc.pre(past.state !== 'approved')
      const told = refusalOfPastCode({ ...past, flowId: 'here' }, awaited, now)
      expect(told).toEqual({ code: 'code_replaced', replacedAt: now - minutes(1), attemptsLeft: 3 })
    }),
  )
})

test('of another window nothing is told but that a code was used or has expired', () => {
  fc.assert(
    fc.property(pastCodes, (past) => {
      const told = refusalOfPastCode({ ...past, flowId: 'elsewhere' }, awaited, now)
      if (past.state === 'approved') expect(told?.code).toBe('code_used')
      else if (past.state === 'pending' && past.expiresAt <= now) expect(told?.code).toBe('code_expired')
      else expect(told).toBeUndefined()
    }),
  )
})
