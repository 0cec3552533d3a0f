import type { Instant } from '../time.ts'
import { decideHit, type LimitRules, logLength } from '../verifications/limits.ts'

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

/** Wrong codes in a row on one item: all of strangers', and of those the ones that were typed before the password. */
export type ItemCount = { all: readonly Instant[]; unproved: readonly Instant[] }

export type ItemGuess =
  /** Compared; and what is counted where it was wrong. */
  | { outcome: 'compared'; ifWrong: ItemCount }
  /** Past the password it is said that the item is closed; before it nobody can tell that from a wrong code. */
  | { outcome: 'item_closed' | 'taken_for_wrong' }

/**
 * The reference model of a stranger's guess at an item's code. Whoever has no password uses up half of the number at
 * most; what is not compared counts nothing, and `countsEmptied` says what begins the count anew.
 */
export function judgeItemGuess(
  count: ItemCount,
  stage: 'before the password' | 'past the password',
  rules: Pick<LimitRules, 'item_codes' | 'unproved_codes'>,
  now: Instant,
): ItemGuess {
  const all = decideHit(count.all, rules.item_codes.failures, now)
  if (stage === 'past the password') {
    return all.allowed
      ? { outcome: 'compared', ifWrong: { ...count, all: all.log } }
      : { outcome: 'item_closed' }
  }
  const unproved = decideHit(count.unproved, rules.unproved_codes?.failures ?? [], now)
  return all.allowed && unproved.allowed
    ? { outcome: 'compared', ifWrong: { all: all.log, unproved: unproved.log } }
    : { outcome: 'taken_for_wrong' }
}

/**
 * Whose counts of wrong codes in a row a right proof empties: `own` those of the item that was proved where it isn't closed,
 * `opened` all of an item's, in whatever browser, so that it is open again wherever it was closed.
 *
 * @param right what was proved, and whether in a browser that the account knows
 * @param settled the items that are freshly proved with it, this one included, and that no open change brought along
 */
export function countsEmptied(
  right: { itemId: string | undefined; isKnown: boolean },
  settled: readonly string[],
  items: readonly string[],
): { own: string[]; opened: string[] } {
  const byOthers = (item: string) => settled.filter((id) => id !== item).length >= opensOther
  const opened = items.filter((item) => byOthers(item) || (right.isKnown && item === right.itemId))
  const own = items.filter((item) => item === right.itemId && !opened.includes(item))
  return { own, opened }
}

/** So many other items have to be proved for a closed one to be opened. */
const opensOther = 2
