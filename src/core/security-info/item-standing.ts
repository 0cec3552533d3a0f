import { type Duration, days, type Instant } from '../time.ts'

/** An item younger than this cannot, alone, undo what older ones hold; in an account that is itself older. */
export const probation: Duration = days(7)
/** Numbers are given to other people: one that was not proved for this long proves nothing alone. */
export const phoneStale: Duration = days(90)

/** An item as far as proofs by it are judged. */
export type ProvingItem = {
  id: string
  kind: string
  addedAt: Instant
  provenAt: Instant | undefined
  /** Its addition was frozen by somebody with an older item: it proves nothing. */
  frozen?: boolean | undefined
}

/** Younger than seven days, in an account that is older. */
export const isOnProbation = (item: { addedAt: Instant }, accountCreatedAt: Instant, now: Instant): boolean =>
  now < item.addedAt + probation && now >= accountCreatedAt + probation

/**
 * Whether an item counts for anything by itself: it was proved and nobody froze it; a number also not too long ago, and
 * by no other account since, which makes it unproved here.
 */
export function standsAlone(item: Pick<ProvingItem, 'kind' | 'provenAt' | 'frozen'>, now: Instant): boolean {
  return item.frozen !== true && item.provenAt !== undefined && isCurrent(item, now)
}

/** Whether an item is still its owner's as far as time can tell: a number that was not proved for long may not be. */
export const isCurrent = (item: { kind: string; provenAt: Instant | undefined }, now: Instant): boolean =>
  item.kind !== 'phone' || (item.provenAt !== undefined && now < item.provenAt + phoneStale)
