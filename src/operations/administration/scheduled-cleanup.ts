import { repeatedFor } from '../../core/flows/flow.ts'
import { withDerived } from '../../core/limits.ts'
import type { Policy } from '../../core/policy.ts'
import { type Duration, days, minutes, seconds } from '../../core/time.ts'
import { removeOldActivity } from '../../storage/activity.ts'
import { removeOldChanges, removeOldItems, removeOldNotices } from '../../storage/change.ts'
import { eraseSeeds, removeExpiredFlows } from '../../storage/flow.ts'
import { removeOldReports } from '../../storage/report.ts'
import {
  removeOldInbox,
  removeOldLimits,
  removeOldPhoneSpend,
  removeOldVerifications,
} from '../../storage/retention.ts'
import { removeOldBrowsers, removeOldSessions } from '../../storage/session.ts'
import type { Database } from '../../storage/sql.ts'
import { eraseExpiredCodes } from '../../storage/verification.ts'
import { notifyOfGuessing } from '../changes/notify-of-guessing.ts'
import { notifyOfUndos } from '../changes/notify-of-undos.ts'

const eraseEvery = seconds(20)
const removeEvery = minutes(5)
const tellEvery = minutes(1)
/** Between two batches of removal, so that other work comes first. */
const pause = 50

export type ScheduledCleanup = { stop(): Promise<void> }

/** One thing that is tidied in batches. */
type Chore = { about: string /** @returns whether there may be more */; batch: () => Promise<boolean> }

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
  const { retention } = policy
  let stopped = false

  const rounds = [
    repeat(eraseEvery, [
      removing('Erasing expired codes', () => eraseExpiredCodes(sql)),
      removing('Erasing the seeds of sessions', () => eraseSeeds(sql, repeatedFor)),
    ]),
    repeat(removeEvery, [
      removing('Removing old verifications', () => removeOldVerifications(sql, retention.verifications)),
      removingLimits(),
      removing('Removing old activity', () => removeOldActivity(sql)),
      removing('Removing old mail of the inbox', () => removeOldInbox(sql, retention.inbox)),
      once('Removing what texts cost', () => removeOldPhoneSpend(sql)),
      removing('Removing expired flows', () => removeExpiredFlows(sql)),
      removing('Removing old changes', () => removeOldChanges(sql)),
      removing('Removing removed items', () => removeOldItems(sql)),
      removing('Removing old notices', () => removeOldNotices(sql)),
      removing('Removing old reports', () => removeOldReports(sql)),
      removing('Removing old sessions', () => removeOldSessions(sql)),
      removing('Removing old browsers', () => removeOldBrowsers(sql)),
    ]),
    repeat(tellEvery, [
      once('Telling of announced undos', () => notifyOfUndos(database)),
      once('Telling of guesses at passwords', () => notifyOfGuessing(database)),
    ]),
  ]

  function removingLimits(): Chore {
    let after: Buffer | undefined
    return {
      about: 'Removing old limits',
      async batch() {
        after = await removeOldLimits(sql, limitsKept(policy), after)
        return after !== undefined
      },
    }
  }

  /** Every so often, unless the round before is still under way. */
  function repeat(every: number, chores: readonly Chore[]): { end(): Promise<void> } {
    let round: Promise<void> | undefined
    const begin = () => {
      round ??= runChores(chores).finally(() => {
        round = undefined
      })
    }
    begin()
    const timer = setInterval(begin, every)
    return {
      async end() {
        clearInterval(timer)
        await round
      },
    }
  }

  /** A batch of each in turn, so that none waits for one that has much to do, and one that fails stops no other. */
  async function runChores(chores: readonly Chore[]): Promise<void> {
    let unfinished = chores
    while (unfinished.length > 0 && !stopped) {
      const more: Chore[] = []
      for (const chore of unfinished) {
        if (!stopped && (await runBatch(chore))) more.push(chore)
      }
      unfinished = more
      if (unfinished.length > 0) await rest()
    }
  }

  async function runBatch({ about, batch }: Chore): Promise<boolean> {
    try {
      return await batch()
    } catch (fault) {
      onFault(fault, about)
      return false
    }
  }

  return {
    async stop() {
      stopped = true
      await Promise.all(rounds.map((round) => round.end()))
    },
  }
}

const removing = (about: string, remove: () => Promise<number>): Chore => ({
  about,
  batch: async () => (await remove()) > 0,
})

const once = (about: string, work: () => Promise<void>): Chore => ({
  about,
  async batch() {
    await work()
    return false
  },
})

const rest = () => new Promise((resolve) => setTimeout(resolve, pause))

/** A limit row is needed while any window of its kind can still see its newest hit; a day at the least, for checks lock it. */
const limitsKept = (policy: Policy): ReadonlyMap<string, Duration> =>
  new Map(
    Object.entries(withDerived(policy.limits)).map(([kind, { sends, failures }]) => [
      kind,
      Math.max(days(1), ...[...sends, ...failures].map((window) => window.within)),
    ]),
  )
