import type { StoredChange } from '../../core/changes/change.ts'
import { heldChanges } from '../../core/changes/freeze.ts'
import { isCurrent, isOnProbation, probation, standsAlone } from '../../core/security-info/item-standing.ts'
import { type Missing, missingAfter, removableFrom } from '../../core/security-info/removal.ts'
import { judgeSafety, type Safety, type SafetyPoint, safetyPoints } from '../../core/security-info/safety.ts'
import { type Contact, type Item, isContact } from '../../core/security-info/security-info.ts'
import type { Instant } from '../../core/time.ts'
import { type AccountName, findAccount, findAccountId, usernamesOf } from '../../storage/account.ts'
import { changesOf } from '../../storage/change.ts'
import { itemsOf } from '../../storage/security-info.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession } from '../requester.ts'
import { usernameLookup } from '../usernames.ts'

/** An item as the security page shows it. */
export type ShownItem = Item & {
  /** Until when it can't, alone, do what older items can; undefined where it can. */
  probationUntil: Instant | undefined
  /** What would have to be added before it could be removed. */
  missing: Missing | undefined
  /** From when it could be, with what the account has; undefined where that would never be enough. */
  removableFrom: Instant | undefined
  /** A number that was not proved for so long that it proves nothing before it is confirmed. */
  stale: boolean
}

export type Security = {
  names: AccountName[]
  items: ShownItem[]
  twoStepAt: Instant | undefined
  passwordSetAt: Instant | undefined
  safety: Safety
  /** What makes it safe, as a list to go through. */
  points: SafetyPoint[]
  /** Past its first week, in which what was just added counts like everything else. */
  settled: boolean
  /** What was changed within the days in which it can be undone, newest first. */
  changes: StoredChange[]
  /** Those of them that are held still, newest first. */
  held: StoredChange[]
}

export async function readSecurity(deps: Deps, session: SignedInSession): Promise<Security | undefined> {
  const { sql } = deps.database
  const { accountId, now } = session
  const [account, names, items, changes] = await Promise.all([
    findAccount(sql, accountId),
    usernamesOf(sql, accountId),
    itemsOf(sql, accountId),
    changesOf(sql, accountId),
  ])
  if (account === undefined) return undefined
  const twoStep = account.twoStepAt !== undefined
  const rules = { createdAt: account.createdAt, twoStep }
  const circular = await circularContacts(sql, accountId, items.filter(isContact), names)
  const isStale = (item: Item) => item.provenAt !== undefined && !isCurrent(item, now)
  const judged = items.map((item) => ({
    kind: item.kind,
    proved: standsAlone(item, now),
    circular: circular.has(item.id),
  }))
  return {
    names,
    items: items.map((item) => ({
      ...item,
      probationUntil: isOnProbation(item, account.createdAt, now) ? item.addedAt + probation : undefined,
      missing: missingAfter(items, item.id, rules, now),
      removableFrom: removableFrom(items, item.id, rules, now),
      stale: isStale(item),
    })),
    twoStepAt: account.twoStepAt,
    passwordSetAt: account.passwordSetAt,
    safety: judgeSafety(judged, twoStep),
    points: safetyPoints(judged, twoStep),
    settled: now >= account.createdAt + probation,
    changes,
    held: heldChanges(changes, now),
  }
}

/**
 * Contacts whose own account, where they have one here, can be recovered only through this one. Only proved contacts are
 * looked at: whoever reads them may know whether they have an account.
 */
async function circularContacts(
  sql: Sql,
  accountId: string,
  contacts: readonly Contact[],
  names: readonly AccountName[],
): Promise<Set<string>> {
  const own = new Set([...names.map(({ name }) => name), ...contacts.map(({ address }) => address)])
  const found = new Set<string>()
  for (const contact of contacts.filter(({ provenAt }) => provenAt !== undefined)) {
    const other = await findAccountId(sql, usernameLookup(contact.address))
    if (other === undefined || other === accountId) continue
    const theirs = (await itemsOf(sql, other)).filter(({ provenAt }) => provenAt !== undefined)
    const apart = theirs.filter((item) => !isContact(item) || !own.has(item.address))
    if (apart.length === 0) found.add(contact.id)
  }
  return found
}
