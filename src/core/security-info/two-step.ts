import { type Duration, days, type Instant } from '../time.ts'
import { standsAlone } from './item-standing.ts'
import { type Item, isContact } from './security-info.ts'

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

/**
 * Two kinds, so that losing one locks nobody out; and a contact, so that every change can be told. A recovery code is for
 * when they are lost, and counts as none.
 */
export function supportsTwoStep(items: readonly Item[], now: Instant): boolean {
  const standing = items.filter((item) => standsAlone(item, now) && item.kind !== 'recovery_code')
  return new Set(standing.map(({ kind }) => kind)).size >= 2 && standing.some(isContact)
}
