import { type Item, type ItemKind, isContact } from './security-info.ts'
import { type Duration, days, type Instant } from './time.ts'

/** A browser that is trusted is forgotten when nobody signs in on it for this long. */
export const trustIdle: Duration = days(60)

/**
 * "Don't ask again in this browser".
 *
 *     trusted --60 days unused--> lapsed (computed)
 *        '----password change, sign out everywhere, removed, two-step off--> ended
 *
 * It saves its owner the second proof at sign-in and nothing else: it proves nothing by itself.
 */
export type Trust = { trustedAt: Instant; usedAt: Instant }

export const isTrusted = (trust: Trust | undefined, now: Instant): boolean =>
  trust !== undefined && now < trust.usedAt + trustIdle

/** The kinds by which an account can prove itself. A recovery code is for when they are lost, and counts as none. */
export const provableKinds = (items: readonly Item[]): ReadonlySet<ItemKind> =>
  new Set(
    items
      .filter((item) => item.provenAt !== undefined && item.kind !== 'recovery_code')
      .map(({ kind }) => kind),
  )

/** Two kinds, so that losing one locks nobody out; and a contact, so that every change can be told. */
export const supportsTwoStep = (items: readonly Item[]): boolean =>
  provableKinds(items).size >= 2 && items.some((item) => isContact(item) && item.provenAt !== undefined)
