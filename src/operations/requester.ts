import type { LimitKey } from '../core/limits.ts'
import type { Proof } from '../core/proving/proof.ts'
import type { Instant } from '../core/time.ts'
import type { Locale } from '../core/verifications/message.ts'
import type { Keyring } from '../secrets/keyring.ts'
import { reportedAmong } from '../storage/report.ts'
import type { Deps } from './deps.ts'
import { networksOf } from './networks.ts'

/**
 * Where a person's request comes from: the browser by the hash of its cookie, and the network address. `origin` is the
 * service's own, which passkeys are bound to.
 */
export type Requester = {
  browser: Buffer
  ip: string
  userAgent: string | undefined
  /** An IANA name, where the browser told it. */
  timeZone?: string | undefined
  locale: Locale
  origin: string
}

/** Who asks for something, and when: what most operations need of a request. */
export type RequestContext = { requester: Requester; now: Instant }

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

/** What a guess at the code of a sign-up counts against: whoever guesses right has an account of somebody else's address. */
export function signUpGuessKeys(ring: Keyring, requester: Requester): LimitKey[] {
  const { host, network } = networksOf(requester.ip)
  return [
    { kind: 'sign_up_codes', key: ring.lookupHash('sign-up codes', host) },
    { kind: 'network', key: ring.lookupHash('sign-up codes network', network) },
  ]
}
