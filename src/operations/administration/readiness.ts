import { seconds } from '../../core/time.ts'
import { outboxAge } from '../../storage/outbox.ts'
import { OnlyReads, wordsOf } from '../../storage/servers.ts'
import { readOnly, type Sql, sqlState, writableClock } from '../../storage/sql.ts'

type Check = { ok: boolean; detail: string }

/** Beyond these, a code can't be relied on to arrive, or deadlines on this machine's clock would be wrong. */
const oldestDue = seconds(60)
const mostSkew = seconds(5)
const patience = seconds(2)

/**
 * What this process needs to do its work: a database that takes writes, an outbox that moves, a clock that agrees with
 * the database's.
 */
export async function readiness(sql: Sql): Promise<Record<string, Check>> {
  const asked = Date.now()
  try {
    const skew = (await within(patience, writableClock(sql))) - (asked + Date.now()) / 2
    const { age, isMoving } = await within(patience, outboxAge(sql))
    return {
      database: { ok: true, detail: `answered in ${Date.now() - asked} ms` },
      outbox: {
        ok: age <= oldestDue || isMoving,
        detail: `the oldest due message has waited ${Math.round(age / 1000)} s`,
      },
      clock: {
        ok: Math.abs(skew) <= mostSkew,
        detail: `${Math.round(Math.abs(skew))} ms from the database's`,
      },
    }
  } catch (fault) {
    const onlyReads = fault instanceof OnlyReads || sqlState(fault) === readOnly
    const detail = onlyReads ? 'takes no writes: it is a standby, or it is set to read only' : wordsOf(fault)
    return { database: { ok: false, detail } }
  }
}

function within<Value>(limit: number, work: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${limit} ms`)), limit)
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
