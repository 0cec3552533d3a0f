import type { Duration } from '../core/time.ts'

/**
 * The database's clock, by which deadlines are judged, was set back: what it says now is before something that has
 * happened already, so a deadline would be later than was promised.
 */
export class ClockSetBack extends Error {
  constructor(by: Duration) {
    super(
      `The database's clock was set back by ${inWords(by)}. Codes from before are refused until it has caught up: look at its time service.`,
    )
  }
}

const inWords = (time: Duration): string =>
  time < 120_000 ? `${Math.ceil(time / 1000)} s` : `${Math.ceil(time / 60_000)} min`
