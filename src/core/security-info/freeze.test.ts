import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Proof } from '../people/session.ts'
import { days, minutes } from '../time.ts'
import { type ChangeKind, type ChangeState, changeKinds, type StoredChange } from './change.ts'
import {
  decideFreeze,
  frozenChange,
  isBlocked,
  itemsBefore,
  proofsMissing,
  undoWaitsUntil,
} from './freeze.ts'
import type { ItemKind } from './security-info.ts'
import { type Act, actRules, isSensitive } from './step-up.ts'

const created = Date.UTC(2026, 0, 1)
const day = fc.integer({ min: 0, max: 120 })
const kind = fc.constantFrom<ItemKind>('email', 'phone', 'totp', 'passkey')
const item = fc
  .record({ nth: fc.nat(5), kind, added: day, frozen: fc.boolean() })
  .map(({ nth, kind, added, frozen }) => ({
    id: `item ${nth}`,
    kind,
    addedAt: created + days(added),
    provenAt: created + days(added),
    frozen,
  }))
const items = fc.uniqueArray(item, { selector: ({ id }) => id, maxLength: 5 })
const state = fc.constantFrom<ChangeState>('standing', 'frozen', 'undone', 'kept')
const change = fc
  .record({
    nth: fc.nat(999),
    kind: fc.constantFrom<ChangeKind>(...changeKinds),
    at: day,
    state,
    twoStep: fc.boolean(),
    lost: fc.boolean(),
    gone: item,
  })
  .map(
    ({ nth, kind, at, state, twoStep, lost, gone }): StoredChange => ({
      id: `change ${nth}`,
      kind,
      at: created + days(at),
      sessionId: undefined,
      state,
      detail: { twoStep, ...(kind === 'item_removed' && { item: { ...gone, id: `gone ${nth}` }, lost }) },
    }),
  )
const changes = fc.uniqueArray(change, { selector: ({ id }) => id, minLength: 1, maxLength: 5 })
const now = fc.integer({ min: 0, max: 200 }).map((later) => created + days(later))

test('what was added by a change, with it or after it never has a say in it; nor has anything in its first week then', () => {
  fc.assert(
    fc.property(items, changes, (own, all) => {
      for (const change of all) {
        for (const { addedAt } of itemsBefore(change, own, all, created)) {
          expect(addedAt).toBeLessThan(change.at)
          if (change.at >= created + days(7)) expect(change.at - addedAt).toBeGreaterThanOrEqual(days(7))
        }
      }
    }),
    { numRuns: 1000 },
  )
})

test('what was removed as lost or stolen, or is frozen, never has a say', () => {
  fc.assert(
    fc.property(items, changes, (own, all) => {
      const silent = new Set([
        ...all.flatMap(({ detail }) => (detail.lost && detail.item ? [detail.item.id] : [])),
        ...own.flatMap(({ id, frozen }) => (frozen ? [id] : [])),
      ])
      for (const change of all) {
        for (const { id } of itemsBefore(change, own, all, created)) expect(silent.has(id)).toBe(false)
      }
    }),
    { numRuns: 1000 },
  )
})

test('a change is frozen by an item with a say, once, within thirty days', () => {
  fc.assert(
    fc.property(change, fc.boolean(), now, (one, hasSay, at) => {
      const decision = decideFreeze(one, { id: 'a' }, hasSay ? [{ id: 'a' }] : [{ id: 'b' }], at)
      const may = hasSay && one.state === 'standing' && at < one.at + days(30)
      expect(decision === 'freeze').toBe(may)
    }),
  )
})

test('an account is held still by the first of its frozen changes, for thirty days at most', () => {
  fc.assert(
    fc.property(changes, now, (all, at) => {
      const held = frozenChange(all, at)
      const open = all.filter((one) => one.state === 'frozen' && at < one.at + days(30))
      expect(held === undefined).toBe(open.length === 0)
      if (held !== undefined) expect(open.every((one) => one.at >= held.at)).toBe(true)
    }),
  )
})

test('deciding takes one fresh proof from before, or with two-step verification then two of different kinds', () => {
  const proof = fc.record({ itemId: fc.nat(5).map((nth) => `item ${nth}`), ago: fc.nat(minutes(20)) })
  fc.assert(
    fc.property(change, items, fc.array(proof, { maxLength: 5 }), now, (one, before, proved, at) => {
      const proofs: Proof[] = proved.map(({ itemId, ago }) => ({ kind: 'email_code', at: at - ago, itemId }))
      const fresh = proved.filter(({ ago }) => ago < minutes(10)).map(({ itemId }) => itemId)
      const kinds = new Set(before.filter(({ id }) => fresh.includes(id)).map(({ kind }) => kind))
      const enough = kinds.size >= (one.detail.twoStep ? 2 : 1)
      expect(proofsMissing(one, proofs, before, at) === 0).toBe(enough)
    }),
    { numRuns: 1000 },
  )
})

test('for seven days after two-step verification was turned on, contacts alone undo it and what came before it not', () => {
  const proof = fc.record({ itemId: fc.nat(5).map((nth) => `item ${nth}`), ago: fc.nat(minutes(20)) })
  fc.assert(
    fc.property(changes, items, fc.array(proof, { maxLength: 5 }), now, (since, before, proved, at) => {
      const proofs: Proof[] = proved.map(({ itemId, ago }) => ({ kind: 'email_code', at: at - ago, itemId }))
      const fresh = proved.filter(({ ago }) => ago < minutes(10)).map(({ itemId }) => itemId)
      const isStrong = before.some(
        ({ id, kind }) => fresh.includes(id) && kind !== 'email' && kind !== 'phone',
      )
      const isYoung = since.some((one) => one.kind === 'two_step_on' && at < one.at + days(7))
      expect(undoWaitsUntil(since, proofs, before, at) !== undefined).toBe(isYoung && !isStrong)
    }),
    { numRuns: 1000 },
  )
})

test('an account that is held still can be looked at and decided, and nothing else that is sensitive', () => {
  const open = (Object.keys(actRules) as Act[]).filter((act) => isSensitive(act) && !isBlocked(act))
  expect(open.sort()).toEqual(['export_activity', 'freeze_change', 'undo_change'])
})
