import { type Duration, type Instant, minutes, seconds } from '../../core/time.ts'
import { type Sql, writableClock } from '../../storage/sql.ts'
import { ClockSetBack } from '../clock.ts'

/** More than any delay of an answer can make it seem. */
const leastStep: Duration = seconds(5)
/** The longest that a code lives (NIST SP 800-63B-4 §3.1.3.2): what was made before the step has ended by then. */
const alarmLasts: Duration = minutes(10)

export type ClockWatch = ReturnType<typeof openClockWatch>

/**
 * Whether the database's clock goes on as time does. Beside a database on the same machine, comparing it with our own
 * clock shows nothing: both are set back together. So it is compared with the time that has passed since the last look.
 *
 * @param onSetBack told once a step
 * @param elapsed milliseconds on a clock that nobody sets
 */
export function openClockWatch(
  sql: Sql,
  onSetBack: (fault: ClockSetBack) => void,
  elapsed: () => Duration = () => performance.now(),
) {
  let last: { at: Instant; seenAt: Duration } | undefined
  let step: { by: Duration; seenAt: Duration } | undefined
  return {
    /** The database's clock. @throws where the database takes no writes */
    async look(): Promise<Instant> {
      const askedAt = elapsed()
      const at = await writableClock(sql)
      const by = last === undefined ? 0 : last.at + (askedAt - last.seenAt) - at
      last = { at, seenAt: elapsed() }
      if (by > leastStep) {
        step = { by, seenAt: last.seenAt }
        onSetBack(new ClockSetBack(by))
      }
      return at
    },
    /** By how much it was set back, while codes from before that may live longer than they should. */
    setBackBy: (): Duration | undefined =>
      step !== undefined && elapsed() - step.seenAt < alarmLasts ? step.by : undefined,
  }
}
