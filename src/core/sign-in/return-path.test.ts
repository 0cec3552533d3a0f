import fc from 'fast-check'
import { expect, test } from 'vitest'
import { returnPath } from './return-path.ts'

const ours = 'https://codes.harbour.test'

test('whatever is asked, what is left is a path that every browser takes for one of ours', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '\\',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '%00',
      '@',
      ':',
      ';',
      '?',
      '#',
      '&',
      '=',
      ' ',
      '\t',
      '\n',
      '\0',
    ],
    ...[
      'evil.example',
      'account',
      'https:',
      'javascript:',
      'é',
      '\u2028',
      '\u3002',
      '／',
      '[',
      ']',
      '|',
      '^',
    ],
  )
  const asked = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.webUrl(),
  )
  fc.assert(
    fc.property(asked, (text) => {
      const path = returnPath(text)
      if (path === undefined) return
      expect(path).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
      expect(path).not.toContain('#')
      for (const base of [ours, `${ours}/signin/x?y`, 'http://localhost:3000/a/b/c']) {
        expect(new URL(path, base).origin).toBe(new URL(base).origin)
      }
      expect(returnPath(path)).toBe(path)
    }),
    { numRuns: 20_000 },
  )
})

test.for([
  ['/account', '/account'],
  ['/', '/'],
  ['/account/AbC-_123?done=password', '/account/AbC-_123?done=password'],
  ['/help/errors?x=https://other.example/', '/help/errors?x=https://other.example/'],
  ['/account#there', '/account'],
  ['/a/../b', '/b'],
])('%s leads to %s', ([asked, path]) => expect(returnPath(asked)).toBe(path))

test.for([
  '',
  'account',
  '//evil.example',
  '/\\evil.example',
  '/a\\b',
  '/a b',
  '/\t/evil.example',
  '/..//evil.example',
  '/%2e%2e//evil.example',
  'https://codes.harbour.test/account',
  'javascript:alert(1)',
  `/${'a'.repeat(1000)}`,
])('%j leads nowhere', (asked) => expect(returnPath(asked)).toBeUndefined())

test('nothing asked leads nowhere', () => expect(returnPath(undefined)).toBeUndefined())
