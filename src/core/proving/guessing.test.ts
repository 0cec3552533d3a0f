import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultPolicy } from '../policy.ts'
import { days } from '../time.ts'
import { withDerived } from '../verifications/limits.ts'
import { type ItemCount, judgeItemGuess, newsOfGuesses } from './guessing.ts'

const rules = withDerived(defaultPolicy.limits)
const stage = fc.constantFrom('before the password' as const, 'past the password' as const)
const history = fc.array(fc.record({ stage, wait: fc.nat(days(3)) }), { minLength: 100, maxLength: 400 })

/** Wrong codes one after the other: how many of each stage were compared, and what was counted at the end. */
function typedWrong(all: { stage: 'before the password' | 'past the password'; wait: number }[]) {
  let count: ItemCount = { all: [], unproved: [] }
  let now = 0
  const compared = { 'before the password': 0, 'past the password': 0 }
  for (const { stage: at, wait } of all) {
    now += wait
    const guess = judgeItemGuess(count, at, rules, now)
    if (guess.outcome !== 'compared') continue
    compared[at] += 1
    count = guess.ifWrong
  }
  return { compared, count, now }
}

test('of wrong codes in a row on one item a hundred are compared, over any number of days', () => {
  fc.assert(
    fc.property(history, (all) => {
      const { compared } = typedWrong(all)
      expect(compared['before the password'] + compared['past the password']).toBeLessThanOrEqual(100)
    }),
  )
})

test('strangers without the password use up half of them at most, and close nothing to those who have it', () => {
  fc.assert(
    fc.property(fc.nat(400), (tries) => {
      const { compared, count, now } = typedWrong(
        Array(tries).fill({ stage: 'before the password', wait: 1 }),
      )
      expect(compared['before the password']).toBe(Math.min(50, tries))
      expect(judgeItemGuess(count, 'past the password', rules, now).outcome).toBe('compared')
    }),
  )
})

test('a closed item says so past the password, and before it nothing', () => {
  const { count, now } = typedWrong(Array(100).fill({ stage: 'past the password', wait: days(30) }))
  expect(judgeItemGuess(count, 'past the password', rules, now)).toEqual({ outcome: 'item_closed' })
  expect(judgeItemGuess(count, 'before the password', rules, now)).toEqual({ outcome: 'taken_for_wrong' })
})

test('the owner hears of the fifth wrong code of a day, and of the hundredth in a row', () => {
  expect(newsOfGuesses({ today: 4, inARow: 99 }, rules)).toEqual([])
  expect(newsOfGuesses({ today: 5, inARow: 5 }, rules)).toEqual(['guessing'])
  expect(newsOfGuesses({ today: 1, inARow: 100 }, rules)).toEqual(['closing'])
  expect(newsOfGuesses({ today: 20, inARow: 100 }, rules)).toEqual(['guessing', 'closing'])
})

test('where fewer than five codes a day are let through, the last of them is told', () => {
  const strict = { ...rules, strangers_codes: { sends: [], failures: [{ most: 3, within: days(1) }] } }
  expect(newsOfGuesses({ today: 2, inARow: 2 }, strict)).toEqual([])
  expect(newsOfGuesses({ today: 3, inARow: 3 }, strict)).toEqual(['guessing'])
})
