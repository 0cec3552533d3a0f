import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  canonicalRecoveryCode,
  groupedRecoveryCode,
  recoveryAlphabet,
  recoveryLength,
} from './recovery-code.ts'

const codes = fc
  .array(fc.constantFrom(...recoveryAlphabet), { minLength: recoveryLength, maxLength: recoveryLength })
  .map((letters) => letters.join(''))

test('a code is read as it is shown, in small letters, with any separators, and from full-width keys', () => {
  const separator = fc.constantFrom('-', ' ', ' – ', '\u00a0', '.', '\n', '\u2011', '\u200e', '\u2069')
  fc.assert(
    fc.property(codes, separator, (code, between) => {
      const groups = groupedRecoveryCode(code).split('-')
      expect(groups.map((group) => group.length)).toEqual([5, 5, 5, 5, 5])
      const typed = groups.join(between)
      expect(canonicalRecoveryCode(typed)).toBe(code)
      expect(canonicalRecoveryCode(typed.toLowerCase())).toBe(code)
      const wide = typed.replace(/[!-~]/g, (sign) =>
        String.fromCodePoint((sign.codePointAt(0) ?? 0) + 0xfee0),
      )
      expect(canonicalRecoveryCode(wide)).toBe(code)
    }),
  )
})

test('digits of any script are read as digits', () => {
  const typed = 'AB\u0662\u0663C-ABCD\u096a-22222-33333-44444'
  expect(canonicalRecoveryCode(typed)).toBe('AB23CABCD4222223333344444')
})

test('digits that the alphabet does not have are the letters they were taken for', () => {
  const typed = 'OI8B0-1ABCD-22222-33333-44444'
  expect(canonicalRecoveryCode(typed)).toBe('OIBBOIABCD222223333344444')
})

test.each([
  '',
  'ABCDE',
  'A'.repeat(24),
  'A'.repeat(26),
  `${'A'.repeat(24)}9`,
  `${'A'.repeat(24)}é`,
  'A'.repeat(5000),
])('anything else is none: %s', (typed) => expect(canonicalRecoveryCode(typed)).toBeUndefined())
