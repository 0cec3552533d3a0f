import type { Refusal } from '../../../core/refusal.ts'
import { translate } from '../../../locales/catalogue.ts'
import { formatMoment, formatTime } from '../../../locales/moments.ts'
import { wordsOf } from '../../exchange/exchange.ts'
import { parametersOf } from '../../exchange/refusals.ts'
import type { Reader } from './reader.tsx'

/** A refusal as a person reads it: moments in their own zone, with the day where it isn't today. */
export function refusalWords(reader: Pick<Reader, 'locale' | 'timeZone' | 'now'>, refusal: Refusal) {
  const { locale, timeZone, now } = reader
  const words = wordsOf(parametersOf(refusal, now))
  for (const [name, value] of Object.entries(words)) {
    if (!name.endsWith('_at')) continue
    const at = Date.parse(String(value))
    const format = Math.abs(at - now) < 12 * 3_600_000 ? formatTime : formatMoment
    words[name] = format(locale, at, timeZone)
  }
  return {
    title: translate(locale, `refusal.${refusal.code}.title`),
    detail: translate(locale, `refusal.${refusal.code}.detail`, words),
    advice: translate(locale, `help.${refusal.code}.do`),
  }
}
