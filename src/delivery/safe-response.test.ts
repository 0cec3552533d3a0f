import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeResponse } from './safe-response.ts'

const mail = {
  subject: 'Your code for Harbour Library (k7f-2q)',
  text: 'Your code\n\n    483 921\n\nhttps://codes.harbour.test/report/8hZk2mQpX0aTn4vB\n',
}

test.each([
  ['250 2.0.0 Ok: queued as 4YxB2c3dZz', '250 2.0.0 Ok: queued as 4YxB2c3dZz'],
  ['550 5.1.1 <ana@example.org>: User unknown', '550 5.1.1 <•••>: User unknown'],
  ['550-5.7.26 first line\r\n550 5.7.26 second line', '550-5.7.26 first line second line'],
  ['554 spam: 483921', '554 spam: •••'],
  ['554 spam: "483 921"', '554 spam: "•••"'],
  ['554 spam: 4839 2107 and 4839-2107', '554 spam: ••• and •••'],
  ['554 bad link https://codes.harbour.test/report/8hZk2mQpX0aTn4vB', '554 bad link •••'],
  [
    '554 blocked 192.0.2.10, see https://example.org/why',
    '554 blocked 192.0.2.10, see https://example.org/why',
  ],
  ['421 \u001b[31mred\u202e\0 text', '421 [31mred text'],
  ['', ''],
])('"%s" is kept as "%s"', (response, kept) => {
  expect(safeResponse(response, mail)).toBe(kept)
})

/** Any text at all, one character of Unicode after the other (fast-check's own takes seconds to get ready). */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
  maxLength: 100,
})

test('whatever a server says, what is kept is one short line without address or code', () => {
  const piece = fc.constantFrom(
    'ana@example.org',
    '483921',
    '483 921',
    '\r\n550 ',
    ' ',
    'spam',
    '\0',
    '\u202e',
    '…',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        anyText,
        fc.array(piece).map((all) => `550 ${all.join('')}`),
      ),
      (said) => {
        const kept = safeResponse(said, mail)
        expect(kept.length).toBeLessThanOrEqual(200)
        expect(kept).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(kept).not.toMatch(/\w@\w|483 ?921/)
      },
    ),
  )
})
