import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codeMessage } from '../../test/support/code-mails.ts'
import { locales } from '../core/verifications/message.ts'
import { renderCodeText, segmentsOf } from './code-text.ts'

test('an English text has the code first, then what it is for, and the site it belongs to last', () => {
  expect(renderCodeText(codeMessage(), 'en').text).toBe(
    [
      '483921 is your code for Harbour Library, until 10:52 UTC. Nobody will ever ask you for it. Ref k7f-2q',
      '',
      '@codes.harbour.test #483921',
    ].join('\n'),
  )
})

test.each(locales)('a text in %s takes one segment', (locale) => {
  expect(segmentsOf(renderCodeText(codeMessage(), locale).text)).toBe(1)
})

test('an Arabic text begins with the digits to type', () => {
  expect(renderCodeText(codeMessage(), 'ar').text).toMatch(/^483921 رمزك/)
})

test('an operator with a long name keeps its text in one segment, the name cut short', () => {
  const { text } = renderCodeText(
    codeMessage({ operator: 'The Very Old and Very Large Library of the Harbour' }),
    'en',
  )
  expect(text).toMatch(/The Very Old and Very/)
  expect(segmentsOf(text)).toBe(1)
})

/** Any text at all, one character of Unicode after the other (fast-check's own takes seconds to get ready). */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
  maxLength: 100,
})

test('whatever an operator is called, code and last line stay as phones read them', () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom(...locales), (operator, locale) => {
      const lines = renderCodeText(codeMessage({ operator }), locale).text.split('\n')
      expect(lines).toHaveLength(3)
      expect(lines[0]).toMatch(/^483921 /)
      expect(lines[2]).toBe('@codes.harbour.test #483921')
    }),
  )
})

test.each([
  ['a'.repeat(160), 1],
  ['a'.repeat(161), 2],
  ['€'.repeat(80), 1],
  [`${'€'.repeat(80)}a`, 2],
  ['ا'.repeat(70), 1],
  ['ا'.repeat(71), 2],
  ['ا'.repeat(134), 2],
  ['👍'.repeat(35), 1],
  ['👍'.repeat(36), 2],
  ['', 1],
])('%j takes %d', (text, count) => {
  expect(segmentsOf(text)).toBe(count)
})
