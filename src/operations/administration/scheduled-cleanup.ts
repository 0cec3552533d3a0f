import { repeatedFor } from '../../core/flows/flow.ts'
import { withDerived } from '../../core/limits.ts'
import type { Policy } from '../../core/policy.ts'
import { type Duration, days, type Instant, minutes, seconds } from '../../core/time.ts'
import { removeOldActivity } from '../../storage/activity.ts'
import { removeOldChanges } from '../../storage/change.ts'
import { eraseSeeds, removeExpiredFlows } from '../../storage/flow.ts'
import { removeOldReports } from '../../storage/report.ts'
import {
  removeOldInbox,
  removeOldLimits,
  removeOldPhoneSpend,
  removeOldVerifications,
} from '../../storage/retention.ts'
import { removeOldSessions } from '../../storage/session.ts'
import type { Database } from '../../storage/sql.ts'
import { eraseExpiredCodes } from '../../storage/verification.ts'
import { notifyOfGuessing } from '../changes/notify-of-guessing.ts'
import { notifyOfUndos } from '../changes/notify-of-undos.ts'

const eraseEvery = seconds(20)
const removeEvery = minutes(5)
const tellEvery = minutes(1)
/** An erasing round looks back this far, so that one that failed is made up for by the next. */
const eraseLooksBack = minutes(15)
/** Between two batches of removal, so that other work comes first. */
const pause = 50

export type ScheduledCleanup = { stop(): Promise<void> }

/**
 * What is done by the clock: the sealed codes of expired verifications are erased, what is older than the policy keeps is
 * removed, and contacts are told again of what is announced.
 */
export function startScheduledCleanup(
  database: Database,
  policy: Policy,
  onFault: (fault: unknown, about: string) => void,
): ScheduledCleanup {
  const { sql } = database
  let stopped = false
  let running: Promise<void> = Promise.resolve()
  let eraseSince: Instant = 0

  const timers = [
    repeat(eraseEvery, 'Erasing expired codes', async () => {
      eraseSince = (await eraseExpiredCodes(sql, eraseSince)) - eraseLooksBack
      await eraseSeeds(sql, repeatedFor)
    }),
    repeat(removeEvery, 'Removing what is old', removeAllOld),
    repeat(tellEvery, 'Telling of announced undos', () => notifyOfUndos(database)),
    repeat(tellEvery, 'Telling of guesses at passwords', () => notifyOfGuessing(database)),
  ]

  async function removeAllOld(): Promise<void> {
    while (!stopped && (await removeOldVerifications(sql, policy.retention.verifications)) > 0) await rest()
    let after: Buffer | undefined
    do {
      after = await removeOldLimits(sql, limitsKept(policy), after)
      await rest()
    } while (!stopped && after !== undefined)
    while (!stopped && (await removeOldActivity(sql)) > 0) await rest()
    await removeOldInbox(sql, policy.retention.inbox)
    await removeOldPhoneSpend(sql)
    await removeExpiredFlows(sql)
    await removeOldChanges(sql)
    await removeOldReports(sql)
    await removeOldSessions(sql)
  }

  function repeat(every: number, about: string, work: () => Promise<void>): NodeJS.Timeout {
    const run = () => {
      running = running.then(work).catch((fault) => onFault(fault, about))
    }
    run()
    return setInterval(run, every)
  }

  return {
    async stop() {
      stopped = true
      for (const timer of timers) clearInterval(timer)
      await running
    },
  }
}

const rest = () => new Promise((resolve) => setTimeout(resolve, pause))

/** A limit row is needed while any window of its kind can still see its newest hit; a day at the least, for checks lock it. */
const limitsKept = (policy: Policy): ReadonlyMap<string, Duration> =>
  new Map(
    Object.entries(withDerived(policy.limits)).map(([kind, { sends, failures }]) => [
      kind,
      Math.max(days(1), ...[...sends, ...failures].map((window) => window.within)),
    ]),
  )
