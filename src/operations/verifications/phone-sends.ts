import { decidePrefixSend, prefixOf } from '../../core/verifications/phone-limits.ts'
import { holdPrefix, spend, storePrefix } from '../../storage/phone-limits.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Deps } from '../deps.ts'
import { TakenBack } from './taken-back.ts'

/** Counts one text on its number range and on the day's budget. Called in the transaction that queues it. */
export async function takePhoneSend(deps: Deps, sql: Sql, phone: string): Promise<void> {
  const { prefix: prefixPolicy, budget } = deps.policy.phones
  const prefix = prefixOf(phone, prefixPolicy.digits)
  const { count, now } = await holdPrefix(sql, prefix)
  const decision = decidePrefixSend(count, prefixPolicy, now)
  if (!decision.open)
    throw new TakenBack({ code: 'phone_prefix_closed', retryAt: decision.until, judgedAt: now })
  await storePrefix(sql, prefix, decision.next)
  const spent = await spend(sql, budget.perMessage, budget.perDay)
  if (!spent.allowed)
    throw new TakenBack({ code: 'phone_budget_spent', retryAt: spent.nextDayAt, judgedAt: now })
}
