import fc from 'fast-check'
import { expect, test } from 'vitest'
import { days } from '../time.ts'
import { isLiving, sessionIdle, sessionLongest } from './session.ts'

const created = Date.UTC(2026, 5, 1)
const age = fc.integer({ min: 0, max: days(200) })

test('a session lives while it was used within fourteen days and is less than ninety days old', () => {
  fc.assert(
    fc.property(age, age, (seen, more) => {
      const lastSeenAt = created + seen
      const now = lastSeenAt + more
      const living = more < days(14) && seen + more < days(90)
      expect(isLiving({ createdAt: created, lastSeenAt, endedAt: undefined }, now)).toBe(living)
    }),
    { numRuns: 1000 },
  )
  expect([sessionIdle, sessionLongest]).toEqual([days(14), days(90)])
})

test('a session that was ended never lives again', () => {
  fc.assert(
    fc.property(age, age, age, (seen, ended, now) => {
      const session = { createdAt: created, lastSeenAt: created + seen, endedAt: created + ended }
      expect(isLiving(session, created + now)).toBe(false)
    }),
  )
})

test('once dead of age, a session stays dead', () => {
  fc.assert(
    fc.property(age, age, age, (seen, now, later) => {
      const session = { createdAt: created, lastSeenAt: created + seen, endedAt: undefined }
      if (!isLiving(session, created + now)) return
      if (!isLiving(session, created + now + later)) {
        expect(isLiving(session, created + now + later + 1)).toBe(false)
      }
    }),
  )
})
