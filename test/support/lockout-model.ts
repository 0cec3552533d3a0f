import fc from 'fast-check'
import { decideHit, withDerived } from '../../src/core/limits.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import {
  codePools,
  type Origin,
  type Pool,
  passwordPools,
  sendPools,
  type Trust,
} from '../../src/core/proving/trust.ts'
import type { Instant } from '../../src/core/time.ts'

type Does = 'send' | 'code' | 'password'
export type StrangersAct = { by: Trust; does: Does; from: Origin }

/** Strangers come in any number of browsers and networks but the owner's, some of them with the password. */
export const strangersAct: fc.Arbitrary<StrangersAct> = fc.record({
  by: fc.constantFrom<Trust>(
    { level: 'stranger', stage: 'before the password', of: 'owner' },
    { level: 'stranger', stage: 'before the password', of: 'name owner@example.org' },
    { level: 'stranger', stage: 'past the password', of: 'owner' },
    { level: 'stranger', stage: 'undoing', of: 'owner' },
    // A session of a stranger's own account, and a browser that knows it.
    { level: 'session', sessionId: 'a stranger’s session' },
    { level: 'known_browser', accountId: 'a stranger' },
  ),
  does: fc.constantFrom<Does>('send', 'code', 'password'),
  from: fc
    .record({ browser: fc.nat(40), host: fc.nat(30) })
    .map(({ browser, host }) => ({ browser: `b${browser}`, host: `h${host}`, network: `n${host >> 2}` })),
})

const own: Origin = { browser: 'own browser', host: 'own host', network: 'own network' }
const address = { kind: 'email', address: 'owner@example.org' } as const

/** The limits of one account's address, as the levels of trust count them. */
export function openLockoutModel(limits = defaultPolicy.limits) {
  const rules = withDerived(limits)
  const logs = new Map<string, readonly Instant[]>()

  /** Counts on every pool, or on none where one of them is full. */
  function count(pools: readonly Pool[], log: 'sends' | 'failures', now: Instant): boolean {
    const hits = pools.map((pool) => {
      const row = `${log} ${pool.name.join(' ')}`
      return { row, decision: decideHit(logs.get(row) ?? [], rules[pool.kind]?.[log] ?? [], now) }
    })
    if (hits.some(({ decision }) => !decision.allowed)) return false
    for (const { row, decision } of hits) if (decision.allowed) logs.set(row, decision.log)
    return true
  }

  function act(by: Trust, does: Does, from: Origin, now: Instant): boolean {
    if (does === 'send') {
      const { address: to, origin } = sendPools(by, address, from)
      return count([to, ...origin], 'sends', now)
    }
    if (does === 'code') {
      const { address: to } = sendPools(by, address, from)
      return count([to, ...codePools(by, from, 'item')], 'failures', now)
    }
    const { account, origin } = passwordPools(by, from)
    return count([account, ...origin], 'failures', now)
  }

  return {
    strangerActs: ({ by, does, from }: StrangersAct, now: Instant): boolean => act(by, does, from, now),
    /** @returns whether the owner's act was let through */
    ownerActs: ({ by, does }: { by: Trust; does: Does }, now: Instant): boolean => act(by, does, own, now),
  }
}
