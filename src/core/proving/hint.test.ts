import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Address, destinationOf, type Email, hintOf, parseEmail } from '../address.ts'
import { completedAddress, completesHint } from './hint.ts'

const email = fc
  .tuple(fc.stringMatching(/^[a-z0-9]{1,12}(\.[a-z0-9]{1,8})?$/), fc.domain())
  .map(([local, domain]) => `${local}@${domain}`.toLowerCase())
  .filter((text) => parseEmail(text).ok)
const meant = (hint: string, typed: string): string | undefined => {
  const address = completedAddress(hint, typed)
  return address && destinationOf(address)
}

describe('completing a hint', () => {
  test('takes the whole address or the part before the @, in any case, with anything unseen around', () => {
    fc.assert(
      fc.property(email, fc.constantFrom('', ' ', '\t', '  ', '\u2068', '\u200b'), (address, space) => {
        const at = address.lastIndexOf('@')
        for (const typed of [address, address.toUpperCase(), address.slice(0, at)]) {
          expect(completesHint(address, space + typed + space)).toBe(true)
        }
      }),
    )
  })

  test('takes nothing else', () => {
    fc.assert(
      fc.property(
        email,
        fc.oneof(email, fc.string(), fc.constantFrom('', '@', '*', '%', '.*')),
        (address, typed) => {
          const meant = typed.trim().toLowerCase()
          const isRight = meant === address || meant === address.slice(0, address.lastIndexOf('@'))
          expect(completesHint(address, typed)).toBe(isRight)
        },
      ),
    )
    expect(completesHint('ana@example.org', 'an')).toBe(false)
    expect(completesHint('ana@example.org', 'an••••@example.org')).toBe(false)
    expect(completesHint('ana@example.org', '@example.org')).toBe(false)
    expect(completesHint('+447400123456', '56')).toBe(false)
    expect(completesHint('+447400123456', '')).toBe(false)
  })

  test('takes a phone number with spaces, hyphens and brackets, as it is written', () => {
    for (const typed of ['+447400123456', '+44 7400 123456', ' +44 (7400) 123-456 ']) {
      expect(completesHint('+447400123456', typed)).toBe(true)
    }
    expect(completesHint('+447400123456', '+44 7400 123457')).toBe(false)
  })

  test('means the same address whether it is the right one or not', () => {
    fc.assert(
      fc.property(email, email, fc.boolean(), (address, other, whole) => {
        const hint = hintOf({ kind: 'email', email: address as Email } satisfies Address)
        const typed = (text: string) => (whole ? text : text.slice(0, text.lastIndexOf('@')))
        expect(meant(hint, typed(address))).toBe(address)
        expect(meant(hint, typed(other))).toBe(
          whole ? other : typed(other) + address.slice(address.lastIndexOf('@')),
        )
        expect(meant(hint, typed(other)) === address).toBe(completesHint(address, typed(other)))
      }),
    )
  })
})
