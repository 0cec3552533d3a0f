import { afterAll, beforeAll, expect, test } from 'vitest'
import { newPerson } from '../support/person.ts'
import { type Client, openWorld, publicUrl, type World } from '../support/world.ts'

let world: World
let shop: Client
beforeAll(async () => {
  world = await openWorld()
  shop = await world.application()
})
afterAll(() => world.close())

/** A body of which the first part came, and then the connection was gone. */
const cut = (text: string) => {
  let pulls = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls += 1
      if (pulls === 1) controller.enqueue(new TextEncoder().encode(text))
      else controller.error(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
    },
  })
}

const ask = (path: string, headers: Record<string, string>, text: string) =>
  world.app.request(publicUrl + path, {
    method: 'POST',
    headers,
    body: cut(text),
    duplex: 'half',
  } as RequestInit)

test.for([{}, { 'Content-Length': '500' }])(
  'a form that breaks off is its sender’s fault: %j',
  async (length) => {
    const person = newPerson(world)
    await person.open('/signin')
    const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = {
      Host: new URL(publicUrl).host,
      Accept: 'text/html',
      Cookie: cookie,
      Origin: publicUrl,
      'Sec-Fetch-Site': 'same-origin',
      'Content-Type': 'application/x-www-form-urlencoded',
      ...length,
    }
    for (const path of ['/signin', '/signup', '/help/errors']) {
      const answer = await ask(path, headers, 'username=ana%40exa')
      expect(answer.status, path).toBe(400)
      expect(answer.headers.get('countersign-error')).toMatch(/^body_malformed;/)
    }
  },
)

test.for([{}, { 'Content-Length': '500' }])('and so is a request to the API: %j', async (length) => {
  const headers = { Authorization: `Bearer ${shop.token}`, 'Content-Type': 'application/json', ...length }
  const answer = await ask('/v1/verifications', headers, '{"to":{"email":"ana@exa')
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ code: 'body_malformed' })
})
