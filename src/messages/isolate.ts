import type { Locale } from '../core/verifications/message.ts'
import { directions } from '../locales/catalogue.ts'

/** In a right-to-left sentence a Latin name is fenced off (FSI … PDI), so that it can't pull the words around it along. */
export const isolate = (locale: Locale, text: string): string =>
  directions[locale] === 'rtl' ? `\u2068${text}\u2069` : text
