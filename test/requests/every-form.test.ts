import { afterAll, beforeAll, expect, test } from 'vitest'
import { knownPerson, makeAccount, signIn } from '../support/accounts.ts'
import { giveApp } from '../support/items.ts'
import { newPerson, type Person } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** What stands in the markup of each form that is posted. */
const posted = (html: string): string[] =>
  [...html.matchAll(/<form\b[^>]*method="post"[^>]*>.*?<\/form>/gs)].map(([form]) => form)

/** Every page that links lead to from here, each once. */
async function pagesFrom(person: Person, ...starts: string[]): Promise<Map<string, string>> {
  const seen = new Map<string, string>()
  const todo = [...starts]
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    if (seen.has(path)) continue
    const { text } = await person.open(path)
    seen.set(path, text)
    for (const [, href = ''] of text.matchAll(/href="(\/[^"#]*)"/g)) {
      const to = href.replaceAll('&amp;', '&')
      if (!/^\/(assets|docs|openapi)|language=|\.(csv|json)$|^\/help\/errors\/./.test(to)) todo.push(to)
    }
  }
  return seen
}

test('every form has a token, and is worth nothing without it', async () => {
  const account = await makeAccount(world, 'owner@example.org')
  await giveApp(world, account)
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  const home = person.page.path
  // Everything has been proved, so that no page stops at asking for it.
  const proofs = [{ kind: 'email_code', at: world.now, itemId: account.itemId }]
  await world.sql`update session set proofs = ${JSON.stringify(proofs)} where account_id = ${account.id}`
  const link = 'A'.repeat(43)
  const starts = [
    home,
    `${home}/security`,
    '/signin',
    '/signup',
    '/help',
    `/changes/${link}`,
    `/report/${link}`,
  ]
  const pages = await pagesFrom(person, ...starts)
  const actions = new Set<string>()
  for (const [path, html] of pages) {
    for (const form of posted(html)) {
      expect(form, path).toMatch(/<input type="hidden" name="form" value="[\w-]{40,}"/)
      actions.add(/action="([^"]*)"/.exec(form)?.[1] ?? path)
    }
  }
  expect(actions.size).toBeGreaterThan(15)
  for (const action of actions) {
    const answer = await person.request(action.replaceAll('&amp;', '&'), { fields: { reference: 'K7F-2Q' } })
    expect(answer.headers.get('countersign-error'), action).toMatch(/^(form_stale|flow_ended);/)
  }
})

test('a language link on the page of an address that is none leads to no other host', async () => {
  const person = newPerson(world)
  for (const path of [
    '//evil.example',
    '//evil.example/x?y=1',
    '/\\evil.example',
    '///evil.example',
    '//%5cevil.example',
  ]) {
    const { text, status } = await person.open(path)
    expect(status, path).toBe(404)
    const links = [...text.matchAll(/href="([^"]*language=[^"]*)"/g)].map(([, href = '']) => href)
    expect(links).toHaveLength(3)
    for (const href of links)
      expect(new URL(href.replaceAll('&amp;', '&'), 'https://codes.harbour.test').host).toBe(
        'codes.harbour.test',
      )
  }
  expect((await person.open('/nothing?language=ja')).text).toContain('<html lang="ja"')
  const redirect = await person.request('/signin//evil.example/..?language=ja')
  expect(redirect.headers.get('location') ?? '/').toMatch(/^\/(?![/\\])/)
})
