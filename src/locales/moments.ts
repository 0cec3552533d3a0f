import type { Instant } from '../core/time.ts'
import type { Locale } from '../core/verifications/message.ts'
import { formatTags } from './catalogue.ts'

/** A time of day with its zone, such as "10:52 UTC". */
export const formatTime = (locale: Locale, at: Instant, timeZone?: string): string =>
  formatter(locale, timeZone, { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }).format(at)

/** A time of day to the second, such as "10:42:03": for steps of one story, whose zone is told elsewhere. */
export const formatClock = (locale: Locale, at: Instant, timeZone?: string): string =>
  formatter(locale, timeZone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at)

/** A day and a time with its zone, the month in words, such as "22 November 2026 at 10:42 UTC". */
export const formatMoment = (locale: Locale, at: Instant, timeZone?: string): string =>
  formatter(locale, timeZone, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  }).format(at)

/** A day, the month in words, such as "22 November 2026". */
export const formatDay = (locale: Locale, at: Instant, timeZone?: string): string =>
  formatter(locale, timeZone, { day: 'numeric', month: 'long', year: 'numeric' }).format(at)

/** Making one takes near a millisecond. The names of zones come from browsers, so there is an end to how many are kept. */
const formatters = new Map<string, Intl.DateTimeFormat>()
const mostFormatters = 2000

function formatter(locale: Locale, timeZone: string | undefined, shape: Intl.DateTimeFormatOptions) {
  const name = `${locale}:${timeZone ?? 'UTC'}:${shape.day ?? ''}:${shape.hour ?? ''}:${shape.second ?? ''}`
  const known = formatters.get(name)
  if (known) return known
  if (formatters.size >= mostFormatters) formatters.clear()
  const fresh = new Intl.DateTimeFormat(formatTags[locale], {
    ...shape,
    timeZone: zoneOf(timeZone),
    hourCycle: 'h23',
    calendar: 'gregory',
  })
  formatters.set(name, fresh)
  return fresh
}

/** A zone that doesn't exist falls back to UTC: a code has to go out, whatever its reader's browser said. */
function zoneOf(name: string | undefined): string {
  if (name === undefined) return 'UTC'
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}
