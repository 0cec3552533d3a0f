import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalCode } from './code.ts'

const digits = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map((all) => all.join(''))
const code = fc.oneof(digits(6), digits(8))
const separator = fc.constantFrom(
  ' ',
  '-',
  '\u2013',
  '\u00a0',
  '\u2009',
  '\u3000',
  '.',
  '\t',
  '\u200b',
  '\u00ad',
)

test('six or eight digits are a code as they stand, leading zeros and all', () => {
  fc.assert(
    fc.property(code, (typed) => {
      expect(canonicalCode(typed)).toBe(typed)
    }),
  )
  expect(canonicalCode('000000')).toBe('000000')
  expect(canonicalCode('00000001')).toBe('00000001')
})

test('spaces, hyphens and dots anywhere change nothing', () => {
  fc.assert(
    fc.property(code, fc.array(fc.tuple(fc.nat(40), separator), { maxLength: 20 }), (right, inserted) => {
      let typed = right
      for (const [at, text] of inserted) {
        typed = `${typed.slice(0, at % (typed.length + 1))}${text}${typed.slice(at % (typed.length + 1))}`
      }
      expect(canonicalCode(typed)).toBe(right)
    }),
  )
})

test('digits of the keyboards that people have are read as the digits they are', () => {
  const zero = fc.constantFrom(0x30, 0xff10, 0x0660, 0x06f0)
  fc.assert(
    fc.property(code, fc.array(zero, { minLength: 8, maxLength: 8 }), (right, zeros) => {
      const typed = [...right].map((digit, at) => String.fromCodePoint((zeros[at] ?? 0x30) + Number(digit)))
      expect(canonicalCode(typed.join(''))).toBe(right)
    }),
  )
})

test('another number of digits is no code', () => {
  const otherLength = fc.integer({ min: 0, max: 20 }).filter((length) => length !== 6 && length !== 8)
  fc.assert(
    fc.property(otherLength.chain(digits), (typed) => {
      expect(canonicalCode(typed)).toBeUndefined()
    }),
  )
})

test('a code with anything in it that is neither digit nor separator is no code', () => {
  const stranger = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 3 })
    .filter((text) => /[^\p{N}\s\p{Pd}\p{M}\u00ad\u200b\u2060\u2212.]/u.test(text.normalize('NFKC')))
  fc.assert(
    fc.property(code, fc.nat(8), stranger, (right, at, text) => {
      expect(canonicalCode(`${right.slice(0, at)}${text}${right.slice(at)}`)).toBeUndefined()
    }),
    { numRuns: 2000 },
  )
})

test('whatever is typed, the answer is six digits, eight digits or none; and it is a code itself', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.string({ unit: 'grapheme', maxLength: 80 }),
  )
  fc.assert(
    fc.property(anything, (typed) => {
      const read = canonicalCode(typed)
      if (read === undefined) return
      expect(read).toMatch(/^[0-9]{6}([0-9]{2})?$/)
      expect(canonicalCode(read)).toBe(read)
    }),
    { numRuns: 5000 },
  )
})

test.for(['1e5', '+123456', '-1234567', '0x1234', '123456n', 'NaN', '123456\u0000', '123,456', '12345O'])(
  '%j is no code',
  (typed) => {
    expect(canonicalCode(typed)).toBeUndefined()
  },
)

test('a very long text is refused without being looked at', () => {
  const long = ' '.repeat(10_000_000)
  const began = performance.now()
  expect(canonicalCode(`${long}123456`)).toBeUndefined()
  expect(performance.now() - began).toBeLessThan(5)
})
