import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type JudgedItem, judgeSafety, safetyPoints } from './safety.ts'
import type { ItemKind } from './security-info.ts'

const kind = fc.constantFrom<ItemKind>('email', 'phone', 'totp', 'passkey', 'recovery_code')
const item = fc.record({ kind, proved: fc.boolean(), circular: fc.boolean() })
const items = fc.array(item, { maxLength: 6 })
const order = { weak: 0, fair: 1, good: 2 }

test('an account that would be locked out by losing one thing is weak, and no other is', () => {
  fc.assert(
    fc.property(items, fc.boolean(), (all, twoStep) => {
      const ways = all.filter((one) => one.proved)
      const lockedOut = ways.length < 2 || ways.filter((one) => !one.circular).length < 2
      expect(judgeSafety(all, twoStep).level === 'weak').toBe(lockedOut)
    }),
  )
})

test('adding a proved item of its own never makes an account less safe', () => {
  fc.assert(
    fc.property(items, kind, fc.boolean(), (all, added, twoStep) => {
      const more: JudgedItem[] = [...all, { kind: added, proved: true }]
      expect(order[judgeSafety(more, twoStep).level]).toBeGreaterThanOrEqual(
        order[judgeSafety(all, twoStep).level],
      )
    }),
  )
})

test('what was never proved, and the order of items, make no difference', () => {
  fc.assert(
    fc.property(items, fc.boolean(), (all, twoStep) => {
      const shown = judgeSafety(all, twoStep)
      expect(judgeSafety([...all].reverse(), twoStep)).toEqual(shown)
      expect(judgeSafety([...all, { kind: 'passkey', proved: false }], twoStep)).toEqual(shown)
    }),
  )
})

test('an account is called well protected where nothing is left to do, and only there', () => {
  fc.assert(
    fc.property(items, fc.boolean(), (all, twoStep) => {
      const { level, weaknesses } = judgeSafety(all, twoStep)
      expect(level === 'good').toBe(weaknesses.length === 0)
    }),
  )
})

test('a mailbox and an app, with two-step verification on, leave nothing to say', () => {
  const all: JudgedItem[] = [
    { kind: 'email', proved: true },
    { kind: 'totp', proved: true },
  ]
  expect(judgeSafety(all, true)).toEqual({ level: 'good', weaknesses: [] })
  expect(judgeSafety(all, false)).toEqual({ level: 'fair', weaknesses: ['no_two_step'] })
})

test('the checkup leads to what is most urgent first, and ends where nothing is left to say', () => {
  fc.assert(
    fc.property(items, fc.boolean(), (all, twoStep) => {
      const [urgent] = judgeSafety(all, twoStep).weaknesses
      const next = safetyPoints(all, twoStep).find(({ done }) => !done)
      expect(next?.weakness).toBe(urgent)
    }),
  )
})

test('whatever is told as a weakness is a step of the checkup that is still to be done', () => {
  fc.assert(
    fc.property(items, fc.boolean(), (all, twoStep) => {
      const open = safetyPoints(all, twoStep).flatMap(({ weakness, done }) => (done ? [] : [weakness]))
      expect(open).toEqual(expect.arrayContaining(judgeSafety(all, twoStep).weaknesses))
    }),
  )
})
