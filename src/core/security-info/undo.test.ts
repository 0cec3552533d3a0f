import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Proof } from '../people/session.ts'
import { days, type Instant, minutes } from '../time.ts'
import type { ChangedItem, ChangeKind, StoredChange } from './change.ts'
import { isOpen, itemsBefore, proofsMissing, sinceThen } from './freeze.ts'
import { decideLoss } from './loss.ts'
import { missingAfter } from './removal.ts'
import type { ItemKind } from './security-info.ts'
import { type Act, needsStepUp } from './step-up.ts'
import { isLongKnown, planUndo, undoWait } from './undo.ts'

const began = Date.UTC(2026, 5, 1)

/** An account as the rules of core alone make it: what is there, what was changed, and what somebody has just proved. */
type Life = {
  items: (ChangedItem & { frozen: boolean })[]
  changes: StoredChange[]
  proofs: Proof[]
  twoStep: boolean
  now: Instant
  made: number
}

type Move =
  | { move: 'wait'; time: number }
  | { move: 'add'; kind: ItemKind }
  | { move: 'prove'; nth: number }
  | { move: 'prove_all' }
  | { move: 'remove'; nth: number; lost: boolean }
  | { move: 'two_step'; on: boolean }
  | { move: 'freeze' | 'undo' | 'keep' | 'ask'; nth: number }

const kind = fc.constantFrom<ItemKind>('email', 'phone', 'totp', 'passkey')
const nth = fc.nat(8)
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    move: fc.constant('wait' as const),
    time: fc.oneof(
      fc.integer({ min: 1, max: days(12) }),
      fc.constantFrom(1000, minutes(9), days(7), days(8)),
    ),
  }),
  fc.record({ move: fc.constant('add' as const), kind }),
  fc.record({ move: fc.constant('prove' as const), nth }),
  fc.record({ move: fc.constant('prove_all' as const) }),
  fc.record({ move: fc.constant('prove_all' as const) }),
  fc.record({ move: fc.constant('remove' as const), nth, lost: fc.boolean() }),
  fc.record({ move: fc.constant('two_step' as const), on: fc.boolean() }),
  fc.record({ move: fc.constantFrom('freeze' as const, 'undo', 'keep', 'ask'), nth }),
)
/** One contact taking the place of another, given up as lost, and that undone: chance alone seldom comes to it. */
const replacing = fc
  .tuple(nth, nth, nth)
  .map(([gone, alsoGone, undone]): Move[] => [
    { move: 'prove_all' },
    { move: 'add', kind: 'email' },
    { move: 'wait', time: days(8) },
    { move: 'prove_all' },
    { move: 'remove', nth: gone, lost: true },
    { move: 'remove', nth: alsoGone, lost: true },
    { move: 'prove_all' },
    { move: 'undo', nth: undone },
  ])
const moves = fc
  .array(fc.oneof({ arbitrary: move.map((one) => [one]), weight: 10 }, { arbitrary: replacing, weight: 1 }), {
    maxLength: 60,
  })
  .map((all) => all.flat())

const first: ChangedItem & { frozen: boolean } = {
  id: 'item 0',
  kind: 'email',
  addedAt: began,
  provenAt: began,
  frozen: false,
}
const atFirst: Life = { items: [first], changes: [], proofs: [], twoStep: false, now: began, made: 1 }
/** An account past its first week, with whatever else it was given in its first days. */
const start = fc.array(kind, { maxLength: 3 }).map(
  (kinds): Life => ({
    ...atFirst,
    items: [first, ...kinds.map((kind, nth) => ({ ...first, id: `item ${nth + 1}`, kind }))],
    now: began + days(30),
    made: kinds.length + 1,
  }),
)

const may = (life: Life, act: Act) =>
  needsStepUp(act, life.proofs, life.items, began, life.now) === undefined && !isHeld(life)
const isHeld = ({ changes, now }: Life) => changes.some((one) => one.state === 'frozen' && isOpen(one, now))

function noted(life: Life, kind: ChangeKind, detail: Partial<StoredChange['detail']> = {}): StoredChange[] {
  const { twoStep, changes, now } = life
  const change: StoredChange = {
    id: `change ${changes.length}`,
    kind,
    at: now,
    sessionId: undefined,
    state: 'standing',
    detail: { twoStep, ...detail },
  }
  return [change, ...changes]
}

const settled = (life: Life, which: readonly StoredChange[], state: StoredChange['state']): StoredChange[] =>
  life.changes.map((one) => (which.some(({ id }) => id === one.id) ? { ...one, state } : one))

/** Time goes on between any two moves, as the database's clock does. */
function take(before: Life, one: Move): Life {
  const life = { ...before, now: before.now + 1 }
  const { items, changes, proofs, now } = life
  const item = 'nth' in one ? items[one.nth % items.length] : undefined
  const change = 'nth' in one && changes.length > 0 ? changes[one.nth % changes.length] : undefined
  switch (one.move) {
    case 'wait':
      return { ...life, now: now + one.time }
    case 'add': {
      if (!may(life, 'add_item')) return life
      const added = { id: `item ${life.made}`, kind: one.kind, addedAt: now, provenAt: now, frozen: false }
      return {
        ...life,
        made: life.made + 1,
        items: [...items, added],
        changes: noted(life, 'item_added', { item: added }),
      }
    }
    case 'prove': {
      if (item === undefined || item.frozen) return life
      const proof: Proof = { kind: item.kind === 'totp' ? 'totp' : 'email_code', at: now, itemId: item.id }
      return {
        ...life,
        items: items.map((other) => (other === item ? { ...other, provenAt: now } : other)),
        proofs: [...proofs.filter(({ itemId }) => itemId !== item.id), proof],
      }
    }
    case 'prove_all': {
      const proving = items.filter(({ frozen }) => !frozen)
      return {
        ...life,
        items: items.map((other) => (other.frozen ? other : { ...other, provenAt: now })),
        proofs: proving.map(({ id, kind }) => ({
          kind: kind === 'totp' ? 'totp' : 'email_code',
          at: now,
          itemId: id,
        })),
      }
    }
    case 'remove': {
      if (item === undefined || !may(life, 'remove_item')) return life
      const rules = { createdAt: began, twoStep: life.twoStep }
      if (missingAfter(items, item.id, rules, now) !== undefined) return life
      const fresh = proofs.filter(({ at }) => now < at + minutes(10)).map(({ itemId }) => itemId)
      const lost = one.lost && decideLoss(item.id, { ...rules, items, changes }, fresh, now) === 'lost'
      return {
        ...life,
        items: items.filter((other) => other !== item),
        changes: noted(life, 'item_removed', { item, lost }),
      }
    }
    case 'two_step': {
      const kinds = new Set(items.map((other) => other.kind))
      if (!may(life, one.on ? 'two_step_on' : 'two_step_off') || one.on === life.twoStep) return life
      if (one.on && kinds.size < 2) return life
      return { ...life, twoStep: one.on, changes: noted(life, one.on ? 'two_step_on' : 'two_step_off') }
    }
    case 'freeze': {
      if (change?.state !== 'standing' || !isOpen(change, now)) return life
      if (itemsBefore(change, items, changes, began).length === 0) return life
      const since = sinceThen(changes, change)
      const back = since.flatMap(({ kind, detail }) =>
        kind === 'item_removed' && detail.lost !== true && detail.item !== undefined ? [detail.item] : [],
      )
      const missing = back.filter(({ id }) => !items.some((other) => other.id === id))
      return {
        ...life,
        items: [
          ...items.map((other) => (other.addedAt >= change.at ? { ...other, frozen: true } : other)),
          ...missing.map((other) => ({ ...other, frozen: other.addedAt >= change.at })),
        ],
        changes: settled(life, since, 'frozen'),
      }
    }
    case 'ask':
    case 'undo':
    case 'keep': {
      if (change === undefined || !isOpen(change, now)) return life
      if (change.state !== 'standing' && change.state !== 'frozen') return life
      const before = itemsBefore(change, items, changes, began).filter(({ id }) =>
        items.some((other) => other.id === id),
      )
      if (proofsMissing(change, proofs, before, now) > 0) return life
      const since = sinceThen(changes, change)
      const thawed = items.map((other) => ({ ...other, frozen: false }))
      if (one.move === 'keep') {
        if (change.state !== 'frozen') return life
        const gone = since.flatMap(({ kind, detail }) => (kind === 'item_removed' ? [detail.item?.id] : []))
        const kept = settled(life, since, 'kept')
        const rest = items.filter(({ id }) => !gone.includes(id))
        return isHeld({ ...life, changes: kept })
          ? { ...life, items: rest, changes: kept }
          : { ...life, items: thawed.filter(({ id }) => !gone.includes(id)), changes: kept }
      }
      const wait = undoWait(change, since, proofs, before, now)
      if (one.move === 'ask') {
        if (wait?.state !== 'to_be_asked') return life
        return {
          ...life,
          changes: changes.map((other) => (other === change ? { ...other, undoAskedAt: now } : other)),
        }
      }
      const plan = planUndo(items, since)
      if (wait !== undefined || plan === undefined) return life
      return {
        ...life,
        items: [
          ...thawed.filter(({ id }) => !plan.removes.includes(id)),
          ...plan.putsBack.map((other) => ({ ...other, frozen: false })),
        ],
        twoStep: plan.twoStep === undefined ? life.twoStep : plan.twoStep === 'on',
        changes: settled(life, since, 'undone'),
      }
    }
  }
}

const isContact = (item: { kind: ItemKind }) => item.kind === 'email' || item.kind === 'phone'

test('no sequence of changes, freezes, undos and confirmations leaves an account with nothing proved that a code can be sent to', () => {
  fc.assert(
    fc.property(start, moves, (first, all) => {
      let life = first
      for (const one of all) {
        life = take(life, one)
        expect(life.items.some((item) => isContact(item) && item.provenAt !== undefined)).toBe(true)
        expect(new Set(life.items.map(({ id }) => id)).size).toBe(life.items.length)
      }
    }),
    { numRuns: 6000 },
  )
})

test('undoing everything since a moment leaves what there was then, but for what was given up as lost', () => {
  fc.assert(
    fc.property(start, moves, moves, (first, earlier, later) => {
      const before = take(earlier.reduce(take, first), { move: 'wait', time: 1000 })
      if (isHeld(before)) return
      const onlyChanges = later.filter(({ move }) =>
        ['add', 'remove', 'two_step', 'prove', 'prove_all', 'wait'].includes(move),
      )
      const after = onlyChanges.reduce(take, before)
      const since = after.changes.filter(({ id }) => !before.changes.some((one) => one.id === id))
      if (since.length === 0) return
      const plan = planUndo(after.items, since)
      expect(plan).toBeDefined()
      const ids = new Set(after.items.map(({ id }) => id))
      for (const id of plan?.removes ?? []) ids.delete(id)
      for (const { id } of plan?.putsBack ?? []) ids.add(id)
      const lost = new Set(since.flatMap(({ detail }) => (detail.lost ? [detail.item?.id] : [])))
      const wanted = new Set(before.items.map(({ id }) => id))
      for (const id of ids) expect(wanted.has(id)).toBe(true)
      for (const id of wanted) expect(ids.has(id) || lost.has(id)).toBe(true)
      const changedTwoStep = since.some((one) => one.kind === 'two_step_on' || one.kind === 'two_step_off')
      expect(plan?.twoStep !== undefined).toBe(changedTwoStep)
      if (changedTwoStep) expect(plan?.twoStep === 'on').toBe(before.twoStep)
    }),
    { numRuns: 3000 },
  )
})

const dated = fc
  .record({ nth: fc.nat(4), kind })
  .map(({ nth, kind }) => ({ id: `item ${nth}`, kind, addedAt: began, provenAt: began }))
const before = fc.uniqueArray(dated, { selector: ({ id }) => id, maxLength: 4 })
const proof = fc
  .record({ itemId: fc.nat(4).map((nth) => `item ${nth}`), ago: fc.nat(minutes(20)) })
  .map(({ itemId, ago }): Proof => ({ kind: 'email_code', at: began - ago, itemId }))
const proofs = fc.array(proof, { maxLength: 4 })

test('contacts alone undo two-step verification once that was announced for seven days; anything else does at once', () => {
  const asked = fc.option(fc.integer({ min: 0, max: days(20) }), { nil: undefined })
  fc.assert(
    fc.property(before, proofs, fc.boolean(), asked, (own, proved, turnedOn, ago) => {
      const kinds: ChangeKind[] = turnedOn ? ['two_step_on'] : ['item_added']
      const since = kinds.flatMap((one) => noted({ ...atFirst, now: began - days(1) }, one))
      const undoAskedAt = ago === undefined ? undefined : began - ago
      const fresh = proved.filter(({ at }) => began - at < minutes(10)).map(({ itemId }) => itemId)
      const isStrong = own.some((item) => fresh.includes(item.id) && !isContact(item))
      const wait = undoWait({ undoAskedAt }, since, proved, own, began)
      if (!turnedOn || isStrong || (ago !== undefined && ago >= days(7))) expect(wait).toBeUndefined()
      else if (ago === undefined) expect(wait).toEqual({ state: 'to_be_asked' })
      else expect(wait).toEqual({ state: 'announced', until: began - ago + days(7) })
    }),
    { numRuns: 1000 },
  )
})

test('the password stops an undo only in a browser whose first sign-in was settled when the change was made', () => {
  const change = { at: began }
  const created = began - days(100)
  expect(isLongKnown(undefined, change, created)).toBe(false)
  expect(isLongKnown(began - days(30), change, created)).toBe(true)
  expect(isLongKnown(began - days(30) + 1, change, created)).toBe(false)
  expect(isLongKnown(began + days(1), change, created)).toBe(false)
})

test('in the browser that signed up it stops one after a week', () => {
  const change = { at: began }
  expect(isLongKnown(began - days(7), change, began - days(7))).toBe(true)
  expect(isLongKnown(began - days(7) + 1, change, began - days(7))).toBe(false)
  expect(isLongKnown(began - days(8), change, began - days(9))).toBe(false)
})

test('undoing puts back the password from before the first change of it', () => {
  const changed = (passwordBefore: string, at: number): StoredChange => ({
    id: passwordBefore,
    kind: 'password_changed',
    at,
    sessionId: undefined,
    state: 'standing',
    detail: { twoStep: false },
    passwordBefore,
  })
  const since = [changed('the thief’s first', began + 2), changed('the owner’s', began + 1)]
  expect(planUndo([first], since)).toMatchObject({ passwordChanged: true, passwordBefore: 'the owner’s' })
})
