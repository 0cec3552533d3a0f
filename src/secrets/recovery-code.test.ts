import fc from 'fast-check'
import { expect, test } from 'vitest'
import { recoveryAlphabet } from '../core/security-info/recovery-code.ts'
import { newKeyringRecord, openKeyring } from './keyring.ts'
import { recoveryCodeAfter, recoveryCodeOf } from './recovery-code.ts'

const ring = openKeyring(newKeyringRecord(0))
const anotherRing = openKeyring(newKeyringRecord(0))

const words = fc.record({ account: fc.uuid(), flow: fc.uuid(), used: fc.stringMatching(/^[A-Z2-7]{25}$/) })

test('the code after a used one is the same for the same account, flow and code, and 25 letters of the alphabet', () => {
  fc.assert(
    fc.property(words, ({ account, flow, used }) => {
      const next = recoveryCodeAfter(ring, account, flow, used)
      expect(next).toBe(recoveryCodeAfter(ring, account, flow, used))
      expect(next).toHaveLength(25)
      for (const letter of next) expect(recoveryAlphabet).toContain(letter)
    }),
  )
})

test('under another ring, for another account, in another flow or after another code it is another', () => {
  fc.assert(
    fc.property(words, words, ({ account, flow, used }, other) => {
      const all = [
        recoveryCodeAfter(ring, account, flow, used),
        recoveryCodeAfter(anotherRing, account, flow, used),
        recoveryCodeAfter(ring, other.account, flow, used),
        recoveryCodeAfter(ring, account, other.flow, used),
        recoveryCodeAfter(ring, account, flow, other.used),
        recoveryCodeOf(ring, account, flow),
        used,
      ]
      expect(new Set(all).size).toBe(all.length)
    }),
  )
})

test('each of its 125 bits is as often set as not', () => {
  const codes = 2000
  const set = Array<number>(125).fill(0)
  for (let nth = 0; nth < codes; nth += 1) {
    const bits = [...recoveryCodeAfter(ring, 'account', `flow ${nth}`, 'USED')]
      .map((letter) => recoveryAlphabet.indexOf(letter).toString(2).padStart(5, '0'))
      .join('')
    for (const [at, bit] of [...bits].entries()) if (bit === '1') set[at] = (set[at] ?? 0) + 1
  }
  // Six standard deviations: one run in four million would stray so far by chance.
  for (const count of set) expect(Math.abs(count - codes / 2)).toBeLessThan(6 * Math.sqrt(codes / 4))
})
