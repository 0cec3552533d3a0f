import { decidePrefixSend, prefixOf } from '../../core/verifications/phone-limits.ts'
import { lockPrefix, spend, storePrefix } from '../../storage/phone-limits.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import { Rollback } from '../rollback.ts'

/** Of the day's budget a fifth is kept for sessions and known browsers, and so are closed number ranges. */
const strangersShare = 0.8

/**
 * Counts one text on its number range and on the day's budget. Called in the transaction that queues it.
 *
 * @param trusted whether a session or a known browser asks
 */
export async function countPhoneSend(deps: Deps, sql: Sql, phone: string, trusted: boolean): Promise<void> {
  const { prefix: prefixPolicy, budget } = deps.policy.phones
  const prefix = prefixOf(phone, prefixPolicy.digits)
  const { count, now } = await lockPrefix(sql, prefix)
  const decision = decidePrefixSend(count, prefixPolicy, now)
  if (decision.open) await storePrefix(sql, prefix, decision.next)
  else if (!trusted) throw new Rollback({ code: 'phone_prefix_closed', retryAt: decision.until })
  const cap = trusted ? budget.perDay : Math.floor(budget.perDay * strangersShare)
  const spent = await spend(sql, budget.perMessage, cap)
  if (!spent.allowed) throw new Rollback({ code: 'phone_budget_spent', retryAt: spent.nextDayAt })
}
