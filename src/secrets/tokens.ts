import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Keyring } from './keyring.ts'
import { uuidOf } from './random.ts'

/** The cookie that names a browser: 256 random bits; stored only as a hash. */
export const newBrowserToken = (): string => randomBytes(32).toString('base64url')

export const isBrowserToken = (text: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(text)

export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()

/**
 * The cookie that holds a session: account, session and secret, so that one look-up touches one shard and what is
 * stored does not open it.
 */
export type SessionToken = { accountId: string; sessionId: string; secretHash: Buffer }

/**
 * What a flow keeps for a minute after its end, so that its last form, sent twice, is answered with the same token both
 * times: whichever answer the browser keeps, it lives. Nobody can make the token of it without the key ring, and once it
 * is erased nobody can.
 */
export const newSessionSeed = (): string => randomBytes(32).toString('base64url')

/** The token of the session that a flow leads to. */
export function sessionTokenOf(
  ring: Keyring,
  accountId: string,
  seed: string,
): SessionToken & { text: string } {
  const id = ring.lookupHash('session id', accountId, seed).subarray(0, 16)
  const secret = ring.lookupHash('session secret', accountId, seed)
  const account = Buffer.from(accountId.replaceAll('-', ''), 'hex')
  return {
    text: Buffer.concat([account, id, secret]).toString('base64url'),
    accountId,
    sessionId: uuidOf(id),
    secretHash: createHash('sha256').update(secret).digest(),
  }
}

/** The token of a session that has risen by a flow. */
export function rotatedSessionToken(
  ring: Keyring,
  session: { accountId: string; sessionId: string },
  seed: string,
): { text: string; secretHash: Buffer } {
  const secret = ring.lookupHash('risen session', session.sessionId, seed)
  const ids = Buffer.from(`${session.accountId}${session.sessionId}`.replaceAll('-', ''), 'hex')
  return {
    text: Buffer.concat([ids, secret]).toString('base64url'),
    secretHash: createHash('sha256').update(secret).digest(),
  }
}

export function parseSessionToken(text: string): SessionToken | undefined {
  if (!/^[A-Za-z0-9_-]{86}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  return {
    accountId: uuidOf(bytes.subarray(0, 16)),
    sessionId: uuidOf(bytes.subarray(16, 32)),
    secretHash: createHash('sha256').update(bytes.subarray(32)).digest(),
  }
}

/** What stands in an address for one account in one browser: steady, and the same for nobody else. */
export const accountHandle = (ring: Keyring, browser: Buffer, accountId: string): string =>
  ring.lookupHash('handle', browser.toString('hex'), accountId).subarray(0, 9).toString('base64url')

/** What a form names one of an account's browsers by: not the hash that is stored of its cookie. */
export const browserKey = (ring: Keyring, accountId: string, browser: Buffer): string =>
  ring.lookupHash('browser of', accountId, browser.toString('hex')).subarray(0, 12).toString('base64url')

/** Binds a form to the browser it was made for and to what it acts on: a flow, or a session and its handle. */
export const formToken = (ring: Keyring, browser: Buffer, scope: string): string =>
  ring.lookupHash('form', browser.toString('hex'), scope).toString('base64url')

export function isFormToken(ring: Keyring, browser: Buffer, scope: string, given: string): boolean {
  const wanted = Buffer.from(formToken(ring, browser, scope))
  const typed = Buffer.from(given)
  return wanted.length === typed.length && timingSafeEqual(wanted, typed)
}

/** A one-time link's token, and what is stored of it. */
export function newLinkToken(): { text: string; hash: Buffer } {
  const text = randomBytes(32).toString('base64url')
  return { text, hash: hashToken(text) }
}
