import { seconds } from '../../core/time.ts'
import { outboxAge } from '../../storage/message.ts'
import { OnlyReads, wordsOf } from '../../storage/servers.ts'
import { readOnly, type Sql, sqlState } from '../../storage/sql.ts'
import type { ClockWatch } from './clock-watch.ts'

type Check = { ok: boolean; detail: string }

/** Beyond these, a code can't be relied on to arrive, or deadlines on this machine's clock would be wrong. */
const oldestDue = seconds(60)
const mostSkew = seconds(5)
const patience = seconds(2)

/**
 * What this process needs to do its work: a database that takes writes, an outbox that moves, a clock that agrees with
 * the database's, which was not set back.
 */
export async function readiness(sql: Sql, clock: ClockWatch): Promise<Record<string, Check>> {
  const asked = Date.now()
  try {
    const skew = (await within(patience, clock.look())) - (asked + Date.now()) / 2
    const setBackBy = clock.setBackBy()
    const age = await within(patience, outboxAge(sql))
    return {
      database: { ok: true, detail: `answered in ${Date.now() - asked} ms` },
      outbox: {
        ok: age <= oldestDue,
        detail: `the oldest due message has waited ${Math.round(age / 1000)} s`,
      },
      clock: {
        ok: Math.abs(skew) <= mostSkew && setBackBy === undefined,
        detail:
          setBackBy === undefined
            ? `${Math.round(Math.abs(skew))} ms from the database's`
            : `the database's was set back by ${Math.round(setBackBy / 1000)} s in the last 10 minutes`,
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
