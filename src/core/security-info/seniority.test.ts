import fc from 'fast-check'
import { expect, test } from 'vitest'
import { days, minutes } from '../time.ts'
import type { ChangeState, StoredChange } from './change.ts'
import { deciders, oldestProver } from './seniority.ts'

const created = Date.UTC(2026, 0, 1)
const itemAt = (id: string, day: number) => ({ id, kind: 'email' as const, addedAt: created + days(day) })
const mailbox = itemAt('mailbox', 0)
const thiefs = itemAt('thief’s', 60)

const changeAt = (day: number, more: Partial<StoredChange> = {}): StoredChange => ({
  id: `change ${day}`,
  kind: 'password_changed',
  at: created + days(day),
  sessionId: undefined,
  state: 'standing',
  detail: { twoStep: false },
  ...more,
})
const coming = (state: ChangeState = 'standing') =>
  changeAt(60, { kind: 'item_added', state, detail: { twoStep: false, item: { ...thiefs, provenAt: 0 } } })

const decide = (since: StoredChange[], changes: StoredChange[], day: number) =>
  deciders([mailbox, thiefs], since, { items: [mailbox, thiefs], changes }, created + days(day)).map(
    ({ id }) => id,
  )

test('an item that came by an open change decides nothing that an older one proved or froze', () => {
  const mended = changeAt(68, { seniorItemAt: mailbox.addedAt })
  expect(decide([mended], [mended, coming()], 69)).toEqual(['mailbox'])
  expect(decide([mended], [mended, coming('kept')], 69)).toEqual(['mailbox'])
  expect(decide([mended], [mended, coming()], 89)).toEqual(['mailbox'])
  expect(decide([mended], [mended, coming()], 90)).toEqual(['mailbox', 'thief’s'])
  const frozen = changeAt(68, { seniorItemAt: mailbox.addedAt })
  expect(decide([frozen], [frozen, coming()], 69)).toEqual(['mailbox'])
})

test('it decides what it proved itself, and what nothing proved, as long as nothing older came after', () => {
  const own = changeAt(68, { seniorItemAt: thiefs.addedAt })
  const mended = changeAt(69, { seniorItemAt: mailbox.addedAt })
  expect(decide([own], [own, coming()], 70)).toEqual(['mailbox', 'thief’s'])
  expect(decide([changeAt(68)], [changeAt(68), coming()], 70)).toEqual(['mailbox', 'thief’s'])
  expect(decide([mended, own], [mended, own, coming()], 70)).toEqual(['mailbox'])
})

test('an item whose coming is settled, or that was there from the first, decides like any other', () => {
  const mended = changeAt(68, { seniorItemAt: mailbox.addedAt })
  expect(decide([mended], [mended], 69)).toEqual(['mailbox', 'thief’s'])
})

test('of several fresh proofs the oldest item stands behind a change', () => {
  const item = fc
    .record({ nth: fc.nat(4), day: fc.nat(90), ago: fc.nat(minutes(20)) })
    .map(({ nth, day, ago }) => ({ ...itemAt(`item ${nth}`, day), ago }))
  const now = created + days(100)
  fc.assert(
    fc.property(fc.uniqueArray(item, { selector: ({ id }) => id }), (all) => {
      const proofs = all.map(({ id, ago }) => ({ kind: 'email_code' as const, at: now - ago, itemId: id }))
      const fresh = all.filter(({ ago }) => ago < minutes(10)).map(({ addedAt }) => addedAt)
      const password = { kind: 'password' as const, at: now }
      expect(oldestProver([password, ...proofs], all, now)).toBe(
        fresh.length === 0 ? undefined : Math.min(...fresh),
      )
    }),
  )
})
