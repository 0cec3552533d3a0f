import type { Proof } from '../core/proving/proof.ts'
import type { Instant } from '../core/time.ts'
import type { LimitKey } from '../core/verifications/limits.ts'
import type { Locale } from '../core/verifications/message.ts'
import type { Keyring } from '../secrets/keyring.ts'
import { reportedAmong } from '../storage/report.ts'
import type { Deps } from './deps.ts'
import { networksOf } from './verifications/limits.ts'

/**
 * Where a person's request comes from: the browser by the hash of its cookie, and the network address. `origin` is the
 * service's own, which passkeys are bound to.
 */
export type Source = {
  browser: Buffer
  ip: string
  userAgent: string | undefined
  /** An IANA name, where the browser told it. */
  timeZone?: string | undefined
  locale: Locale
  origin: string
}

/** Who asks for something, and when: what most operations need of a request. */
export type RequestContext = { source: Source; now: Instant }

/** Who is signed in, in one tab: the account, by what it proved itself, and the session to bind forms to. */
export type SignedInSession = {
  accountId: string
  sessionId: string
  handle: string
  proofs: Proof[]
  /** What is stored of the secret that the cookie brought. */
  secretHash: Buffer
  /** The database's clock, by which the proofs were dated. */
  now: Instant
}

/** Whether a flow belongs to this session: what is proved for one account is nothing to another. */
export const isOf = (
  state: { accountId: string; sessionId: string },
  session: Pick<SignedInSession, 'accountId' | 'sessionId'>,
): boolean => state.accountId === session.accountId && state.sessionId === session.sessionId

/** What a send asked for on a page counts against besides its destination. */
export function sourceSendKeys(ring: Keyring, source: Source): LimitKey[] {
  const { host, network } = networksOf(source.ip)
  return [
    { kind: 'browser', key: ring.lookupHash('browser', source.browser.toString('hex')) },
    { kind: 'ip', key: ring.lookupHash('page ip', host) },
    { kind: 'network', key: ring.lookupHash('page network', network) },
  ]
}

/**
 * The same, and where its browser or address was reported in the last day, its half of them. A network is not halved:
 * it belongs to many.
 */
export const sendKeysOf = (deps: Deps, source: Source): Promise<LimitKey[]> =>
  withHalves(deps, sourceSendKeys(deps.keyring.current(), source))

/** What a send counts against, and for each source that was reported in the last day its half of what others may. */
export async function withHalves(deps: Deps, keys: readonly LimitKey[]): Promise<LimitKey[]> {
  const ring = deps.keyring.current()
  const reported = await reportedAmong(deps.database.sql, reportableKeys(keys))
  const halves = keys
    .filter(({ key }) => reported.some((one) => one.equals(key)))
    .map(
      ({ kind, key }): LimitKey => ({
        kind: kind === 'browser' ? 'reported_browser' : 'reported_ip',
        key: ring.lookupHash('reported', key.toString('hex')),
      }),
    )
  return [...keys, ...halves]
}

/** What a report counts against. */
export const reportableKeys = (keys: readonly LimitKey[]): Buffer[] =>
  keys.filter(({ kind }) => kind === 'browser' || kind === 'ip').map(({ key }) => key)

/**
 * The same for a code that an application asked for somebody at this address: what they may ask of that application, and on
 * the pages. Another application has counts of its own.
 */
export const endUserKeys = (ring: Keyring, applicationId: string, ip: string): Buffer[] => {
  const { host } = networksOf(ip)
  return [ring.lookupHash('ip', applicationId, host), ring.lookupHash('page ip', host)]
}

/** What a guess at a password counts against whatever account it is for. */
export const sourceGuessKey = (ring: Keyring, source: Source): LimitKey => ({
  kind: 'ip',
  key: ring.lookupHash('page ip', networksOf(source.ip).host),
})

/** What a guess at the code of a sign-up counts against: whoever guesses right has an account of somebody else's address. */
export function signUpGuessKeys(ring: Keyring, source: Source): LimitKey[] {
  const { host, network } = networksOf(source.ip)
  return [
    { kind: 'sign_up_codes', key: ring.lookupHash('sign-up codes', host) },
    { kind: 'network', key: ring.lookupHash('sign-up codes network', network) },
  ]
}

/** The wrong codes, and wrong passwords, of one browser that an account knows: its own, whatever strangers do. */
export const knownCodesKey = (ring: Keyring, whose: string, source: Source): LimitKey => ({
  kind: 'known_codes',
  key: ring.lookupHash('known codes', whose, source.browser.toString('hex')),
})

export const knownPasswordsKey = (ring: Keyring, whose: string, source: Source): LimitKey => ({
  kind: 'known_passwords',
  key: ring.lookupHash('known passwords', whose, source.browser.toString('hex')),
})
