import type { ChangedItem } from '../../core/changes/change.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { lockItems, mostItems } from '../../storage/security-info.ts'
import { type Sql, sqlState, uniqueViolation } from '../../storage/sql.ts'
import { inAccountTransaction } from '../changes/account-transaction.ts'
import { recordChange } from '../changes/record-change.ts'
import type { Deps } from '../deps.ts'
import type { Requester, SignedInSession } from '../requester.ts'

/**
 * Adds an app or a passkey that has just been proved, and tells every contact. Refusal: `items_full`.
 *
 * @param insert writes the item; a unique violation there says that it was added before
 *
 * @returns `there` where it had been: the form came twice, or the account has this passkey
 */
export async function addItem(
  deps: Deps,
  { accountId, sessionId }: SignedInSession,
  item: { id: string; kind: 'totp' | 'passkey'; name: string },
  insert: (sql: Sql) => Promise<void>,
  requester: Requester,
  now: Instant,
): Promise<Result<'added' | 'there'>> {
  const changed: ChangedItem = { ...item, addedAt: now, provenAt: now }
  try {
    const added = await inAccountTransaction(deps, { accountId, sessionId }, async (sql) => {
      const items = await lockItems(sql, accountId)
      const isThere = items.some(({ id }) => id === item.id)
      if (items.length >= mostItems && !isThere) return refuse({ code: 'items_full', most: mostItems })
      await insert(sql)
      await recordChange(
        deps,
        sql,
        accountId,
        { kind: 'item_added', item: changed },
        requester,
        now,
        sessionId,
      )
      return accept('added' as const)
    })
    deps.wakeOutbox()
    return added
  } catch (fault) {
    if (sqlState(fault) === uniqueViolation) return accept('there')
    throw fault
  }
}
