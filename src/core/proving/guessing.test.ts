import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withDerived } from '../limits.ts'
import { defaultPolicy } from '../policy.ts'
import { days } from '../time.ts'
import { judgeItemGuess, newsOfGuesses } from './guessing.ts'

const rules = withDerived(defaultPolicy.limits)
const guess = fc.record({ hidden: fc.boolean(), wait: fc.nat(days(3)) })

test('of wrong codes in a row on one item a hundred are compared, over any number of days', () => {
  fc.assert(
    fc.property(fc.array(guess, { minLength: 100, maxLength: 400 }), (history) => {
      let count: readonly number[] = []
      let now = 0
      let compared = 0
      for (const { hidden, wait } of history) {
        now += wait
        const judged = judgeItemGuess(count, hidden, rules, now)
        if (judged.outcome !== 'compared') continue
        compared += 1
        count = judged.ifWrong
      }
      expect(compared).toBe(100)
    }),
  )
})

test('a closed item says so past the password; where its limit is hidden, nothing does', () => {
  const full = Array.from({ length: 100 }, (_, nth) => 100 - nth)
  expect(judgeItemGuess(full, false, rules, 200)).toEqual({ outcome: 'item_closed' })
  expect(judgeItemGuess(full, true, rules, 200)).toEqual({ outcome: 'refused_as_wrong' })
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
