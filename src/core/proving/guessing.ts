import { decideHit, type LimitRules, logLength } from '../limits.ts'
import type { Instant } from '../time.ts'

/**
 * After so many wrong codes past the right password, typed by strangers within a day, the owner is told that somebody has
 * the password: all codes of AuthQuake (2024) were guessed without a word to the owner.
 */
const toldAfter = 5

/** What strangers past the right password typed wrong: on the account within a day, and in a row on one item. */
export type StrangersGuesses = { today: number; inARow: number }

/** `guessing`: somebody has the password. `closing`: an item takes no more of their codes. */
export type GuessNews = 'guessing' | 'closing'

/**
 * What the owner has to hear of them.
 *
 * @param rules where fewer codes are kept count of than would be told of, the last of those is
 */
export function newsOfGuesses(
  { today, inARow }: StrangersGuesses,
  rules: Pick<LimitRules, 'strangers_codes' | 'item_codes'>,
): GuessNews[] {
  const aDay = Math.min(toldAfter, Math.max(1, logLength(rules.strangers_codes.failures)))
  const isClosed = rules.item_codes.failures.some(({ most }) => inARow >= most)
  return [...(today >= aDay ? ['guessing' as const] : []), ...(isClosed ? ['closing' as const] : [])]
}

export type ItemGuess =
  /** Compared; and what is counted where it was wrong. */
  | { outcome: 'compared'; ifWrong: readonly Instant[] }
  /** It is said that the item is closed; where the limit is hidden nobody can tell that from a wrong code. */
  | { outcome: 'item_closed' | 'refused_as_wrong' }

/**
 * The reference model of a stranger's guess at an item's code past the password. What is not compared counts nothing, and
 * any proof of the account begins the count anew.
 *
 * @param count the wrong codes in a row, newest first
 */
export function judgeItemGuess(
  count: readonly Instant[],
  hidden: boolean,
  rules: Pick<LimitRules, 'item_codes'>,
  now: Instant,
): ItemGuess {
  const decision = decideHit(count, rules.item_codes.failures, now)
  if (decision.allowed) return { outcome: 'compared', ifWrong: decision.log }
  return { outcome: hidden ? 'refused_as_wrong' : 'item_closed' }
}
