import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvLine } from './csv.ts'

/** A reader of RFC 4180 for one line of quoted fields. */
const fieldsOf = (line: string): string[] =>
  [...line.replace(/\r\n$/, '').matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, field = '']) =>
    field.replaceAll('""', '"'),
  )

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .tuple(
      fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', ' =', '"=', '\u00a0@'),
      fc.string(),
    )
    .map(([first, rest]) => first + rest),
)

test('no field begins as a formula does, whatever it holds', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (fields) => {
      for (const field of fieldsOf(csvLine(fields)))
        expect(field).not.toMatch(/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/)
    }),
  )
})

test('fields come back as they were, but for the apostrophe', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (fields) => {
      const read = fieldsOf(csvLine(fields))
      expect(read).toHaveLength(fields.length)
      for (const [index, field] of fields.entries()) expect([field, `'${field}`]).toContain(read[index])
    }),
  )
})

test('numbers, moments and what is missing are plain', () => {
  expect(csvLine([3, '2026-06-01T09:00:00.000Z', undefined, 'a "b"'])).toBe(
    '"3","2026-06-01T09:00:00.000Z","","a ""b"""\r\n',
  )
})
