import type { Instant } from '../../../core/time.ts'
import { formatClock, formatDay, formatMoment, formatTime } from '../../../locales/moments.ts'
import { useReader, useSay } from './reader.tsx'

const formats = { clock: formatClock, time: formatTime, day: formatDay, moment: formatMoment }

/** A moment in the reader's zone: `clock` to the second without its zone, `time` with it, `moment` with its day, `day` alone. */
export function Moment({ at, shape }: { at: Instant; shape: keyof typeof formats }) {
  const { locale, timeZone } = useReader()
  return (
    <time datetime={new Date(at).toISOString()} data-shape={shape}>
      {formats[shape](locale, at, timeZone)}
    </time>
  )
}

/** A wait that has an end: "at 10:43:05", which a script turns into "in 0:24" and, when it is over, into "now". */
export function Clock({ until }: { until: Instant }) {
  const { locale, timeZone, now } = useReader()
  const say = useSay()
  if (until <= now) return <time>{say('page.now')}</time>
  return (
    <time
      class="numbers"
      datetime={new Date(until).toISOString()}
      data-left={say('page.inTime', { left: '{left}' })}
      data-done={say('page.now')}
    >
      {say('page.atTime', { time: formatClock(locale, until, timeZone) })}
    </time>
  )
}
