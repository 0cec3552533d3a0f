import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Proof } from '../people/session.ts'
import { days } from '../time.ts'
import type { StoredChange } from './change.ts'
import { proofsMissing } from './freeze.ts'
import type { ItemKind } from './security-info.ts'
import { undoWait } from './undo.ts'
import { byWhatItGives, undoGives } from './undo-gives.ts'

const created = Date.UTC(2026, 0, 1)
const now = created + days(60)
const kind = fc.constantFrom<ItemKind>('email', 'phone', 'totp', 'passkey', 'recovery_code')
const before = fc
  .array(kind, { minLength: 1, maxLength: 5 })
  .map((kinds) => kinds.map((kind, nth) => ({ id: `item ${nth}`, kind, addedAt: created })))
const change = fc
  .record({ turnedOn: fc.boolean(), twoStep: fc.boolean(), asked: fc.option(fc.nat(10), { nil: undefined }) })
  .map(
    ({ turnedOn, twoStep, asked }): StoredChange => ({
      id: 'change',
      kind: turnedOn ? 'two_step_on' : 'item_added',
      at: now - days(20),
      sessionId: undefined,
      state: 'standing',
      detail: { twoStep: turnedOn ? false : twoStep },
      undoAskedAt: asked === undefined ? undefined : now - days(asked),
    }),
  )

test('what a choice is said to give is what it gives once it was made', () => {
  fc.assert(
    fc.property(before, change, fc.nat(5), (items, one, nth) => {
      const decision = { change: one, since: [one], before: items }
      const item = items[nth % items.length]!
      const { gives } = undoGives(item, decision, [], now)
      const proofs: Proof[] = [{ kind: 'passkey', at: now, itemId: item.id }]
      const isEnough = proofsMissing(one, proofs, items, now) === 0
      const wait = undoWait(one, [one], proofs, items, now)
      expect(isEnough && wait === undefined).toBe(gives === 'at_once')
      expect(isEnough && wait?.state === 'to_be_asked').toBe(gives === 'in_seven_days')
      expect(isEnough && wait?.state === 'announced').toBe(gives === 'later')
      const all = items.map(({ id }): Proof => ({ kind: 'passkey', at: now, itemId: id }))
      if (gives === 'with_another') expect(proofsMissing(one, all, items, now)).toBe(0)
      if (gives === 'too_little') expect(proofsMissing(one, all, items, now)).toBeGreaterThan(0)
    }),
    { numRuns: 1000 },
  )
})

test('what undoes it at once comes first, and nothing else changes places', () => {
  const choice = (id: number, gives: 'at_once' | 'in_seven_days' | 'with_another') => ({
    id,
    gives: { gives },
  })
  const all = [
    choice(1, 'in_seven_days'),
    choice(2, 'at_once'),
    choice(3, 'in_seven_days'),
    choice(4, 'at_once'),
  ]
  expect(byWhatItGives(all).map(({ id }) => id)).toEqual([2, 4, 1, 3])
})
