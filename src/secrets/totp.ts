import { timingSafeEqual } from 'node:crypto'
import { HOTP, Secret, TOTP } from 'otpauth'
import { type Instant, seconds } from '../core/time.ts'
import type { Keyring } from './keyring.ts'

/** RFC 6238 §4.1, and what every authenticator app does whatever an address says: SHA-1, 6 digits, 30 seconds. */
const digits = 6
const period = seconds(30)
/** RFC 6238 §5.2: one step either way, for clocks that differ. At most three codes are right at once. */
const drift = 1

/** A new seed, base32: 160 bits (RFC 4226 §4 R6). */
export const newTotpSeed = (): string => new Secret({ size: 20 }).base32

/**
 * What a QR code tells an app: the seed, and under which names it files it, as a key URI
 * (github.com/google/google-authenticator/wiki/Key-Uri-Format). A colon parts issuer and account there, so that neither
 * may have one of its own, not even escaped.
 */
export const totpAddress = (seed: string, issuer: string, account: string): string =>
  new TOTP({
    issuer: withoutColons([...issuer].slice(0, longestIssuer).join('')),
    label: withoutColons(account),
    secret: Secret.fromBase32(seed),
  }).toString()

/** A name stands there twice, each letter as up to twelve: what is longer makes a code that no camera reads off a screen. */
const longestIssuer = 32

const withoutColons = (name: string): string => name.replaceAll(':', ' ').replace(/\s+/g, ' ').trim()

/**
 * The time step that a typed code belongs to, counted from the epoch; undefined where it is none of those that are
 * right now. All are compared, so that the time it takes says nothing.
 */
export function totpStep(seed: string, code: string, now: Instant): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  const secret = Secret.fromBase32(seed)
  const current = Math.floor(now / period)
  let found: number | undefined
  for (let step = current - drift; step <= current + drift; step += 1) {
    const right = HOTP.generate({ secret, counter: step, digits })
    if (timingSafeEqual(Buffer.from(right), Buffer.from(code))) found = step
  }
  return found
}

/** A seed as it is stored: bound to its account and item, so that moved to another it does not open. */
export const sealTotpSeed = (ring: Keyring, seed: string, accountId: string, itemId: string): Buffer =>
  ring.lasting.seal(seed, `totp ${accountId} ${itemId}`)

/** @returns undefined where it was sealed under a ring that was lost, or for another item */
export function openTotpSeed(
  ring: Keyring,
  sealed: Buffer,
  accountId: string,
  itemId: string,
): string | undefined {
  try {
    return ring.lasting.open(sealed, `totp ${accountId} ${itemId}`)
  } catch {
    return undefined
  }
}
