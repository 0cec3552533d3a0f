import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Proof } from '../people/session.ts'
import { days, minutes } from '../time.ts'
import type { StoredChange } from './change.ts'
import { type Fight, fights, type Held } from './fights.ts'
import { decideFreeze, itemsBefore, proofsMissing, sinceThen } from './freeze.ts'
import { decideLoss } from './loss.ts'
import { missingAfter } from './removal.ts'
import type { ItemKind } from './security-info.ts'
import { deciders } from './seniority.ts'
import { needsStepUp } from './step-up.ts'
import { undoWait } from './undo.ts'

const created = Date.UTC(2026, 0, 1)
const then = created + days(100)
const now = then + days(1)

const itemOf = ({ id, kind }: Held) => ({ id, kind, addedAt: created, provenAt: created, frozen: false })
const provenBy = (held: readonly Held[], at: number): Proof[] =>
  held.map(({ id }) => ({ kind: 'email_code', at, itemId: id }))

/** One that the thief, or in their place the owner, makes at this moment; and what was removed with it. */
function changesOf(
  { twoStep, turnedTwoStepOn, thiefHolds, ownerHolds }: Fight,
  lost: boolean,
): StoredChange[] {
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
        at: then + 1,
        detail: { twoStep, lost, item: itemOf(held) },
      }),
    ),
  ]
}

/** The fight by the rules alone: who is in, who may freeze, and who may decide, at once or once it was announced. */
function winnerOf(fight: Fight, lost: boolean): Fight['winner'] {
  const all = [...new Map([...fight.thiefHolds, ...fight.ownerHolds].map((held) => [held.id, held])).values()]
  const items = all.filter((held) => !held.removed).map(itemOf)
  const changes = changesOf(fight, lost)
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
  expect(winnerOf(fight, false)).toBe(fight.winner)
})

test('whoever wins does so where what was removed since was given up as lost, too', () => {
  for (const fight of fights) expect(winnerOf(fight, true), fight.thief).toBe(fight.winner)
})

type PushingOut = NonNullable<Fight['pushesOut']>

/**
 * Somebody with a phished code adds things of their own, waits, proves them all, and removes each of the owner's items
 * that may go, as lost where the rules let it. Every change of it is then frozen by each of the owner's contacts, and
 * decided by the owner alone.
 */
function pushOut(owner: readonly Held[], { with: own, afterDays, accountDays }: PushingOut): void {
  const came = created + days(accountDays) + minutes(1)
  const at = came + days(afterDays) + minutes(30)
  const theirs = own.map((held, nth) => ({ ...itemOf(held), addedAt: came + nth, provenAt: at }))
  const owners = owner.map((held) => ({ ...itemOf(held), provenAt: at }))
  const change: StoredChange = {
    id: '',
    kind: 'item_added',
    at: came,
    sessionId: undefined,
    state: 'standing',
    seniorItemAt: created,
    detail: { twoStep: false },
  }
  let items = [...owners, ...theirs]
  let changes = theirs.map((item): StoredChange => {
    const detail = { twoStep: false, item }
    return { ...change, id: `adds ${item.id}`, at: item.addedAt + 1, detail }
  })
  const proved = theirs.map(({ id }) => id)
  const rules = { createdAt: created, twoStep: false }
  for (const [nth, item] of owners.entries()) {
    const lost = decideLoss(item.id, { ...rules, items, changes }, proved, at) === 'lost'
    expect(lost).toBe(false)
    if (missingAfter(items, item.id, rules, at) !== undefined) continue
    items = items.filter(({ id }) => id !== item.id)
    const removed = {
      kind: 'item_removed' as const,
      seniorItemAt: came,
      detail: { twoStep: false, lost, item },
    }
    changes = [{ ...change, ...removed, id: `removes ${item.id}`, at: at + nth }, ...changes]
  }
  for (const one of changes) {
    const before = itemsBefore(one, items, changes, created)
    const account = { items, changes }
    const goneBefore = changes.flatMap(({ kind, at, detail }) =>
      kind === 'item_removed' && at < one.at ? [detail.item?.id] : [],
    )
    const there = owners.filter((item) => isContact(item) && !goneBefore.includes(item.id))
    expect(there.length > 0 || items.some(isContact)).toBe(true)
    for (const { id, addedAt } of there) {
      expect(decideFreeze(one, { id, isThere: true }, before, at)).toBe('freeze')
      const since = sinceThen(changes, one).map((held) => ({ ...held, seniorItemAt: addedAt }))
      const decide = deciders(before, since, account, at)
      expect(proofsMissing(one, provenBy(own, at), decide, at)).toBeGreaterThan(0)
      expect(proofsMissing(one, provenBy([{ id, kind: 'email' }], at), decide, at)).toBe(0)
    }
  }
}

test('the thief who waits with two items, and the one in an account of a day, silence nobody', () => {
  const rows = fights.filter(({ pushesOut }) => pushesOut !== undefined)
  expect(rows).toHaveLength(2)
  for (const { ownerHolds, pushesOut } of rows) pushOut(ownerHolds, pushesOut!)
})

test('no thief, with whatever things of their own and however long they wait, silences an owner within 30 days', () => {
  const kind = fc.constantFrom<ItemKind>('email', 'phone', 'totp', 'passkey')
  const held = (whose: string) =>
    fc
      .array(kind, { minLength: 1, maxLength: 4 })
      .map((kinds) => kinds.map((kind, nth): Held => ({ id: `${whose} ${nth}`, kind })))
  const day = fc.integer({ min: 0, max: 29 })
  fc.assert(
    fc.property(held('owner’s'), held('thief’s'), day, fc.nat(400), (owner, own, afterDays, accountDays) => {
      pushOut([{ id: 'mailbox', kind: 'email' }, ...owner], { with: own, afterDays, accountDays })
    }),
    { numRuns: 2000 },
  )
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
