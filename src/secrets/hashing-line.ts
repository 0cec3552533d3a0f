/**
 * Who asks for work that takes a processor: a stranger, or somebody who is known here. Of one group (a stranger's network;
 * one session or known browser) few wait at once.
 */
export type HashingPlace = { level: 'known' | 'stranger'; group: string }

export type HashingLimits = {
  /** So many at once, or other requests would wait for a processor. */
  atOnce: number
  /** So many of each level wait. */
  waiting: number
  waitingOfGroup: number
}

/** More than can be worked off soon: the caller answers 503 instead of letting everybody wait. */
export class HashingBusy extends Error {}

/**
 * A line in which nobody waits for what another sends in number: the two levels take turns, and so do the groups of one
 * level. Strangers, however many, have half of the work at most while somebody known waits.
 */
export function openHashingLine(limits: HashingLimits) {
  const queues = { known: openQueue(limits), stranger: openQueue(limits) }
  let running = 0
  let last: HashingPlace['level'] = 'stranger'

  function next(): (() => void) | undefined {
    const other = last === 'known' ? 'stranger' : 'known'
    for (const level of [other, last] as const) {
      const begin = queues[level].take()
      if (begin === undefined) continue
      last = level
      return begin
    }
    return undefined
  }

  return async function run<Value>(
    { level, group }: HashingPlace,
    work: () => Promise<Value>,
  ): Promise<Value> {
    if (running < limits.atOnce) running += 1
    else {
      const { promise, resolve } = Promise.withResolvers<void>()
      if (!queues[level].add(group, resolve)) throw new HashingBusy('Too many passwords are being checked.')
      await promise
    }
    try {
      return await work()
    } finally {
      const begin = next()
      if (begin === undefined) running -= 1
      else begin()
    }
  }
}

/** First come, first served within a group; one of each group in turn. */
function openQueue({ waiting, waitingOfGroup }: HashingLimits) {
  const groups = new Map<string, (() => void)[]>()
  let size = 0
  return {
    add(group: string, begin: () => void): boolean {
      const line = groups.get(group) ?? []
      if (size >= waiting || line.length >= waitingOfGroup) return false
      size += 1
      line.push(begin)
      groups.set(group, line)
      return true
    },
    take(): (() => void) | undefined {
      const [first] = groups
      if (first === undefined) return undefined
      const [group, line] = first
      const begin = line.shift()
      size -= 1
      groups.delete(group)
      if (line.length > 0) groups.set(group, line)
      return begin
    },
  }
}
