import { accept, type Result, refuse } from '../../core/refusal.ts'
import { decidePrefixSend, prefixOf } from '../../core/verifications/phone-limits.ts'
import { holdPrefix, spend, storePrefix } from '../../storage/phone-limits.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'

/**
 * Counts one text on its number range and on the day's budget. Called in the transaction that queues it, which is rolled
 * back where this refuses.
 */
export async function takePhoneSend(
  deps: Deps,
  sql: Sql,
  phone: string,
): Promise<Result<void, 'phone_prefix_closed' | 'phone_budget_spent'>> {
  const { prefix: prefixPolicy, budget } = deps.policy.phones
  const prefix = prefixOf(phone, prefixPolicy.digits)
  const { count, now } = await holdPrefix(sql, prefix)
  const decision = decidePrefixSend(count, prefixPolicy, now)
  if (!decision.open) return refuse({ code: 'phone_prefix_closed', retryAt: decision.until })
  await storePrefix(sql, prefix, decision.next)
  const spent = await spend(sql, budget.perMessage, budget.perDay)
  return spent.allowed ? accept(undefined) : refuse({ code: 'phone_budget_spent', retryAt: spent.nextDayAt })
}
