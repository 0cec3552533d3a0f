import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownPerson, type MadeAccount, makeAccount, password } from '../support/accounts.ts'
import type { Person } from '../support/person.ts'
import { openRawServer } from '../support/raw-server.ts'
import { openWorld, publicUrl, type World, withLimits } from '../support/world.ts'

/** Where signing in leads (S30): a path of this service, whatever was asked for. */
let world: World
let account: MadeAccount
let person: Person

beforeAll(async () => {
  // So many sign-ins from one address are no more than this test's own.
  world = await openWorld({ policy: withLimits({ sign_ins: { sends: [], failures: [] } }) })
  account = await makeAccount(world, 'ana@example.org')
  person = await knownPerson(world, account)
})
afterAll(() => world.close())

const evil = 'evil.example'
const starts = [
  '',
  '/',
  '//',
  '///',
  '/\\',
  '\\/',
  '\\\\',
  '/\t/',
  '/\n/',
  '/\r/',
  '\t//',
  ' //',
  '/%2f',
  '/%5c',
  '/.',
  '/./',
  '/..',
  '/../',
  '/..//',
  '/.//',
  '/%2e%2e//',
  '/%2E%2e/%2f',
  '/;//',
  '/..;/',
  '/?//',
  '/#//',
  '/@',
  '/:',
  '//@',
  '//x@',
  '/\u2028/',
  '/\u0000/',
  '/\u00ad/',
  '/／',
  '／／',
  '/\ufeff/',
  '/\\\\',
  '/account//',
  '/account/..//',
  '/account/../..//',
  '/account\\..\\\\',
]
const schemes = [
  'http://',
  'https://',
  'HTTPS://',
  'https:',
  'https:/',
  'https:///',
  'hTTp:\\\\',
  'ftp://',
  'ws://',
  'file:///',
  'javascript:',
  'JaVaScript:',
  'java\tscript:',
  'java\nscript:',
  ' javascript:',
  '\u0001javascript:',
  'javascript://%0a',
  'data:text/html,',
  'vbscript:',
  'blob:',
  'about:',
  'mailto:',
  'view-source:',
  'intent://',
]
const hosts = [
  evil,
  `${evil}/`,
  `${evil}/account`,
  `codes.harbour.test@${evil}`,
  `codes.harbour.test.${evil}`,
  `${evil}#codes.harbour.test`,
  `${evil}?codes.harbour.test`,
  `${evil}%23@codes.harbour.test`,
  '1.1',
  '0x7f.1',
  '[::1]',
]
const corpus = [
  ...starts.flatMap((start) => hosts.slice(0, 7).map((host) => start + host)),
  ...schemes.flatMap((scheme) => [scheme + evil, `${scheme}alert(1)`, `/${scheme}${evil}`]),
  ...hosts.map((host) => `https://codes.harbour.test:443@${host}`),
  `${publicUrl}@${evil}`,
  `${publicUrl}.${evil}`,
  `/account\r\nLocation: https://${evil}/`,
  `/account\r\nSet-Cookie: x=y`,
  `/account%0d%0aLocation:%20https://${evil}`,
  `/\\\\${evil}`,
  '/'.repeat(500) + evil,
  `/${'a'.repeat(2000)}`,
]

/** Where a sign-in ends that was begun with this return path. */
async function endOf(asked: string, how: 'address' | 'field'): Promise<string> {
  await person.open(how === 'address' ? `/signin?return_to=${encodeURIComponent(asked)}` : '/signin')
  const begin = person.form('username').fields
  const fields = { ...begin, username: account.email, ...(how === 'field' && { return_to: asked }) }
  const begun = await person.request('/signin', { fields })
  expect(begun.headers.get('location')).toMatch(/^\/signin\/[0-9a-f-]{36}$/)
  await person.follow(begun, '/signin')
  const step = person.form('password')
  const done = await person.request(step.action, { fields: { ...step.fields, password } })
  expect(done.status).toBe(303)
  expect(done.headers.getSetCookie().every((line) => line.startsWith('__Host-'))).toBe(true)
  return done.headers.get('location') ?? ''
}

/** What a browser would make of it. */
function expectOurs(location: string): void {
  expect(location).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
  for (const base of [`${publicUrl}/signin/x`, `${publicUrl}/`]) {
    expect(new URL(location, base).origin).toBe(publicUrl)
    expect(new URL(location, base).pathname).not.toMatch(/^\/[/\\]/)
  }
}

test(`of ${corpus.length} return paths that lead elsewhere none does`, async () => {
  expect(corpus.length).toBeGreaterThanOrEqual(300)
  for (const [nth, asked] of corpus.entries())
    expectOurs(await endOf(asked, nth % 2 === 0 ? 'address' : 'field'))
})

test('whatever is asked for, the end is a path of ours', async () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2f',
    '%5c',
    '%2e',
    '@',
    ':',
    ';',
    '?',
    '#',
    '\t',
    '\n',
    '\0',
    evil,
    'account',
    'https:',
    'javascript:',
    ' ',
    '\u3002',
    'é',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (pieces) => {
      expectOurs(await endOf(pieces.join(''), 'field'))
    }),
    { numRuns: 60 },
  )
})

test('choosing a language leads back to a path of ours, however the request line is written', async () => {
  const server = await openRawServer(world)
  const lines = [
    '/',
    '//evil.example/',
    '/signin/..//evil.example',
    '/signin/%2e%2e//evil.example',
    '/signin/../..//evil.example',
    '/help/..//evil.example/x',
    '/help/.././/evil.example',
    '/help//evil.example',
    '/signin/\\evil.example',
    '/account/..\\\\evil.example',
    `${publicUrl}//evil.example/`,
    `${publicUrl}/signin/..//evil.example`,
    'https://evil.example/',
    '/help/\t/evil.example',
    '/report/..//evil.example',
  ]
  let redirected = 0
  for (const target of lines) {
    const answer = await server.get(`${target}?language=ja`, { Host: 'codes.harbour.test' })
    const location = /^location: (.*)\r$/im.exec(answer)?.[1]
    expect(answer, target).not.toMatch(/^HTTP\/1.1 5/)
    if (location === undefined) continue
    redirected += 1
    expectOurs(location)
  }
  expect(redirected).toBeGreaterThan(1)
  await server.close()
})
