import ipaddr from 'ipaddr.js'
import { type Address, destinationOf } from '../../core/address.ts'
import type { RefusalOf, SendLimit } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { type LimitKey, waitUntil } from '../../core/verifications/limits.ts'
import type { VerificationRequest } from '../../core/verifications/verification.ts'
import type { Keyring } from '../../secrets/keyring.ts'
import { readLogs } from '../../storage/limits.ts'
import type { Deps } from '../deps.ts'

/** The row whose logs hold the sends to, and the wrong codes for, one destination of one application. */
export const destinationKey = (keyring: Keyring, applicationId: string, address: Address): LimitKey => ({
  kind: address.kind,
  key: keyring.lookupHash(address.kind, applicationId, destinationOf(address)),
})

/**
 * What else one send counts against: the end user's address and network where the application gives one, else the
 * application's own quota.
 *
 * @param shard which shard of the quota to count on
 */
export function sourceKeys(
  keyring: Keyring,
  applicationId: string,
  request: VerificationRequest,
  shard: number,
): LimitKey[] {
  if (request.endUserIp === undefined) return [quotaKey(keyring, applicationId, shard)]
  const { host, network } = networksOf(request.endUserIp)
  return [
    { kind: 'ip', key: keyring.lookupHash('ip', applicationId, host) },
    { kind: 'network', key: keyring.lookupHash('network', applicationId, network) },
  ]
}

export const quotaKey = (keyring: Keyring, applicationId: string, shard: number): LimitKey => ({
  kind: 'quota',
  key: keyring.lookupHash('quota', applicationId, String(shard)),
})

/**
 * One address stands for its /64 where it is IPv6, since a household or a host owns that many; its network is the /48,
 * or the /24 of an IPv4 address. An IPv4 address written as IPv6 is the same address.
 */
export function networksOf(ip: string): { host: string; network: string } {
  const address = ipaddr.process(ip)
  const bytes = address.toByteArray()
  const prefix = (bits: number) => `${Buffer.from(bytes.slice(0, bits / 8)).toString('hex')}/${bits}`
  return address.kind() === 'ipv4'
    ? { host: prefix(32), network: prefix(24) }
    : { host: prefix(64), network: prefix(48) }
}

/** That network as people write it, such as 203.0.113.0/24. */
export function networkText(ip: string): string {
  const address = ipaddr.process(ip)
  return address.kind() === 'ipv4'
    ? `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/24`)}/24`
    : `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/48`)}/48`
}

/** Which key refuses, and until when; the one that waits longest where several do. */
export async function whyLimited(
  deps: Deps,
  keys: readonly LimitKey[],
): Promise<RefusalOf<'sends_limit'> | undefined> {
  const logs = await readLogs(deps.database.sql, keys)
  const waits = logs.flatMap((log) => {
    const key = keys.find((k) => k.key.equals(log.key))
    const retryAt = key && waitUntil(log.sends, deps.limits.rules[key.kind]?.sends ?? [], log.now)
    return key && retryAt !== undefined
      ? [{ code: 'sends_limit' as const, limit: key.kind.replace('reported_', '') as SendLimit, retryAt }]
      : []
  })
  return waits.sort((a, b) => b.retryAt - a.retryAt)[0]
}

/** A quota's shard may be full while others are not: so many are tried before a request is refused. */
export const shardsTried = 4

/** Whether only a shard of the quota was full, or nothing is any more. */
export const mayPassOnAnotherShard = (refusal: { limit: SendLimit } | undefined): boolean =>
  refusal === undefined || refusal.limit === 'quota'

/** Until when one of these keys takes no more guesses; undefined where all do. */
export async function guessesWait(deps: Deps, keys: readonly LimitKey[]): Promise<Instant | undefined> {
  const waits = await waitsOf(deps, keys)
  return waits.length === 0 ? undefined : Math.max(...waits.map(({ until }) => until))
}

/** Which of these keys take no more guesses. */
export const fullOf = async <Key extends LimitKey>(deps: Deps, keys: readonly Key[]): Promise<Key[]> =>
  (await waitsOf(deps, keys)).map(({ key }) => key)

/** Why a code may not be guessed at; undefined where nothing speaks against it. What is hushed says nothing. */
export async function whyNoGuess(
  deps: Deps,
  keys: readonly LimitKey[],
): Promise<RefusalOf<'item_closed' | 'wrong_codes_limit'> | undefined> {
  const waits = await waitsOf(
    deps,
    keys.filter(({ hushed }) => !hushed),
  )
  if (waits.some(({ key }) => key.kind === 'item_codes')) return { code: 'item_closed' }
  const retryAt = Math.max(...waits.map(({ until }) => until))
  return waits.length === 0 ? undefined : { code: 'wrong_codes_limit', retryAt }
}

async function waitsOf<Key extends LimitKey>(
  deps: Deps,
  keys: readonly Key[],
): Promise<{ key: Key; until: Instant }[]> {
  return (await readLogs(deps.database.sql, keys)).flatMap((log) => {
    const key = keys.find((k) => k.key.equals(log.key))
    const until = key && waitUntil(log.failures, deps.limits.rules[key.kind]?.failures ?? [], log.now)
    return key === undefined || until === undefined ? [] : [{ key, until }]
  })
}
