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
  '\u2212',
  ...'\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200c\u200d\u2060\ufeff\u00ad',
)

/** Every zero that there is: its script's other digits follow it. */
const zeros = Array.from({ length: 0x20000 }, (_, at) => at).filter(
  (at) => /\p{Nd}/u.test(String.fromCodePoint(at)) && zeroBefore(at) % 10 === 0,
)
function zeroBefore(at: number): number {
  let first = at
  while (first > 0 && /\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1
  return at - first
}

test('six or eight digits are a code as they stand, leading zeros and all', () => {
  fc.assert(
    fc.property(code, (typed) => {
      expect(canonicalCode(typed)).toBe(typed)
    }),
  )
  expect(canonicalCode('000000')).toBe('000000')
  expect(canonicalCode('00000001')).toBe('00000001')
})

test('spaces, hyphens, dots and copied marks anywhere change nothing', () => {
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

test('decimal digits of any script are read as the digits they are, also mixed', () => {
  expect(zeros.length).toBeGreaterThan(60)
  const zero = fc.constantFrom(...zeros)
  fc.assert(
    fc.property(code, fc.array(zero, { minLength: 8, maxLength: 8 }), (right, zeros) => {
      const typed = [...right].map((digit, at) => String.fromCodePoint((zeros[at] ?? 0x30) + Number(digit)))
      expect(canonicalCode(typed.join(''))).toBe(right)
    }),
    { numRuns: 2000 },
  )
  for (const at of zeros) {
    const typed = [1, 2, 3, 4, 5, 6, 7, 8].map((digit) => String.fromCodePoint(at + digit)).join('')
    expect(canonicalCode(typed), at.toString(16)).toBe('12345678')
  }
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
    .filter((text) => /[^\p{Nd}\s\p{Pd}\p{Bidi_Control}\u00ad\u200b-\u200d\u2060\ufeff\u2212.]/u.test(text))
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

test.for([
  '1e5',
  '+123456',
  '-1234567',
  '0x1234',
  '123456n',
  'NaN',
  '123456\u0000',
  '123,456',
  '12345O',
  // Numbers that are no decimal digits, and marks that copying doesn't bring.
  '\u2460\u2461\u2462\u2463\u2464\u2465',
  '12345\u00b2',
  '12345\u00bd',
  '12345\u2165',
  '\u4e00\u4e8c\u4e09\u56db\u4e94\u516d',
  '123\u034f456',
  '123\ufe0f456',
  '123\u115f456',
])('%j is no code', (typed) => {
  expect(canonicalCode(typed)).toBeUndefined()
})

test('a very long text is refused without being looked at', () => {
  const long = ' '.repeat(10_000_000)
  const began = performance.now()
  expect(canonicalCode(`${long}123456`)).toBeUndefined()
  expect(performance.now() - began).toBeLessThan(5)
})
