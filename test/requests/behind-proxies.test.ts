import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newPerson, type Person } from '../support/person.ts'
import { openWorld, publicUrl, type World } from '../support/world.ts'

/** What proxies in front of the service do to what browsers send. */
let world: World
const { host } = new URL(publicUrl)

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** A browser whose requests come through a listed proxy, with what that writes into X-Forwarded-For. */
async function signUpThrough(forwardedFor: string, email: string): Promise<string | undefined> {
  const person = newPerson(world, { ip: '192.0.2.1' })
  const headers = { 'X-Forwarded-For': forwardedFor }
  await person.follow(await person.request('/signup', { headers }), '/signup')
  const { action, fields } = person.form('email')
  const answer = await person.request(action, { fields: { ...fields, email }, headers })
  return answer.headers.get('countersign-error')?.split(';')[0]
}

describe('an address that a proxy hands on with a port', () => {
  test.for([
    ['of version 4', (nth: number) => `198.51.${nth}.7:${40_000 + nth}`],
    ['of version 6', (nth: number) => `[2001:db8:${nth}::7]:443`],
    ['of version 6 without one', (nth: number) => `[2001:db8:${nth}:1::7]`],
  ] as const)('%s is the visitor’s own: one never uses up what another needs', async ([kind, from]) => {
    for (let nth = 1; nth <= 24; nth += 1) {
      const email = `${kind.replaceAll(' ', '-')}-${nth}@example.org`
      expect(await signUpThrough(from(nth), email), from(nth)).toBeUndefined()
    }
  })
})

describe('the host of a request', () => {
  test.for([host, host.toUpperCase(), `${host}.`, `${host}:443`, `${host}.:443`])(
    '%s is ours',
    async (written) => {
      const person = newPerson(world)
      const page = await person.request('/signup', { headers: { Host: written } })
      expect(page.status).toBe(200)
      await person.follow(page, '/signup')
      const { action, fields } = person.form('email')
      const name = written.replaceAll(/\W/g, '-').toLowerCase()
      const sent = await person.request(action, {
        fields: { ...fields, email: `host-${name}@example.org` },
        headers: { Host: written, Origin: `https://${written.toLowerCase()}` },
      })
      expect(sent.status).toBe(303)
    },
  )

  test.for([`${host}:8443`, `${host}:80`, `www.${host}`, `${host}.example`, `${host}..`, `x@${host}`])(
    '%s is another, and is told so',
    async (written) => {
      const answer = await newPerson(world).request('/signup', { headers: { Host: written } })
      expect(answer.status).toBe(421)
    },
  )
})

describe('a Referrer-Policy of no-referrer that a proxy adds', () => {
  const sent = (person: Person, headers: Record<string, string | undefined>, form?: string) => {
    const { action, fields } = person.form('email')
    const email = 'referrer@example.org'
    return person.request(action, { fields: { ...fields, email, ...(form && { form }) }, headers })
  }

  test('makes browsers send "Origin: null", and their forms pass by the rest', async () => {
    const person = newPerson(world)
    await person.open('/signup')
    expect((await sent(person, { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' })).status).toBe(303)
  })

  test('opens nothing to anybody else', async () => {
    const person = newPerson(world)
    await person.open('/signup')
    for (const site of ['cross-site', 'same-site', 'none', undefined])
      expect((await sent(person, { Origin: 'null', 'Sec-Fetch-Site': site })).status, site).toBe(403)
    const stale = await sent(person, { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' }, 'x'.repeat(43))
    expect(stale.headers.get('countersign-error')).toMatch(/^form_stale/)
  })
})
