import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Proof } from '../proving/proof.ts'
import { type Act, needsStepUp } from '../sign-in/step-up.ts'
import { days, type Instant, minutes } from '../time.ts'
import { missingAfter, type RemainingItem, removableFrom } from './removal.ts'
import type { ItemKind } from './security-info.ts'

const began = Date.UTC(2026, 5, 1)

/** What somebody may do to an account, one after the other; what the rules don't allow comes to nothing. */
type Move =
  | { move: 'wait'; time: number }
  | { move: 'add'; kind: ItemKind }
  | { move: 'prove'; nth: number }
  | { move: 'remove'; nth: number }
  | { move: 'two_step'; on: boolean }

const kind = fc.constantFrom<ItemKind>('email', 'phone', 'totp', 'passkey')
const moves = fc.array(
  fc.oneof(
    fc.record({
      move: fc.constant('wait' as const),
      time: fc.oneof(fc.integer({ min: 0, max: days(20) }), fc.constantFrom(minutes(9), days(7), days(90))),
    }),
    fc.record({ move: fc.constant('add' as const), kind }),
    fc.record({ move: fc.constant('prove' as const), nth: fc.nat(8) }),
    fc.record({ move: fc.constant('remove' as const), nth: fc.nat(8) }),
    fc.record({ move: fc.constant('two_step' as const), on: fc.boolean() }),
  ),
  { maxLength: 60 },
)

type Life = { items: RemainingItem[]; proofs: Proof[]; twoStep: boolean; now: Instant; made: number }

const codeOf = (item: RemainingItem): Proof['kind'] =>
  item.kind === 'totp' || item.kind === 'passkey' ? item.kind : 'email_code'

/** One move, where table and rules allow it. */
function take(life: Life, move: Move): Life {
  const may = (act: Act) => needsStepUp(act, life.proofs, life.items, began, life.now) === undefined
  const account = { createdAt: began, twoStep: life.twoStep }
  switch (move.move) {
    case 'wait':
      return { ...life, now: life.now + move.time }
    case 'add': {
      if (!may('add_item')) return life
      const item = { id: `item ${life.made}`, kind: move.kind, addedAt: life.now, provenAt: life.now }
      return { ...life, made: life.made + 1, items: [...life.items, item] }
    }
    case 'prove': {
      const item = life.items[move.nth % life.items.length]
      if (item === undefined) return life
      const proof = { kind: codeOf(item), at: life.now, itemId: item.id }
      const items = life.items.map((one) => (one === item ? { ...one, provenAt: life.now } : one))
      return { ...life, items, proofs: [...life.proofs, proof] }
    }
    case 'remove': {
      const item = life.items[move.nth % life.items.length]
      if (item === undefined || !may('remove_item')) return life
      if (missingAfter(life.items, item.id, account, life.now) !== undefined) return life
      return { ...life, items: life.items.filter((one) => one !== item) }
    }
    case 'two_step': {
      const kinds = new Set(life.items.map((one) => one.kind))
      if (!may(move.on ? 'two_step_on' : 'two_step_off') || (move.on && kinds.size < 2)) return life
      return { ...life, twoStep: move.on }
    }
  }
}

const atFirst: Life = {
  items: [{ id: 'item 0', kind: 'email', addedAt: began, provenAt: began }],
  proofs: [],
  twoStep: false,
  now: began,
  made: 1,
}

test('no sequence of allowed acts leaves an account with nothing proved that a code can be sent to', () => {
  fc.assert(
    fc.property(moves, (all) => {
      const life = all.reduce(take, atFirst)
      const contacts = life.items.filter((item) => item.kind === 'email' || item.kind === 'phone')
      expect(contacts.some((item) => item.provenAt !== undefined)).toBe(true)
    }),
    { numRuns: 3000 },
  )
})

test('in an account past its first week, whoever has only what they added within a week removes nothing', () => {
  fc.assert(
    fc.property(moves, (all) => {
      const settled: Life = { ...atFirst, now: began + days(30) }
      const thief: Life = {
        ...settled,
        proofs: [{ kind: 'email_code', at: settled.now - 1, itemId: 'item 0' }],
      }
      // The proof of the owner's item that got them in has run out; from there on it is their own items alone.
      const entered = take(take(thief, { move: 'add', kind: 'email' }), { move: 'wait', time: minutes(10) })
      let life = entered
      for (const move of all) {
        if (move.move === 'prove' && life.items[move.nth % life.items.length]?.id === 'item 0') continue
        if (move.move === 'wait' && life.now + move.time >= settled.now + days(7)) continue
        life = take(life, move)
        expect(life.items.some((item) => item.id === 'item 0')).toBe(true)
      }
    }),
    { numRuns: 2000 },
  )
})

test('with two-step verification on, two kinds remain', () => {
  const email: RemainingItem = { id: 'a', kind: 'email', addedAt: began, provenAt: began }
  const app: RemainingItem = { id: 'b', kind: 'totp', addedAt: began, provenAt: began }
  const code: RemainingItem = { id: 'c', kind: 'recovery_code', addedAt: began, provenAt: began }
  const account = { createdAt: began, twoStep: true }
  expect(missingAfter([email, app, code], 'b', account, began)).toBe('second_kind')
  expect(missingAfter([email, app, code], 'b', { ...account, twoStep: false }, began)).toBeUndefined()
  expect(missingAfter([email, app, code], 'c', account, began)).toBeUndefined()
  expect(missingAfter([email, app], 'a', account, began)).toBe('contact')
})

test('what is not proved, on probation, frozen or a number gone stale does not remain', () => {
  const now = began + days(200)
  const email: RemainingItem = { id: 'a', kind: 'email', addedAt: began, provenAt: began }
  const account = { createdAt: began, twoStep: false }
  const other = (more: Partial<RemainingItem>): RemainingItem => ({ ...email, id: 'b', ...more })
  expect(missingAfter([email, other({})], 'a', account, now)).toBeUndefined()
  for (const more of [
    { provenAt: undefined },
    { frozen: true },
    { addedAt: now - days(7) + 1 },
    { kind: 'phone' as const, provenAt: now - days(90) },
  ]) {
    expect(missingAfter([email, other(more)], 'a', account, now)).toBe('contact')
  }
})

test('an item may go at the moment that is told, and not a millisecond before', () => {
  fc.assert(
    fc.property(moves, fc.nat(8), (all, nth) => {
      const { items, twoStep, now } = all.reduce(take, { ...atFirst, now: began + days(30) })
      const { id } = items[nth % items.length]!
      const account = { createdAt: began, twoStep }
      const from = removableFrom(items, id, account, now)
      if (from === undefined) expect(missingAfter(items, id, account, now)).toBeDefined()
      else expect(missingAfter(items, id, account, from)).toBeUndefined()
      if (from !== undefined && from > now) {
        expect(missingAfter(items, id, account, from - 1)).toBeDefined()
      }
    }),
    { numRuns: 1000 },
  )
})

test('where a new one only has to get older, the moment is told; where nothing is there, none is', () => {
  const now = began + days(30)
  const email: RemainingItem = { id: 'a', kind: 'email', addedAt: began, provenAt: began }
  const young: RemainingItem = { ...email, id: 'b', addedAt: now - days(2), provenAt: now }
  const key: RemainingItem = { ...young, id: 'c', kind: 'passkey', addedAt: now - days(6) }
  const account = { createdAt: began, twoStep: false }
  expect(removableFrom([email, young, key], 'a', account, now)).toBe(now + days(5))
  expect(removableFrom([email, key], 'a', account, now)).toBeUndefined()
  expect(removableFrom([email, young], 'b', account, now)).toBe(now)
})
