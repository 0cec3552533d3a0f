import type { LimitKind } from '../limits.ts'
import type { ContactKind } from '../security-info/security-info.ts'

/**
 * Who asks, from the most trusted to the least: a session; a browser that the account knows; a stranger, by how far they
 * have come. What a lower level can fill never keeps a higher one's code from being sent or compared, so every session
 * and every known browser has pools of its own, and strangers share theirs by stage.
 *
 * `of` is the account, or for a name without one that name: it must behave like any other.
 */
export type Trust =
  | { level: 'session'; sessionId: string }
  | { level: 'known_browser'; accountId: string }
  | {
      level: 'stranger'
      stage: StrangerStage
      of: string
      /** Nobody may learn which of its limits are full. */
      hidden?: true
    }

export const isTrusted = ({ level }: Trust): boolean => level !== 'stranger'

/** `undoing`: without a session, by the reference in a notice. */
export type StrangerStage = 'before the password' | 'past the password' | 'undoing'

/** Where a request comes from, as far as it is counted. */
export type Origin = { browser: string; host: string; network: string }

/** A row that something counts against, before its name is hashed. */
export type Pool = {
  kind: LimitKind
  name: readonly string[]
  /** Where it is full, nobody is told: what is typed is taken for wrong without being compared. */
  hidden?: true
}

/** The pool of one level: a session's own, a known browser's own, or that of strangers at one stage. */
function poolName(trust: Trust, { browser }: Origin): string[] {
  switch (trust.level) {
    case 'session':
      return ['session', trust.sessionId]
    case 'known_browser':
      return ['known browser', trust.accountId, browser]
    case 'stranger':
      return [trust.stage]
  }
}

/**
 * What sending a code counts against: the address, once for each level, and where it was asked for. Strangers before the
 * password and past it have half of an address's number each. The limits of a network hold against strangers only.
 */
export function sendPools(
  trust: Trust,
  to: { kind: ContactKind; address: string },
  origin: Origin,
): { address: Pool; origin: Pool[] } {
  const halved = trust.level === 'stranger' && trust.stage !== 'undoing'
  const kind: LimitKind = halved ? `strangers_${to.kind}` : to.kind
  return {
    address: { kind, name: [to.kind, ...poolName(trust, origin), to.address] },
    origin: originPools(trust, origin),
  }
}

/** A browser has its own count at every level; a network's hold against strangers only. */
export const originPools = (trust: Trust, { browser, host, network }: Origin): Pool[] => [
  { kind: 'browser', name: ['browser', browser] },
  ...(trust.level === 'stranger'
    ? ([
        { kind: 'ip', name: ['page ip', host] },
        { kind: 'network', name: ['page network', network] },
      ] as const)
    : []),
]

/** What a wrong code counts against besides its destination. */
export function codePools(trust: Trust, origin: Origin, itemId: string | undefined): Pool[] {
  if (trust.level === 'session')
    return [{ kind: 'known_codes', name: ['known codes', ...poolName(trust, origin)] }]
  if (trust.level === 'known_browser') {
    return [{ kind: 'known_codes', name: ['known codes', trust.accountId, origin.browser] }]
  }
  const hidden = trust.hidden && { hidden: trust.hidden }
  const strangers: Pool = {
    kind: 'strangers_codes',
    name: ['strangers codes', trust.of, trust.stage],
    ...hidden,
  }
  if (itemId === undefined) return [strangers]
  const item: Pool = { kind: 'item_codes', name: itemPoolName(trust.stage, trust.of, itemId), ...hidden }
  return [strangers, item]
}

/** The same for a decoy, by the address that was typed: as many rows, and nothing of an account's. */
export const decoyCodePools = (of: string, typedHash: string): Pool[] =>
  ['account', 'item'].map((half) => ({
    kind: 'decoy_codes',
    name: ['decoy codes', of, typedHash, half],
    hidden: true,
  }))

/** Wrong codes in a row on one item: a thief who closes it on the way to a sign-in doesn't close it to who undoes. */
export const itemPoolName = (stage: StrangerStage, accountId: string, itemId: string): string[] =>
  stage === 'undoing' ? ['item codes while undoing', accountId, itemId] : ['item codes', accountId, itemId]

/**
 * What the work of a sign-in counts against, right or wrong: beginning one stores a row, and comparing a password takes a
 * processor. Strangers are counted by their network, everybody else by themselves.
 */
export function workPools(trust: Trust, origin: Origin, work: 'sign-in begun' | 'password compared'): Pool[] {
  if (trust.level !== 'stranger') return [{ kind: 'sign_ins', name: [work, ...poolName(trust, origin)] }]
  return [
    { kind: 'sign_ins', name: [work, 'host', origin.host] },
    { kind: 'network_sign_ins', name: [work, 'network', origin.network] },
  ]
}

/** What a typed password counts against: strangers share a number, and each network has its own. */
export function passwordPools(trust: Trust, origin: Origin): { account: Pool; origin: Pool[] } {
  if (trust.level === 'stranger') {
    return {
      account: { kind: 'strangers_passwords', name: ['strangers passwords', trust.of] },
      origin: [{ kind: 'ip', name: ['page ip', origin.host] }],
    }
  }
  const whose = trust.level === 'session' ? poolName(trust, origin) : [trust.accountId, origin.browser]
  return { account: { kind: 'known_passwords', name: ['known passwords', ...whose] }, origin: [] }
}
