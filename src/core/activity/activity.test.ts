import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Activity, type ActivityKind, activityKinds, groupActivity, kindsUnder } from './activity.ts'

const activity: fc.Arbitrary<Activity> = fc.record({
  id: fc.uuid(),
  at: fc.nat(1_000_000),
  kind: fc.constantFrom<ActivityKind>('signed_in', 'sign_in_refused', 'password_changed', 'code_asked'),
  verificationId: fc.constant(undefined),
  detail: fc.record({
    ip: fc.constantFrom('192.0.2.1', '2001:db8::1'),
    seen: fc.constantFrom('mine', 'theirs', 'others'),
    cause: fc.constantFrom(undefined, 'sign_in_wrong' as const),
    count: fc.option(fc.integer({ min: 2, max: 50 }), { nil: undefined }),
  }),
})
const history = fc.array(activity, { maxLength: 30 })

const total = (activities: readonly Activity[]) =>
  activities.reduce((sum, one) => sum + (one.detail.count ?? 1), 0)

test('grouping leaves nothing out, doubles nothing, and keeps the order', () => {
  fc.assert(
    fc.property(history, (list) => {
      expect(groupActivity(list, 'mine').flatMap((group) => group.all)).toEqual(list)
    }),
  )
})

test('a group counts what storage had counted, and reaches from its first moment to its last', () => {
  fc.assert(
    fc.property(history, (list) => {
      for (const { all, count, firstAt, lastAt, newest } of groupActivity(list, 'mine')) {
        expect(count).toBe(total(all))
        expect(newest).toBe(all[0])
        expect([firstAt, lastAt]).toEqual([
          Math.min(...all.map((one) => one.at)),
          Math.max(...all.map((one) => one.at)),
        ])
      }
    }),
  )
})

test('neighbours are one line exactly where they say the same; a change always has its own', () => {
  fc.assert(
    fc.property(history, (list) => {
      const groups = groupActivity(list, 'mine')
      const words = ({ kind, detail }: Activity) =>
        JSON.stringify([kind, detail.ip, detail.cause, detail.seen === 'mine'])
      for (const { all } of groups) {
        expect(new Set(all.map(words)).size).toBe(1)
        if (all[0]?.kind === 'password_changed') expect(all).toHaveLength(1)
      }
      for (const [index, group] of groups.entries()) {
        const next = groups[index + 1]
        if (next === undefined || group.newest.kind === 'password_changed') continue
        expect(words(next.newest)).not.toBe(words(group.newest))
      }
    }),
  )
})

test('every kind is found under exactly one filter', () => {
  const found = (['sign_ins', 'codes', 'changes'] as const).flatMap((filter) => kindsUnder(filter))
  expect(found.sort()).toEqual([...activityKinds].sort())
  expect(kindsUnder(undefined)).toEqual(activityKinds)
})
