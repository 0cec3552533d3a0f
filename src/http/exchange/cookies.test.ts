import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cookieLine, readCookies } from './cookies.ts'

const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/)
const value = fc.stringMatching(/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,40}$/)

describe('reading cookies', () => {
  test('gives what a browser was told to keep', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 20 }),
        (pairs) => {
          const header = pairs.map(([key, text]) => `${key}=${text}`).join('; ')
          expect([...readCookies(header)]).toEqual(pairs)
        },
      ),
    )
  })

  test('of a name that comes twice gives none, wherever it stands', () => {
    fc.assert(
      fc.property(
        name,
        value,
        value,
        fc.array(fc.tuple(name, value), { maxLength: 5 }),
        (twice, one, two, others) => {
          const all = [[twice, one], ...others, [twice, two]].map(([key, text]) => `${key}=${text}`)
          expect(readCookies(all.join('; ')).has(twice)).toBe(false)
          expect(readCookies(all.reverse().join(';')).has(twice)).toBe(false)
        },
      ),
    )
  })

  test('takes every byte for itself: nothing but plain spaces and tabs is trimmed, nothing is decoded', () => {
    const noise = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 30,
    })
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        for (const [key, text] of readCookies(`${before}__Host-x=a%41${after}`)) {
          expect(`${before}__Host-x=a%41${after}`).toContain(`${key}=${text}`)
          expect(key).toMatch(/^[\x21-\x7e]+$/)
          expect(text).toMatch(/^[\x21-\x7e]*$/)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test.for(['\u00a0', '\u2000', '\u3000', '\ufeff', '\u0085', '\v', '\f', '"', '$Version=1,'])(
    'after %j a name is another name',
    (before) => {
      const bytes = Buffer.from(before).toString('latin1')
      expect(readCookies(`${bytes}__Host-x=planted; __Host-x=right`).get('__Host-x')).toBe('right')
      expect(readCookies(`${before}__Host-x=planted`).has('__Host-x')).toBe(false)
    },
  )

  test.for(['x="a"', 'x="a; y=b"', 'x=a,b', 'x=a b', 'x=a\\b', 'x', '=a', 'x y=a', 'x=é'])(
    '%s is none',
    (header) => expect([...readCookies(header).keys()].filter((key) => key === 'x')).toEqual([]),
  )

  test('a header of a megabyte is read at once', () => {
    const began = performance.now()
    for (const header of [
      'a=b; '.repeat(200_000),
      ';'.repeat(1_000_000),
      ' '.repeat(1_000_000),
      `x=${'"'.repeat(1_000_000)}`,
    ]) {
      readCookies(header)
    }
    expect(performance.now() - began).toBeLessThan(3000)
  })

  test('no header holds none', () => expect(readCookies(undefined).size).toBe(0))
})

test('a cookie is for this host, for all its paths, and unseen by scripts', () => {
  expect(cookieLine('__Host-x', 'v', true, { maxAge: 60 })).toBe(
    '__Host-x=v; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60',
  )
  expect(cookieLine('x', 'v', false, {})).toBe('x=v; Path=/; HttpOnly; SameSite=Lax')
})
