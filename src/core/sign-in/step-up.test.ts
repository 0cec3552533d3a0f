import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Proof, type ProofKind, proofKinds, withProofs } from '../proving/proof.ts'
import { type ProvingItem, standsAlone } from '../security-info/item-standing.ts'
import { days, hours, minutes } from '../time.ts'
import { type Act, actRules, mayProve, needsStepUp, type StepUpRule } from './step-up.ts'

const now = Date.UTC(2026, 5, 1)
const acts = Object.keys(actRules) as Act[]
const sensitive = acts.filter((act) => actRules[act].needs === 'step_up')
const ruleOf = (act: Act) => actRules[act] as StepUpRule

const age = fc.oneof(
  fc.integer({ min: 0, max: hours(2) }),
  fc.constantFrom(minutes(10) - 1, minutes(10), minutes(5), hours(1)),
)
const itemAge = fc.oneof(fc.integer({ min: 0, max: days(400) }), fc.constantFrom(days(7) - 1, days(7)))
const item = (id: string, older: number, more: Partial<ProvingItem> = {}): ProvingItem => ({
  id,
  kind: 'email',
  addedAt: now - older,
  provenAt: now - older,
  ...more,
})
const items = fc
  .array(fc.record({ older: itemAge, frozen: fc.boolean(), unproved: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((all) =>
    all.map(({ older, frozen, unproved }, nth) =>
      item(`item ${nth}`, older, { frozen, ...(unproved && { provenAt: undefined }) }),
    ),
  )
/** Nothing of it proves anything: only here does the password open the confirming of a contact. */
const isStuck = (own: readonly ProvingItem[]) => !own.some((one) => one.provenAt !== undefined && !one.frozen)
const proofs = fc.array(
  fc.record({
    kind: fc.constantFrom<ProofKind>(...proofKinds),
    at: age.map((ago) => now - ago),
    itemId: fc.option(fc.constantFrom('item 0', 'item 1', 'item 2', 'item 3', 'elsewhere'), {
      nil: undefined,
    }),
  }),
  { maxLength: 6 },
)
const created = fc.integer({ min: 0, max: days(500) }).map((ago) => now - ago)
const anyAct = fc.constantFrom(...acts)
const anySensitive = fc.constantFrom(...sensitive)

test('what needs a step-up is done with one proof of the table’s kinds, less than ten minutes old, by an item that stands', () => {
  fc.assert(
    fc.property(anySensitive, proofs, items, created, (act, proved, own, createdAt) => {
      const rule = ruleOf(act)
      const isYoung = (one: ProvingItem) => now - one.addedAt < days(7) && now - createdAt >= days(7)
      const allowed = proved.some((proof) => {
        if (now - proof.at >= minutes(10)) return false
        if (proof.kind === 'password')
          return rule.by.includes('password') || (act === 'confirm_item' && isStuck(own))
        if (!rule.by.includes(proof.kind)) return false
        const by = own.find((one) => one.id === proof.itemId)
        return by !== undefined && !isStuck([by]) && (rule.youngSuffices || !isYoung(by))
      })
      expect(needsStepUp(act, proved, own, createdAt, now) === undefined).toBe(allowed)
    }),
    { numRuns: 3000 },
  )
})

test('whoever is signed in may do what only takes power away', () => {
  for (const act of ['sign_out', 'end_sessions', 'untrust_browsers'] as const) {
    expect(needsStepUp(act, [], [], now - days(100), now)).toBeUndefined()
  }
})

test('a password alone opens no act that touches security info, but to confirm a contact where nothing else proves anything', () => {
  fc.assert(
    fc.property(anySensitive, items, created, (act, own, createdAt) => {
      const needed = needsStepUp(act, [{ kind: 'password', at: now }], own, createdAt, now)
      const opens = act === 'export_activity' || (act === 'confirm_item' && isStuck(own))
      expect(needed === undefined).toBe(opens)
    }),
  )
})

test('a proof never opens less than it did with fewer proofs, and time opens nothing', () => {
  fc.assert(
    fc.property(
      anyAct,
      proofs,
      proofs,
      items,
      created,
      fc.nat(hours(3)),
      (act, some, more, own, createdAt, later) => {
        const before = needsStepUp(act, some, own, createdAt, now)
        if (before === undefined)
          expect(needsStepUp(act, [...some, ...more], own, createdAt, now)).toBeUndefined()
        const settled = own.filter((one) => now - one.addedAt >= days(7))
        if (needsStepUp(act, some, settled, createdAt, now) !== undefined) {
          expect(needsStepUp(act, some, settled, createdAt, now + later)).toBeDefined()
        }
      },
    ),
  )
})

test('an item on probation removes nothing older, turns no two-step off and changes no password, whatever it proves', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: days(7) - 1 }),
      fc.array(age, { minLength: 1, maxLength: 5 }),
      (older, ages) => {
        const own = [item('item 0', older)]
        const proved: Proof[] = ages.map((ago) => ({ kind: 'email_code', at: now - ago, itemId: 'item 0' }))
        for (const act of [
          'remove_item',
          'two_step_off',
          'change_password',
          'make_recovery_code',
          'undo_change',
        ] as const) {
          expect(needsStepUp(act, proved, own, now - days(7), now)).toBeDefined()
        }
      },
    ),
  )
})

test('the reason says whether nothing was proved or only by an item that is too new', () => {
  const own = [item('item 0', days(1))]
  const proof: Proof = { kind: 'email_code', at: now, itemId: 'item 0' }
  expect(needsStepUp('remove_item', [], own, now - days(9), now)?.why).toBe('nothing_fresh')
  expect(needsStepUp('remove_item', [proof], own, now - days(9), now)?.why).toBe('on_probation')
  expect(needsStepUp('remove_item', [proof], own, now - days(3), now)).toBeUndefined()
})

test('an item that may be chosen satisfies the act once it is proved', () => {
  fc.assert(
    fc.property(anySensitive, items, created, (act, own, createdAt) => {
      for (const one of own.filter((candidate) => mayProve(candidate, ruleOf(act), createdAt, now))) {
        const proof: Proof = { kind: 'email_code', at: now, itemId: one.id }
        expect(needsStepUp(act, [proof], own, createdAt, now)).toBeUndefined()
      }
    }),
  )
})

test('a number that was not proved for ninety days, and what was never proved, can’t be chosen', () => {
  const rule = ruleOf('add_item')
  const at = (provenAt: number | undefined) => item('item 0', days(400), { kind: 'phone', provenAt })
  expect(mayProve(at(now - days(90) + 1), rule, 0, now)).toBe(true)
  expect(mayProve(at(now - days(90)), rule, 0, now)).toBe(false)
  expect(mayProve(at(undefined), rule, 0, now)).toBe(false)
})

test('of several proofs by one item a session keeps the latest', () => {
  const earlier: Proof[] = [
    { kind: 'password', at: 1 },
    { kind: 'email_code', at: 2, itemId: 'a' },
    { kind: 'email_code', at: 3, itemId: 'b' },
  ]
  const fresh: Proof[] = [{ kind: 'email_code', at: 9, itemId: 'a' }]
  expect(withProofs(earlier, fresh)).toEqual([earlier[0], earlier[2], fresh[0]])
})

test('a number proves nothing by itself once it was not proved for 90 days, or was proved on another account since', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: days(400) }), fc.boolean(), (ago, frozen) => {
      const phone = { kind: 'phone', provenAt: now - ago, frozen }
      expect(standsAlone(phone, now)).toBe(!frozen && ago < days(90))
      expect(standsAlone({ ...phone, kind: 'email' }, now)).toBe(!frozen)
      expect(standsAlone({ ...phone, provenAt: undefined }, now)).toBe(false)
    }),
  )
})

test('whatever numbers are taken from an account, its owner is never stuck: an item proves, or the password leads to confirming one', () => {
  const kinds = fc.constantFrom('email', 'phone', 'totp')
  const own = fc.array(
    fc.record({ kind: kinds, older: itemAge, taken: fc.boolean() }).map(({ kind, older, taken }) => ({
      ...item('x', older, { kind }),
      ...(kind === 'phone' && taken && { provenAt: undefined }),
    })),
    { minLength: 1, maxLength: 4 },
  )
  fc.assert(
    fc.property(own, created, (some, createdAt) => {
      const password: Proof = { kind: 'password', at: now }
      const proves = some.some((one) => mayProve(one, ruleOf('add_item'), createdAt, now))
      expect(needsStepUp('confirm_item', [password], some, createdAt, now) === undefined).toBe(!proves)
    }),
    { numRuns: 2000 },
  )
})
