import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inertText, shorten } from './inert-text.ts'

test.each([
  ['Harbour Library', 'Harbour Library'],
  ['  St. Mary’s   School ', 'St. Mary’s School'],
  ['Cars.com', 'Cars.\u200bcom'],
  ['https://evil.test/x', 'https:\u200b/\u200b/\u200bevil.\u200btest/\u200bx'],
  ['eve@evil.test', 'eve@\u200bevil.\u200btest'],
  ['one\r\ntwo\u2028three\0four', 'one two three four'],
  ['abc\u202edef\u2066ghi\u200f', 'abcdefghi'],
  ['مكتبة المرفأ', 'مكتبة المرفأ'],
  ['', ''],
])('%j becomes %j', (text, inert) => {
  expect(inertText(text)).toBe(inert)
})

test('in a text message a space takes the place of the invisible break, which phones would bill for', () => {
  expect(inertText('Cars.com', ' ')).toBe('Cars. com')
})

/** Any text at all, one character of Unicode after the other (fast-check's own takes seconds to get ready). */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
  maxLength: 100,
})

test('whatever somebody calls themselves, it is one short line that nothing links', () => {
  const risky = fc.constantFrom(
    '.',
    '/',
    ':',
    '@',
    'www',
    'a',
    ' ',
    '\r',
    '\n',
    '\u202e',
    '\u2028',
    '\0',
    '👩‍👩‍👧',
    'é',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        anyText,
        fc.array(risky).map((all) => all.join('')),
      ),
      (text) => {
        const inert = inertText(text)
        expect(inert.replaceAll('\u200b', '').length).toBeLessThanOrEqual(64)
        expect(inert.replaceAll('\u200b', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
        expect(inert).not.toMatch(/[.:/@][^\s\u200b]/u)
      },
    ),
  )
})

test('a long text is cut at a word, or else at a whole character', () => {
  expect(shorten('Harbour Library of Things', 15)).toBe('Harbour Library')
  expect(shorten('Harbour Library of Things', 14)).toBe('Harbour')
  expect(shorten('a'.repeat(20), 5)).toBe('aaaaa')
  expect(shorten(`aaa👍🏽`, 5)).toBe('aaa')
})
