import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccount, signIn } from '../support/accounts.ts'
import { newPerson, type Person } from '../support/person.ts'
import { openRawServer } from '../support/raw-server.ts'
import { type InboxMessage, openWorld, publicUrl, type World } from '../support/world.ts'

/** Messages that say what their request wanted them to (S14): links to another host above all. */
let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const evil = 'evil.example'
const forged: Record<string, string>[] = [
  { 'X-Forwarded-Host': evil },
  { 'X-Forwarded-Host': `${evil}, codes.harbour.test` },
  {
    'X-Forwarded-Server': evil,
    'X-Forwarded-Port': '8443',
    'X-Forwarded-Proto': 'http',
    'X-Forwarded-Scheme': 'http',
  },
  { Forwarded: `host=${evil};proto=http;for=192.0.2.1` },
  { Forwarded: `for="[2001:db8::1]";host="${evil}"` },
  { 'X-Original-Host': evil, 'X-Original-URL': `https://${evil}/`, 'X-Rewrite-URL': `/x/${evil}` },
  { 'X-Host': evil, 'X-HTTP-Host-Override': evil, 'X-Forwarded-Prefix': `//${evil}` },
  { 'X-Forwarded-For': evil, 'True-Client-IP': evil, 'X-Real-IP': evil },
  { Via: `1.1 ${evil}`, From: `x@${evil}`, 'User-Agent': `https://${evil}/ <a href="https://${evil}">` },
  { 'Accept-Language': `${evil};q=1, en`, Referer: `${publicUrl}/${evil}` },
]

/** Each route that sends: what is done before, and the form that makes the message. */
const routes: [
  string,
  (person: Person, email: string) => Promise<{ action: string; fields: Record<string, string> }>,
][] = [
  [
    'a sign-up',
    async (person, email) => {
      await person.open('/signup')
      const form = person.form('email')
      return { ...form, fields: { ...form.fields, email } }
    },
  ],
  [
    'a sign-up with an address that has an account',
    async (person, email) => {
      await makeAccount(world, email)
      await person.open('/signup')
      const form = person.form('email')
      return { ...form, fields: { ...form.fields, email } }
    },
  ],
  [
    'a sign-in on a new browser',
    async (person, email) => {
      const account = await makeAccount(world, email)
      await signIn(person, email)
      const form = person.form('item')
      return { ...form, fields: { ...form.fields, item: account.itemId } }
    },
  ],
  [
    'a sign-in that takes a code first',
    async (person, email) => {
      const account = await makeAccount(world, email)
      for (let guess = 0; guess < 11; guess += 1) {
        const stranger = newPerson(world)
        await stranger.open('/signin')
        await stranger.submit({ username: email })
        await stranger.submit({ password: 'not the password' })
      }
      await signIn(person, email)
      await person.submit({ item: account.itemId })
      const form = person.form('address')
      return { ...form, fields: { ...form.fields, address: email } }
    },
  ],
  [
    'asking again',
    async (person, email) => {
      await person.open('/signup')
      await person.submit({ email })
      await world.advance(30_000)
      const form = person.page.forms.find(({ fields }) => fields.act === 'resend')
      return { action: form?.action ?? '', fields: form?.fields ?? {} }
    },
  ],
]

/** Everything that is in a message, but for what each message has of its own. */
const calm = ({ id: _, ...message }: InboxMessage & { id?: string }): string =>
  JSON.stringify(message, (key, value) => (key === 'attachments' ? undefined : value))
    .replace(/\/report\/[\w-]{43}/g, '/report/TOKEN')
    .replace(/\b\d{3}[ -]?\d{3}\b|\b\d{4}[ -]?\d{4}\b/g, 'CODE')
    .replace(/\b[2-8a-fhjkmnp-tv-z]{3}-[2-8a-fhjkmnp-tv-z]{2}\b/g, 'REFERENCE')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replace(/victim\d+@example\.org/g, 'VICTIM')
    .replace(/\d\d:\d\d(:\d\d)?/g, 'TIME')
    .replace(/\b10\.\d+\.\d+\.7\b/g, 'ADDRESS')

for (const [about, prepare] of routes) {
  test(`no byte of the message of ${about} comes from the request's headers`, async () => {
    const messages: string[] = []
    for (const headers of [{}, ...forged]) {
      nth += 1
      const email = `victim${nth}@example.org`
      const person = newPerson(world)
      const { action, fields } = await prepare(person, email)
      expect((await person.request(action, { fields, headers })).status).toBe(303)
      const all = await world.inbox(email)
      const message = all.at(-1)
      if (message === undefined) throw new Error('Nothing has come.')
      expect(JSON.stringify(message)).not.toContain(evil)
      for (const [, link] of JSON.stringify(message).matchAll(/(https?:\/\/[^\s"'<>\\)]+)/g)) {
        if (!link?.includes('w3.org')) expect(new URL(link ?? '').origin).toBe(publicUrl)
      }
      messages.push(calm(message))
    }
    expect(new Set(messages).size).toBe(1)
  })
}

test('a page asked for under another name is refused, and nothing is sent', async () => {
  const person = newPerson(world)
  await person.open('/signup')
  const { fields } = person.form('email')
  const before = await sentSoFar()
  for (const host of [
    evil,
    'codes.harbour.test:8443',
    'codes.harbour.test.evil.example',
    `codes.harbour.test@${evil}`,
    'localhost',
    '127.0.0.1',
    '',
    `codes.harbour.test, ${evil}`,
  ]) {
    for (const path of ['/', '/signin', '/signup', '/account', '/help', '/.well-known/change-password']) {
      const answer = await person.request(path, { headers: { Host: host } })
      expect(answer.status, `${host} ${path}`).toBe(421)
      expect(await answer.text()).not.toContain('evil.example')
    }
    const sent = await person.request('/signup', {
      fields: { ...fields, email: 'nobody@example.org' },
      headers: { Host: host },
    })
    expect(sent.status).toBe(421)
  }
  expect(await sentSoFar()).toBe(before)
})

test('request lines and hosts that no browser writes send nothing anywhere else', async () => {
  const server = await openRawServer(world)
  const person = newPerson(world)
  await person.open('/signup')
  const { fields } = person.form('email')
  const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const from = { Cookie: cookie, Origin: publicUrl, 'Sec-Fetch-Site': 'same-origin' }
  const host = 'codes.harbour.test'
  const tries: [string, Record<string, string | string[]>][] = [
    [`https://${evil}/signup`, { Host: host }],
    [`http://${evil}/signup`, { Host: host }],
    [`https://${host}/signup`, { Host: evil }],
    ['/signup', { Host: [host, evil] }],
    ['/signup', { Host: [evil, host] }],
    ['/signup', { Host: `${host}:443` }],
    ['/signup', { Host: `${host}\t` }],
    ['/signup', { Host: `${host}/${evil}` }],
    [`//${evil}/signup`, { Host: host }],
    ['/signup', {}],
  ]
  for (const [index, [target, headers]] of tries.entries()) {
    const email = `raw${index}@example.org`
    const answer = await server.post(
      target,
      { ...headers, ...from },
      new URLSearchParams({ ...fields, email }).toString(),
    )
    expect(answer, `${target} ${JSON.stringify(headers)}`).not.toMatch(/^HTTP\/1.1 5/)
    expect(answer).not.toMatch(new RegExp(`^location: [^\r]*${evil}`, 'im'))
    for (const message of await world.inbox(email)) expect(JSON.stringify(message)).not.toContain(evil)
  }
  const right = await server.post(
    '/signup',
    { Host: host, ...from },
    new URLSearchParams({ ...fields, email: 'raw@example.org' }).toString(),
  )
  expect(right).toMatch(/^HTTP\/1.1 303/)
  await server.close()
})

async function sentSoFar(): Promise<number> {
  const [row] = await world.sql<{ count: number }>`select count(*)::int as count from message`
  return row?.count ?? -1
}
