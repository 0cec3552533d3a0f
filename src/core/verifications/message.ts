import type { Instant } from '../time.ts'

/** Languages that the product speaks in full; the first is the fallback. */
export const locales = ['en', 'ar', 'ja'] as const
export type Locale = (typeof locales)[number]

/** Browser and system by names of ours, never by what the browser calls itself, and the network address. */
export type AskedFrom = { browser?: string | undefined; system?: string | undefined; ip?: string | undefined }

/** All that a message carrying a code says. */
export type CodeMessage = {
  purpose: Purpose
  code: string
  /** The short reference that is also shown on the page that waits for this code. */
  reference: string
  /** Who asks, for the reader: the application's name. */
  operator: string
  expiresAt: Instant
  askedAt: Instant
  /** IANA name of the reader's time zone, where it is known; else times are told in UTC. */
  timeZone?: string | undefined
  /** Where it was asked from; of an application's nothing is known. */
  askedFrom?: AskedFrom | undefined
  /** Where the operator answers "I didn't ask for this", made from PUBLIC_URL. */
  reportUrl: string
  /** Last line of a text message, `@host #code` (origin-bound one-time codes). */
  host: string
}

/**
 * What a message says. A decoy stands in the outbox for a name that has no account, so that asking takes the same work
 * and time; it is never sent.
 */
export type MessageKind = 'code' | 'account_exists' | 'decoy'

/** What a code is for. A code asked for one purpose is worth nothing for another. */
export type Purpose = 'verification' | 'sign_up' | 'sign_in' | 'step_up' | 'add_item' | 'undo_change'
