import { type Address, destinationOf } from '../core/address.ts'
import type { LimitKey } from '../core/limits.ts'
import {
  codePools,
  decoyCodePools,
  type Origin,
  originPools,
  type Pool,
  passwordPools,
  sendPools,
  type Trust,
  workPools,
} from '../core/proving/trust.ts'
import type { HashingPlace } from '../secrets/hashing-line.ts'
import type { Keyring } from '../secrets/keyring.ts'
import { isKnownBrowser } from '../storage/session.ts'
import type { Deps } from './deps.ts'
import { networksOf } from './networks.ts'
import { type Requester, withHalves } from './requester.ts'

const originOf = ({ browser, ip }: Requester): Origin => ({
  browser: browser.toString('hex'),
  ...networksOf(ip),
})

export const limitKey = (ring: Keyring, { kind, name, hidden }: Pool): LimitKey => {
  const [label = '', ...parts] = name
  return { kind, key: ring.lookupHash(label, ...parts), ...(hidden && { hidden: true }) }
}

const limitKeys = (deps: Deps, pools: readonly Pool[]): LimitKey[] => {
  const ring = deps.keyring.current()
  return pools.map((pool) => limitKey(ring, pool))
}

/** The level of somebody on the way to an account: a browser that it knows, or a stranger at this stage. */
export async function trustOf(
  deps: Deps,
  { accountId, otherwise }: { accountId: string; otherwise: Trust },
  requester: Requester,
): Promise<Trust> {
  const known = await isKnownBrowser(deps.database.sql, accountId, requester.browser)
  return known ? { level: 'known_browser', accountId } : otherwise
}

/** What sending a code to an address counts against, and for a source that was reported in the last day its half. */
export async function sendKeys(
  deps: Deps,
  trust: Trust,
  to: Address,
  requester: Requester,
): Promise<{ address: LimitKey; origin: LimitKey[] }> {
  const named = { kind: to.kind, address: destinationOf(to) }
  const pools = sendPools(trust, named, originOf(requester))
  const origin = await withHalves(deps, limitKeys(deps, pools.origin))
  return { address: limitKey(deps.keyring.current(), pools.address), origin }
}

/** What sending counts against for the address alone. */
export const addressKey = (deps: Deps, trust: Trust, to: Address, requester: Requester): LimitKey =>
  limitKey(
    deps.keyring.current(),
    sendPools(trust, { kind: to.kind, address: destinationOf(to) }, originOf(requester)).address,
  )

/** The same without the limits of an address. */
export const originKeys = (deps: Deps, trust: Trust, requester: Requester): LimitKey[] =>
  limitKeys(deps, originPools(trust, originOf(requester)))

/** What a wrong code counts against besides its destination. */
export const codeKeys = (
  deps: Deps,
  trust: Trust,
  requester: Requester,
  itemId: string | undefined,
): LimitKey[] => limitKeys(deps, codePools(trust, originOf(requester), itemId))

export const decoyCodeKeys = (deps: Deps, of: string, typedHash: string): LimitKey[] =>
  limitKeys(deps, decoyCodePools(of, typedHash))

/** What a typed password counts against; `work` whether it is right or wrong. */
export function passwordKeys(
  deps: Deps,
  trust: Trust,
  requester: Requester,
): { account: LimitKey; origin: LimitKey[]; work: LimitKey[] } {
  const { account, origin } = passwordPools(trust, originOf(requester))
  const work = workPools(trust, originOf(requester), 'password compared')
  return {
    account: limitKey(deps.keyring.current(), account),
    origin: limitKeys(deps, origin),
    work: limitKeys(deps, work),
  }
}

/** What beginning a sign-in counts against. */
export const beginningKeys = (deps: Deps, trust: Trust, requester: Requester): LimitKey[] =>
  limitKeys(deps, workPools(trust, originOf(requester), 'sign-in begun'))

/** Where somebody waits for their password to be hashed: strangers by their network, everybody else by themselves. */
export function hashingPlace(trust: Trust, requester: Requester): HashingPlace {
  const origin = originOf(requester)
  if (trust.level === 'stranger') return { level: 'stranger', group: origin.network }
  const [pool] = workPools(trust, origin, 'password compared')
  return { level: 'known', group: pool?.name.join(' ') ?? '' }
}
