import { type Context, createContext, useContext } from 'hono/jsx'
import type { Instant } from '../../../core/time.ts'
import type { Locale } from '../../../core/verifications/message.ts'
import { type SentenceKey, translate } from '../../../locales/catalogue.ts'
import type { Site } from './site.ts'

/** Who reads a page, and where: what every component may need of the request it is part of. */
export type Reader = {
  site: Site
  locale: Locale
  /** IANA name, as the reader's browser told; undefined before the first script has run: then times are in UTC. */
  timeZone: string | undefined
  now: Instant
  requestId: string
  /** Path and query of this page: links that change how it is shown come back to it. */
  here: string
  /** Whether it shows what belongs to one account: brought from a browser's memory, it is asked for anew. */
  personal: boolean
}

export const ReaderContext: Context<Reader | undefined> = createContext<Reader | undefined>(undefined)

/** @throws outside of `answerPage` */
export function useReader(): Reader {
  const reader = useContext(ReaderContext)
  if (reader === undefined) throw new Error('A component was rendered outside of answerPage.')
  return reader
}

/** Says a sentence of locales/*.json in the reader's language. */
export type Say = (key: SentenceKey, values?: Readonly<Record<string, string | number>>) => string

export function useSay(): Say {
  const { locale } = useReader()
  return (key, values) => translate(locale, key, values)
}
