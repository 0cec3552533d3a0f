import { expect, test } from 'vitest'
import { days, minutes } from '../time.ts'
import type { StoredChange } from './change.ts'
import { sparable } from './sparing.ts'

const created = Date.UTC(2026, 0, 1)
const now = created + days(70)
const itemAt = (id: string, day: number) => ({
  id,
  kind: 'email' as const,
  addedAt: created + days(day),
  provenAt: now,
})
const added = (id: string, day: number, proverAddedAt?: number): StoredChange => ({
  id: `adds ${id}`,
  kind: 'item_added',
  at: created + days(day),
  sessionId: undefined,
  state: 'standing',
  detail: { twoStep: false, item: itemAt(id, day), proverAddedAt },
})
const change = added('bad', 60, created)
const by = { proofs: [], accountCreatedAt: created }
const spared = (later: StoredChange, proofs: typeof by.proofs | { at: number; itemId: string }[] = []) =>
  sparable(
    { change, since: [later, change] },
    [itemAt('bad', 60), itemAt('good', 61)],
    { ...by, proofs: proofs.map((proof) => ({ kind: 'email_code' as const, ...proof })) },
    now,
  ).map(({ id }) => id)

test('what came after a change is spared where an item from before had proved it', () => {
  expect(spared(added('good', 61, created))).toEqual(['adds good'])
  expect(spared(added('good', 61, created + days(54)))).toEqual([])
  expect(spared(added('good', 61, created + days(60)))).toEqual([])
  expect(spared(added('good', 61))).toEqual([])
})

test('that an item froze it later vouches for nothing', () => {
  expect(spared({ ...added('good', 61), seniorItemAt: created })).toEqual([])
})

test('or where whoever undoes the change has freshly proved it as well', () => {
  const good = added('good', 61)
  expect(spared(good, [{ at: now - minutes(9), itemId: 'good' }])).toEqual(['adds good'])
  expect(spared(good, [{ at: now - minutes(10), itemId: 'good' }])).toEqual([])
})

test('neither the change itself is, nor what is there no more, nor what adds nothing', () => {
  expect(spared(added('gone', 61, created))).toEqual([])
  expect(spared({ ...added('good', 61, created), kind: 'password_changed' })).toEqual([])
})
