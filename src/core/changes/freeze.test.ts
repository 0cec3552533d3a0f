import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Proof } from '../proving/proof.ts'
import type { ItemKind } from '../security-info/security-info.ts'
import { type Act, actRules, isSensitive } from '../sign-in/step-up.ts'
import { days, minutes } from '../time.ts'
import { type ChangeKind, type ChangeState, changeKinds, type StoredChange } from './change.ts'
import {
  decideFreeze,
  frozenChange,
  hasSay,
  isBlocked,
  isOlder,
  itemsBefore,
  openUntil,
  proofsMissing,
  sinceThen,
} from './freeze.ts'

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

test('what was removed as lost or stolen has no say in its removal and what follows; what is frozen has none', () => {
  fc.assert(
    fc.property(items, changes, (own, all) => {
      for (const change of all) {
        const lost = all.filter(({ detail, at, id }) => detail.lost && (at < change.at || id === change.id))
        const silent = new Set([
          ...lost.map(({ detail }) => detail.item?.id),
          ...own.flatMap(({ id, frozen }) => (frozen ? [id] : [])),
        ])
        for (const { id } of itemsBefore(change, own, all, created)) expect(silent.has(id)).toBe(false)
      }
    }),
    { numRuns: 1000 },
  )
})

test('what was removed as lost or stolen keeps its say in what was changed before', () => {
  const mailbox = { id: 'mailbox', kind: 'email' as const, addedAt: created, provenAt: created }
  const added: StoredChange = {
    id: 'added',
    kind: 'item_added',
    at: created + days(60),
    sessionId: undefined,
    state: 'standing',
    detail: { twoStep: false, item: { ...mailbox, id: 'thief' } },
  }
  const removal = { at: created + days(68), detail: { twoStep: false, item: mailbox, lost: true } }
  const removed: StoredChange = { ...added, ...removal, id: 'removed', kind: 'item_removed' }
  const later: StoredChange = { ...added, id: 'later', at: created + days(69) }
  const changes = [later, removed, added]
  const account = { items: [], changes, createdAt: created }
  expect(changes.filter((change) => hasSay('mailbox', change, account))).toEqual([added])
})

test('a change is frozen by an item with a say, once, within thirty days', () => {
  fc.assert(
    fc.property(change, fc.boolean(), now, (one, hasSay, at) => {
      const decision = decideFreeze(
        one,
        { id: 'a', isThere: false },
        hasSay ? [{ id: 'a' }] : [{ id: 'b' }],
        at,
      )
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

test('what is decided with a change came with it or after it, and with a frozen one nothing that came after the freeze', () => {
  fc.assert(
    fc.property(changes, (all) => {
      for (const first of all) {
        for (const one of sinceThen(all, first)) {
          expect(one.at).toBeGreaterThanOrEqual(first.at)
          expect(one.state).not.toBe('undone')
          if (first.state === 'frozen') expect(one.state).toBe('frozen')
          if (one.state === 'kept') expect(first.state).toBe('kept')
        }
      }
    }),
  )
})

test('a recovery code that was made or used since has no say: whoever did it holds the one that there is', () => {
  const code = { id: 'code', kind: 'recovery_code' as const, addedAt: created, provenAt: created }
  fc.assert(
    fc.property(changes, (all) => {
      for (const change of all) {
        const touches: ChangeKind[] = ['recovery_code_made', 'recovery_code_used', 'two_step_on']
        const isTouched = sinceThen(all, change).some((one) => touches.includes(one.kind))
        const hasSay = itemsBefore(change, [code], all, created).some(({ id }) => id === 'code')
        const isOld = isOlder(code, change, created)
        expect(hasSay).toBe(!isTouched && isOld)
      }
    }),
  )
})

test('an undo that is announced keeps its change open until it could be done, and a week longer', () => {
  fc.assert(
    fc.property(day, day, (at, asked) => {
      const change = { at: created + days(at), undoAskedAt: created + days(asked) }
      const until = Math.max(change.at + days(30), change.undoAskedAt + days(14))
      expect(openUntil(change)).toBe(until)
      expect(openUntil({ at: change.at })).toBe(change.at + days(30))
    }),
  )
})

test('an account that is held still can be looked at and decided, and nothing else that is sensitive', () => {
  const open = (Object.keys(actRules) as Act[]).filter((act) => isSensitive(act) && !isBlocked(act))
  expect(open.sort()).toEqual(['export_activity', 'freeze_change', 'undo_change'])
})
