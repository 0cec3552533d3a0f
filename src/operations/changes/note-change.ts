import { hintOf } from '../../core/address.ts'
import type { ActivityKind } from '../../core/people/activity.ts'
import {
  type Change,
  type ChangeDetail,
  type ChangedItem,
  changesWait,
  mostTextsADay,
  type NoticeDetail,
  noticeLasts,
} from '../../core/security-info/change.ts'
import { frozenChange } from '../../core/security-info/freeze.ts'
import { type Contact, type Item, isContact } from '../../core/security-info/security-info.ts'
import { days, type Instant } from '../../core/time.ts'
import type { Locale } from '../../core/verifications/message.ts'
import { firstTimeId, newReference, newTimeId } from '../../secrets/random.ts'
import { type Account, findAccount } from '../../storage/account.ts'
import { changesOf, insertChange, insertNotice, noticesTo } from '../../storage/change.ts'
import { holdItems, itemsOf } from '../../storage/security-info.ts'
import type { Sql } from '../../storage/sql.ts'
import { activitySource, noteActivity, toldTo } from '../activity/note-activity.ts'
import type { Deps } from '../deps.ts'
import { addressOf } from '../signing-in/item-choices.ts'
import type { Source } from '../source.ts'
import { TakenBack } from '../verifications/taken-back.ts'

/**
 * Writes down a change of an account's ways in, within the transaction that makes it: a row that can be frozen and
 * undone for 30 days, a line in its activity, and a notice to every contact it has, or had before. Wake the outbox after
 * the commit.
 *
 * Throws `TakenBack` with `changes_frozen` where the account is held still: nothing further changes; and with
 * `changes_limit` where a day has had as many of the kind as it takes. A sign-in, or a way back that was used, is never
 * refused: beyond that number it stands in the activity alone.
 *
 * @param sessionId the session that made it: freezing the change ends it
 */
export async function noteChange(
  deps: Deps,
  sql: Sql,
  accountId: string,
  change: Change,
  source: Source,
  now: Instant,
  sessionId?: string,
): Promise<void> {
  // A sign-in, or a way back that was used, changes nothing by itself: it waits for nobody and is never held.
  const changes = change.kind !== 'new_sign_in' && change.kind !== 'recovery_code_used'
  const items = await (changes ? holdItems(sql, accountId) : itemsOf(sql, accountId))
  const account = await findAccount(sql, accountId)
  if (account === undefined) return
  const before = await changesOf(sql, accountId)
  if (changes && frozenChange(before, now)) throw new TakenBack({ code: 'changes_frozen' })
  const retryAt = changesWait(before, change.kind, deps.policy.changes.perDay, now)
  if (retryAt !== undefined && changes) throw new TakenBack({ code: 'changes_limit', retryAt, judgedAt: now })
  if (retryAt === undefined) await writeChange(sql, account, items, change, source, now, sessionId)
  await noteInActivity(sql, accountId, change, source, now, sessionId)
}

/**
 * The change and its notices alone, where the account is held already, and whatever holds it still: for what undoing a
 * change brings with it.
 */
export async function writeChange(
  sql: Sql,
  account: Account,
  items: readonly Item[],
  change: Change,
  source: Source,
  now: Instant,
  sessionId: string | undefined,
): Promise<void> {
  const { ip, browser, system } = activitySource(source)
  const id = newTimeId(now)
  const twoStep = account.twoStepAt !== undefined && change.kind !== 'two_step_on'
  const detail: ChangeDetail = { ip, browser, system, twoStep: twoStep || change.kind === 'two_step_off' }
  if ('item' in change) detail.item = change.item
  if (change.kind === 'item_removed') detail.lost = change.lost
  const passwordBefore = change.kind === 'password_changed' ? change.before : undefined
  await insertChange(sql, account.id, { id, kind: change.kind, sessionId, passwordBefore, detail })
  const told = { kind: change.kind, ...('item' in change && itemWords(change.item)), ip, browser, system }
  await tellContacts(sql, account, id, told, contactsToTell(items.filter(isContact), change), now)
}

/** A line of what was changed, however many there were. */
export async function noteInActivity(
  sql: Sql,
  accountId: string,
  change: Change,
  source: Source,
  now: Instant,
  sessionId: string | undefined,
): Promise<void> {
  const kind = activityOf(change)
  if (kind === undefined) return
  const { item: hint, itemKind } = 'item' in change ? itemWords(change.item) : {}
  await noteActivity(sql, toldTo(accountId), { kind, detail: { hint, itemKind, sessionId } }, source, now)
}

/** A sign-in is told in the activity by itself, whatever browser it came from. */
const activityOf = ({ kind }: Change): ActivityKind | undefined => (kind === 'new_sign_in' ? undefined : kind)

/** Everybody who had a say before: what was just added has none in its own adding, what was just removed still has. */
function contactsToTell(now: readonly Contact[], change: Change): Contact[] {
  const proved = now.filter((item) => item.provenAt !== undefined && !item.frozen)
  if (change.kind === 'item_added') return proved.filter(({ id }) => id !== change.item.id)
  if (change.kind !== 'item_removed' || change.lost) return proved
  const { id, kind, address, addedAt, provenAt } = change.item
  const isTold = (kind === 'email' || kind === 'phone') && address !== undefined && provenAt !== undefined
  return isTold
    ? [...proved, { id, kind, address, addedAt, provenAt, lastUsedAt: undefined, frozen: false }]
    : proved
}

/** An item as a notice names it: a contact by its hint. */
export function itemWords(changed: ChangedItem): Pick<NoticeDetail, 'item' | 'itemKind'> {
  const { id, kind, address, name, addedAt, provenAt } = changed
  const isAddress = (kind === 'email' || kind === 'phone') && address !== undefined
  const item = isAddress
    ? hintOf(addressOf({ id, kind, address, addedAt, provenAt, lastUsedAt: undefined, frozen: false }))
    : name
  return { itemKind: kind, ...(item !== undefined && { item }) }
}

/** A notice to each of these contacts, in the account's language; to a phone no more than it is told of in a day. */
export async function tellContacts(
  sql: Sql,
  account: { id: string; locale: Locale },
  changeId: string | undefined,
  told: NoticeDetail,
  contacts: readonly Contact[],
  now: Instant,
): Promise<void> {
  const aDay = firstTimeId(now - days(1) + 1)
  for (const contact of contacts) {
    const texts = contact.kind === 'phone' ? await noticesTo(sql, account.id, contact.id, aDay) : 0
    if (texts >= mostTextsADay) continue
    await insertNotice(sql, {
      accountId: account.id,
      id: newTimeId(now),
      changeId,
      itemId: contact.id,
      channel: contact.kind === 'email' ? 'email' : 'sms',
      destination: contact.address,
      locale: account.locale,
      reference: newReference(),
      told,
      lasts: noticeLasts,
    })
  }
}
