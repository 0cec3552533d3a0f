import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RemainingItem } from '../security-info/removal.ts'
import type { ItemKind } from '../security-info/security-info.ts'
import { days, type Instant, minutes } from '../time.ts'
import type { ChangeKind, StoredChange } from './change.ts'
import { decideFreeze, hasSay, itemsBefore } from './freeze.ts'
import { decideLoss, type LossAccount } from './loss.ts'

const created = Date.UTC(2026, 0, 1)
const itemAt = (id: string, day: number, kind: ItemKind = 'email'): RemainingItem => ({
  id,
  kind,
  addedAt: created + days(day),
  provenAt: created + days(day),
})
const addedBy = (item: RemainingItem, state: StoredChange['state'] = 'standing'): StoredChange => ({
  id: `change ${item.id}`,
  kind: item.kind === 'recovery_code' ? 'recovery_code_made' : 'item_added',
  at: item.addedAt + 1,
  sessionId: undefined,
  state,
  detail: { twoStep: false, ...(item.kind !== 'recovery_code' && { item }) },
})
const accountOf = (items: RemainingItem[], changes: StoredChange[]): LossAccount => ({
  items: items.map((item) => ({ ...item, provenAt: created + days(500) })),
  changes,
  createdAt: created,
  twoStep: false,
})
const all = (account: LossAccount) => account.items.map(({ id }) => id)

const mailbox = itemAt('mailbox', 0)
const thiefs = [itemAt('thief’s mailbox', 60), itemAt('thief’s app', 60, 'totp')]

test('a thief’s own two items never give the owner’s up as lost while their coming can be frozen', () => {
  const account = accountOf(
    [mailbox, ...thiefs],
    thiefs.map((item) => addedBy(item)),
  )
  for (const day of [60, 67, 68, 75, 89]) {
    expect(decideLoss('mailbox', account, all(account), created + days(day))).toBe('too_new')
  }
  expect(decideLoss('mailbox', account, all(account), created + days(90) + 1)).toBe('lost')
})

test('nor what was confirmed, by whatever proofs: another older item can freeze it again', () => {
  const account = accountOf(
    [mailbox, ...thiefs],
    thiefs.map((item) => addedBy(item, 'kept')),
  )
  expect(decideLoss('mailbox', account, all(account), created + days(70))).toBe('too_new')
})

test('a recovery code that was made or used lately is no proof of loss', () => {
  const app = itemAt('app', 0, 'totp')
  const other = itemAt('other mailbox', 0)
  const code = itemAt('code', 0, 'recovery_code')
  const kinds: ChangeKind[] = ['recovery_code_made', 'recovery_code_used', 'two_step_on']
  for (const kind of kinds) {
    const touched = { ...addedBy(code), kind, at: created + days(60) }
    const account = accountOf([mailbox, other, app, code], [touched])
    expect(decideLoss('mailbox', account, ['app', 'code'], created + days(70))).toBe('prove_more')
    expect(decideLoss('mailbox', account, ['app', 'other mailbox'], created + days(70))).toBe('lost')
  }
})

test('what remains was there before, too: older proofs leave no thief’s mailbox as the only contact', () => {
  const older = [itemAt('app', 0, 'totp'), itemAt('key', 0, 'passkey')]
  const contact = itemAt('thief’s mailbox', 60)
  const account = accountOf([mailbox, ...older, contact], [addedBy(contact)])
  expect(decideLoss('mailbox', account, ['app', 'key'], created + days(70))).toBe('too_new')
})

test('in an account’s first 30 days no younger item declares an older one lost', () => {
  const [first, second, third] = [mailbox, itemAt('phone', 1, 'phone'), itemAt('app', 2, 'totp')]
  const account = accountOf([first, second, third], [])
  for (const day of [3, 10, 29]) {
    expect(decideLoss('mailbox', account, all(account), created + days(day))).toBe('too_new')
    expect(decideLoss('phone', account, all(account), created + days(day))).toBe('too_new')
  }
  expect(decideLoss('mailbox', account, all(account), created + days(30))).toBe('lost')
})

test('an item goes as lost with two others that are old and freshly proved', () => {
  const account = accountOf([mailbox, itemAt('phone', 0, 'phone'), itemAt('app', 0, 'totp')], [])
  const now = created + days(480)
  expect(decideLoss('mailbox', account, ['phone', 'app'], now)).toBe('lost')
  expect(decideLoss('mailbox', account, ['phone', 'phone', undefined], now)).toBe('prove_more')
  expect(decideLoss('mailbox', account, ['phone', 'mailbox'], now)).toBe('prove_more')
  expect(decideLoss('gone', account, ['phone', 'app'], now)).toBe('too_new')
})

const day = fc.integer({ min: 0, max: 200 })
const kind = fc.constantFrom<ItemKind>('email', 'phone', 'totp', 'passkey', 'recovery_code')
const items = fc
  .array(fc.record({ kind, day }), { minLength: 2, maxLength: 6 })
  .map((all) => all.map(({ kind, day }, nth) => itemAt(`item ${nth}`, nth === 0 ? 0 : day, kind)))

test('whoever is told of an item’s coming, and can freeze it, is never given up as lost by that item', () => {
  const later = fc.integer({ min: 0, max: 60 })
  fc.assert(
    fc.property(items, later, fc.nat(5), (own, after, nth) => {
      const goes = own[nth % own.length]!
      const changes = own.slice(1).map((item) => addedBy(item))
      const now: Instant = Math.max(...own.map(({ addedAt }) => addedAt)) + days(after) + minutes(1)
      const account = { ...accountOf(own, changes), items: own.map((item) => ({ ...item, provenAt: now })) }
      // With everything proved that the item could freeze the coming of, and nothing else.
      const freezable = changes.filter((change) => {
        const before = itemsBefore(change, account.items, changes, created)
        const by = { id: goes.id, isThere: true }
        return decideFreeze(change, by, before, now) === 'freeze' && hasSay(goes.id, change, account)
      })
      const brought = own.filter((item) => freezable.some(({ id }) => id === `change ${item.id}`))
      const proved = brought.map(({ id }) => id)
      expect(decideLoss(goes.id, account, proved, now)).not.toBe('lost')
    }),
    { numRuns: 3000 },
  )
})
