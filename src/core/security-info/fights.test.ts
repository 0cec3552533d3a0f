import { expect, test } from 'vitest'
import type { Proof } from '../proving/proof.ts'
import { days } from '../time.ts'
import type { StoredChange } from './change.ts'
import { type Fight, fights, type Held } from './fights.ts'
import { decideFreeze, itemsBefore, proofsMissing, sinceThen } from './freeze.ts'
import { needsStepUp } from './step-up.ts'
import { undoWait } from './undo.ts'

const created = Date.UTC(2026, 0, 1)
const then = created + days(100)
const now = then + days(1)

const itemOf = ({ id, kind }: Held) => ({ id, kind, addedAt: created, provenAt: created, frozen: false })
const provenBy = (held: readonly Held[], at: number): Proof[] =>
  held.map(({ id }) => ({ kind: 'email_code', at, itemId: id }))

/** One that the thief, or in their place the owner, makes at this moment; and what was removed with it. */
function changesOf({ twoStep, turnedTwoStepOn, thiefHolds, ownerHolds }: Fight): StoredChange[] {
  const made: StoredChange = {
    id: 'made',
    kind: turnedTwoStepOn ? 'two_step_on' : 'item_added',
    at: then,
    sessionId: undefined,
    state: 'standing',
    detail: { twoStep },
  }
  const removed = [...thiefHolds, ...ownerHolds].filter((held) => held.removed)
  return [
    made,
    ...removed.map(
      (held): StoredChange => ({
        ...made,
        id: held.id,
        kind: 'item_removed',
        detail: { twoStep, lost: false, item: itemOf(held) },
      }),
    ),
  ]
}

/** The fight by the rules alone: who is in, who may freeze, and who may decide, at once or once it was announced. */
function winnerOf(fight: Fight): Fight['winner'] {
  const all = [...new Map([...fight.thiefHolds, ...fight.ownerHolds].map((held) => [held.id, held])).values()]
  const items = all.filter((held) => !held.removed).map(itemOf)
  const changes = changesOf(fight)
  const made = changes[0]!
  const before = itemsBefore(made, items, changes, created)
  const waits = (held: readonly Held[]) =>
    undoWait(made, sinceThen(changes, made), provenBy(held, now), before, now) !== undefined
  const decides = (held: readonly Held[]) => proofsMissing(made, provenBy(held, now), before, now) === 0
  const isIn = fight.thiefIsIn && decides(fight.thiefHolds)
  if (isIn && decides(fight.ownerHolds)) return 'both'
  if (fight.turnedTwoStepOn) expect(waits(fight.ownerHolds)).toBe(fight.ownerHolds.every(isContact))
  if (decides(fight.ownerHolds)) return 'owner'
  const canFreeze = fight.ownerHolds.some(
    ({ id }) => decideFreeze(made, { id, isThere: true }, before, now) === 'freeze',
  )
  expect(canFreeze).toBe(true)
  return 'held'
}

const isContact = ({ kind }: Held) => kind === 'email' || kind === 'phone'

test.each(fights)('a thief who $thief, against an owner who $owner', (fight) => {
  expect(winnerOf(fight)).toBe(fight.winner)
})

test('every thief is fought by an owner with an older item of any kind, and by one with nothing but an old contact', () => {
  for (const thief of [
    'the password',
    'the password and the mailbox',
    'the phone',
    'phished one code',
    'unlocked browser',
    'an old contact, which',
  ]) {
    const rows = fights.filter((fight) => fight.thief.includes(thief))
    expect(rows.length, thief).toBeGreaterThanOrEqual(2)
  }
})

test('no thief wins against an owner who holds anything from before', () => {
  expect(fights.every(({ winner }) => winner === 'owner' || winner === 'both' || winner === 'held')).toBe(
    true,
  )
})

test('a session without a fresh proof by an item changes nothing, whoever sits at it', () => {
  const items = [itemOf({ id: 'mailbox', kind: 'email' })]
  for (const act of ['add_item', 'remove_item', 'change_password', 'two_step_off'] as const) {
    expect(needsStepUp(act, [{ kind: 'password', at: now }], items, created, now)).toBeDefined()
  }
})
