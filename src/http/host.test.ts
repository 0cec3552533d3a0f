import { expect, test } from 'vitest'
import { canonicalHost, isOfOrigin } from './host.ts'

test.for([
  ['account.example.com', 'https:', 'account.example.com'],
  ['Account.Example.COM', 'https:', 'account.example.com'],
  ['account.example.com.', 'https:', 'account.example.com'],
  ['account.example.com:443', 'https:', 'account.example.com'],
  ['account.example.com.:443', 'https:', 'account.example.com'],
  ['account.example.com:', 'https:', 'account.example.com'],
  ['account.example.com:80', 'https:', 'account.example.com:80'],
  ['localhost:80', 'http:', 'localhost'],
  ['LOCALHOST:3000', 'http:', 'localhost:3000'],
  ['[::1]:3000', 'http:', '[::1]:3000'],
] as const)('the host %s over %s is %s', ([host, scheme, form]) =>
  expect(canonicalHost(host, scheme)).toBe(form),
)

test.for([
  undefined,
  '',
  'a b',
  'user@account.example.com',
  'account.example.com/x',
  'account.example.com?x',
  'account.example.com:443:443',
  'account.example.com:https',
  'account.example.com, account.example.com',
  '[::1',
  'account.example.com\\@evil.example',
])('%j is no host', (host) => expect(canonicalHost(host, 'https:')).toBeUndefined())

test('two final dots are another host', () =>
  expect(canonicalHost('account.example.com..', 'https:')).not.toBe('account.example.com'))

test('an origin is ours whatever way its host is written, and only then', () => {
  const own = 'https://account.example.com'
  for (const origin of [own, `${own}:443`, `${own}.`, 'https://ACCOUNT.example.com', `${own}/signin?x=1`])
    expect(isOfOrigin(origin, own), origin).toBe(true)
  for (const origin of [
    'null',
    '',
    'http://account.example.com',
    `${own}:8443`,
    'https://example.com',
    `${own}.evil.example`,
    `https://evil.example/${own}`,
    'https://account.example.com@evil.example',
  ])
    expect(isOfOrigin(origin, own), origin).toBe(false)
})
