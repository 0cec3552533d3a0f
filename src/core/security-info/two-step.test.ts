import fc from 'fast-check'
import { expect, test } from 'vitest'
import { days } from '../time.ts'
import { type Item, type ItemKind, isContact } from './security-info.ts'
import { isTrusted, supportsTwoStep } from './two-step.ts'

const item = fc
  .record({
    kind: fc.constantFrom<ItemKind>('email', 'phone', 'totp', 'passkey', 'recovery_code'),
    provenAt: fc.option(
      fc.oneof(fc.integer({ min: days(880), max: days(1000) }), fc.constantFrom(days(910), days(910) + 1)),
      { nil: undefined },
    ),
    frozen: fc.boolean(),
  })
  .map((some) => ({ id: 'x', addedAt: 0, lastUsedAt: undefined, address: 'a', name: 'a', ...some }) as Item)
const items = fc.array(item, { maxLength: 5 })

const now = days(1000)

test('two-step verification takes two proved kinds and a proved contact; a recovery code is none, nor is what is frozen, nor a number that was not proved for 90 days', () => {
  fc.assert(
    fc.property(items, (some) => {
      const proved = some.filter(
        ({ provenAt, kind, frozen }) =>
          provenAt !== undefined &&
          kind !== 'recovery_code' &&
          !frozen &&
          !(kind === 'phone' && now - provenAt >= days(90)),
      )
      const wanted = new Set(proved.map(({ kind }) => kind)).size >= 2 && proved.some(isContact)
      expect(supportsTwoStep(some, now)).toBe(wanted)
    }),
    { numRuns: 1000 },
  )
})

test('trust lasts 60 days from its last use, to the millisecond, however long ago it began', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 0, max: days(90) }), (trustedAt, later, idle) => {
      const usedAt = trustedAt + later
      expect(isTrusted({ trustedAt, usedAt }, usedAt + idle)).toBe(idle < days(60))
    }),
  )
  expect(isTrusted(undefined, 0)).toBe(false)
})
