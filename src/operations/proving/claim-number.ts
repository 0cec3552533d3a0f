import { hintOf } from '../../core/address.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { addressOf } from '../../core/security-info/contact-address.ts'
import { type Contact, type ContactKind, isContact } from '../../core/security-info/security-info.ts'
import type { Instant } from '../../core/time.ts'
import { newTimeId } from '../../secrets/random.ts'
import { findAccount, lockAccount } from '../../storage/account.ts'
import { holdersOf } from '../../storage/contact.ts'
import { confirmNumber, itemsOf, noteProven, unconfirmNumber } from '../../storage/security-info.ts'
import type { Sql } from '../../storage/sql.ts'
import { recordFromOutside } from '../activity/record-activity.ts'
import { type Actor, hasEnded, inAccountTransaction, orRefusal } from '../changes/account-transaction.ts'
import { notifyContacts } from '../changes/record-change.ts'
import type { Deps } from '../deps.ts'

/** Somebody else added the number after its holders were read: they have to be held as well. */
class AnotherHolder extends Error {}

/** Each time somebody else would have to add the number in the same moment. */
const mostTries = 5

/**
 * One transaction in which an account proves a contact. Numbers change hands: one that was another account's is that
 * account's no more, and its owner is told. Mailboxes are shared, and stay as they are.
 *
 * The transaction is over several accounts and the number's look-up, which may live on as many shards. Accounts are held
 * in the order of their ids and the look-up last, so that two accounts that prove each other's numbers at once wait in
 * one line. Where it fails, nothing of it was done, and it may be repeated.
 *
 * @param work notes that the account has the contact, proved; what it refuses claims nothing
 */
export async function claiming<Value>(
  deps: Deps,
  by: Actor,
  { kind, address }: { kind: ContactKind; address: string },
  now: Instant,
  work: (sql: Sql) => Promise<Result<Value>>,
): Promise<Result<Value>> {
  if (kind === 'email') return inAccountTransaction(deps, by, work)
  const { accountId } = by
  for (let tries = 1; ; tries += 1) {
    const others = await othersWith(deps.database.sql, address, accountId)
    try {
      return await orRefusal(deps, async (sql) => {
        for (const id of [accountId, ...others].sort()) await lockAccount(sql, id)
        if (await hasEnded(sql, by)) return refuse({ code: 'form_stale' })
        const done = await work(sql)
        if (!done.ok) return done
        const held = new Set(others)
        const all = await othersWith(sql, address, accountId)
        if (all.some((id) => !held.has(id)))
          throw new AnotherHolder('The number was added elsewhere just now.')
        for (const id of others) await takeFrom(sql, id, address, now)
        return done
      })
    } catch (fault) {
      if (!(fault instanceof AnotherHolder) || tries === mostTries) throw fault
    }
  }
}

const othersWith = async (sql: Sql, address: string, accountId: string): Promise<string[]> =>
  (await holdersOf(sql, address)).filter((id) => id !== accountId)

/** The number proves nothing there any more, and the account's other contacts hear of it; by whom is not theirs to know. */
async function takeFrom(sql: Sql, accountId: string, number: string, now: Instant): Promise<void> {
  const itemId = await unconfirmNumber(sql, accountId, number)
  const account = itemId === undefined ? undefined : await findAccount(sql, accountId)
  if (account === undefined) return
  const items = (await itemsOf(sql, accountId)).filter(isContact)
  const taken = items.find(({ id }) => id === itemId)
  const hint = taken && hintOf(addressOf(taken))
  const told: Contact[] = items.filter(({ provenAt, frozen }) => provenAt !== undefined && !frozen)
  const notice = { kind: 'phone_taken', item: hint, itemKind: 'phone' } as const
  await notifyContacts(sql, account, newTimeId(now), notice, told, now)
  await recordFromOutside(sql, accountId, { kind: 'phone_taken', detail: { hint, itemKind: 'phone' } }, now)
}

/**
 * A code to one of the account's contacts was right, beside another proof or the password. A number that proved nothing
 * by itself is the account's own again.
 *
 * @returns what that proved; undefined where the contact is gone or frozen
 */
export async function confirmContact(
  deps: Deps,
  by: Actor,
  itemId: string,
  now: Instant,
): Promise<'email_code' | 'text_code' | undefined> {
  const { sql } = deps.database
  const { accountId } = by
  const contacts = (await itemsOf(sql, accountId)).filter(isContact)
  const contact = contacts.find(({ id }) => id === itemId)
  if (contact === undefined) return undefined
  if (contact.kind === 'email') return noteProven(sql, accountId, itemId)
  const confirmed = await claiming(deps, by, contact, now, async (held) =>
    (await confirmNumber(held, accountId, itemId)) ? accept(null) : refuse({ code: 'choice_missing' }),
  )
  deps.wakeOutbox()
  return confirmed.ok ? 'text_code' : undefined
}
