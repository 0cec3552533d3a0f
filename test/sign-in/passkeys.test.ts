import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Proof } from '../../src/core/proving/proof.ts'
import { hours } from '../../src/core/time.ts'
import { userHandleOf } from '../../src/secrets/passkey.ts'
import { type MadeAccount, makeAccount, password } from '../support/accounts.ts'
import type { Said, TestAuthenticator } from '../support/authenticator.ts'
import { act, newBrowser, putFlow, signInOf } from '../support/flows.ts'
import { givePasskey, giveTwoStep, passkeyOptionsOn } from '../support/items.ts'
import { newPerson, type Page, type Person } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

async function owner(eligible = false) {
  nth += 1
  const account = await makeAccount(world, `keys${nth}@example.org`)
  const key = await givePasskey(world, account, { eligible })
  return { account, key }
}

/** The sign-in page, and what it asks the browser for. */
async function atSignIn(person = newPerson(world)) {
  await person.open('/signin')
  return { person, options: passkeyOptionsOn(person.page), fields: person.form('offer').fields }
}

const send = async (person: Person, fields: Record<string, string>, credential: string): Promise<Page> =>
  person.follow(
    await person.request('/signin/passkey', { fields: { ...fields, credential } }),
    '/signin/passkey',
  )

const signedInNow = async (account: MadeAccount): Promise<Proof[][]> =>
  (
    await world.sql<{ proofs: Proof[] }>`
      select proofs from session where account_id = ${account.id} and ended_at is null`
  ).map(({ proofs }) => proofs)

describe('a passkey alone', () => {
  test('signs in, on any browser and with two-step verification on: it is two proofs in one', async () => {
    const { account, key } = await owner()
    await giveTwoStep(world, account)
    const { person, options, fields } = await atSignIn()
    expect(options).toMatchObject({
      rpId: 'codes.harbour.test',
      userVerification: 'required',
      allowCredentials: [],
    })
    await send(person, fields, key.get(options))
    expect(person.page.path).toMatch(/^\/account\//)
    expect(await signedInNow(account)).toEqual([[{ kind: 'passkey', at: world.now, itemId: key.itemId }]])
  })

  test('leads back to where one came from, and keeps the session where that was ticked', async () => {
    const { key } = await owner()
    const person = newPerson(world)
    await person.open('/signin?return_to=/account')
    const { fields } = person.form('offer')
    const credential = key.get(passkeyOptionsOn(person.page))
    const answer = await person.request('/signin/passkey', { fields: { ...fields, keep: 'yes', credential } })
    expect(answer.headers.get('location')).toBe('/account')
    expect(answer.headers.getSetCookie().join()).toContain('Max-Age=7776000')
  })

  const lies: [string, (account: MadeAccount) => Said | Promise<Said>][] = [
    ['a sibling origin', () => ({ origin: 'https://other.harbour.test' })],
    ['plain http', () => ({ origin: 'http://codes.harbour.test' })],
    ['another port', () => ({ origin: 'https://codes.harbour.test:444' })],
    ['our name as the beginning of another', () => ({ origin: 'https://codes.harbour.test.evil.example' })],
    ['our name as the end of another', () => ({ origin: 'https://evil-codes.harbour.test' })],
    ["another site's frame", () => ({ crossOrigin: true })],
    ["another site's frame, named", () => ({ crossOrigin: true, topOrigin: 'https://evil.example' })],
    ['another relying party', () => ({ rpId: 'harbour.test' })],
    ['a registration in its place', () => ({ type: 'webauthn.create' })],
    ['nobody present', () => ({ present: false })],
    ['a counter that went back', () => ({ counter: 40 })],
    ['a counter that stood still', () => ({ counter: 41 })],
    ["another account's handle", async () => ({ userHandle: userHandleOf((await owner()).account.id) })],
    ['a handle of nobody', () => ({ userHandle: userHandleOf('00000000-0000-4000-8000-000000000000') })],
    ['no handle', () => ({ userHandle: undefined })],
    ['that it may now be kept in several places', () => ({ eligible: true })],
  ]

  test.each(lies)('is refused where it says %s: of 100, none is let in', async (_, lie) => {
    const { account, key } = await owner()
    await world.sql`update security_info set sign_count = 41 where id = ${key.itemId}`
    const person = newPerson(world)
    for (let tries = 0; tries < 100; tries += 1) {
      const { options, fields } = await atSignIn(person)
      const said = await lie(account)
      await send(person, fields, key.get(options, { counter: 100 + tries, ...said }))
      expect(person.page.refusal).toBe('passkey_refused')
    }
    expect(await signedInNow(account)).toEqual([])
    const { options, fields } = await atSignIn(person)
    await send(person, fields, key.get(options, { counter: 1000 }))
    expect(await person.isSignedIn()).toBe(true)
  })

  const misplaced: [
    string,
    () => Promise<{ person: Person; challenge: string; fields: Record<string, string> }>,
  ][] = [
    [
      'a challenge that was answered before',
      async () => {
        const { key } = await owner()
        const { person, options, fields } = await atSignIn()
        await send(person, fields, key.get(options))
        return { person, challenge: options.challenge, fields }
      },
    ],
    [
      "another page's challenge",
      async () => {
        const { person, options } = await atSignIn()
        return { person, challenge: options.challenge, fields: (await atSignIn(person)).fields }
      },
    ],
    [
      "another browser's challenge",
      async () => {
        const [mine, theirs] = [await atSignIn(), await atSignIn()]
        const fields = { ...mine.fields, offer: theirs.fields.offer ?? '' }
        return { person: mine.person, challenge: theirs.options.challenge, fields }
      },
    ],
    [
      "the challenge of another account's own form",
      async () => {
        const other = await owner()
        const asked = newPerson(world)
        await asked.open('/signin')
        await asked.submit({ username: other.account.email })
        await asked.submit({ password })
        await asked.submit({ item: other.key.itemId })
        const { person, fields } = await atSignIn()
        return { person, challenge: passkeyOptionsOn(asked.page).challenge, fields }
      },
    ],
    [
      'a challenge of nobody',
      async () => {
        const { person, fields } = await atSignIn()
        return { person, challenge: Buffer.alloc(32, 7).toString('base64url'), fields }
      },
    ],
  ]

  test.each(misplaced)('is refused where it answers %s: of 100, none is let in', async (_, ask) => {
    const { account, key } = await owner(true)
    let asked = await ask()
    for (let tries = 0; tries < 100; tries += 1) {
      if (tries % 20 === 19) asked = await ask()
      const { person, challenge, fields } = asked
      const said = { counter: 0, eligible: true, backedUp: true }
      await send(person, fields, key.get({ challenge }, said))
      expect(person.page.refusal).toBe('passkey_refused')
    }
    expect(await signedInNow(account)).toEqual([])
  })

  test('that was only touched is refused, with what to do instead: of 100, none is let in', async () => {
    const { account, key } = await owner()
    const person = newPerson(world)
    for (let tries = 0; tries < 100; tries += 1) {
      const { options, fields } = await atSignIn(person)
      await send(person, fields, key.get(options, { verified: false }))
      expect(person.page.refusal).toBe('passkey_unverified')
    }
    expect(await signedInNow(account)).toEqual([])
  })

  test('a challenge is answered once', async () => {
    const { account, key } = await owner()
    const { person, options, fields } = await atSignIn()
    const answers = [1, 2, 3].map((counter) => key.get(options, { counter }))
    await send(person, fields, answers[0]!)
    expect(await person.isSignedIn()).toBe(true)
    await send(person, fields, answers[1]!)
    expect(person.page.refusal).toBe('passkey_refused')
    expect(await signedInNow(account)).toHaveLength(1)
  })

  test('of two hundred answers to one challenge at once, one is let in', async () => {
    const { key } = await owner(true)
    const { person, options, fields } = await atSignIn()
    const credential = key.get(options, { counter: 0, eligible: true, backedUp: true })
    const send200 = Array.from({ length: 200 }, () =>
      person.request('/signin/passkey', { fields: { ...fields, credential } }),
    )
    const statuses = (await Promise.all(send200)).map((answer) => answer.status)
    expect(statuses.filter((status) => status === 303)).toHaveLength(1)
  })

  test("a challenge is another browser's, or an hour old: nothing", async () => {
    const { account, key } = await owner()
    const [mine, theirs] = [await atSignIn(), await atSignIn()]
    await send(mine.person, { ...mine.fields, offer: theirs.fields.offer ?? '' }, key.get(theirs.options))
    expect(mine.person.page.refusal).toBe('passkey_refused')
    const late = await atSignIn()
    await world.advance(hours(1))
    await send(late.person, late.fields, key.get(late.options))
    expect(late.person.page.refusal).toBe('passkey_refused')
    expect(await signedInNow(account)).toEqual([])
  })

  test('of two copies with one counter, the second is refused; one that never counts goes on', async () => {
    const { key } = await owner()
    const first = await atSignIn()
    await send(first.person, first.fields, key.get(first.options, { counter: 7 }))
    expect(await first.person.isSignedIn()).toBe(true)
    const copy = await atSignIn()
    await send(copy.person, copy.fields, key.get(copy.options, { counter: 7 }))
    expect(copy.person.page.refusal).toBe('passkey_refused')
    const synced = (await owner(true)).key
    for (let times = 0; times < 2; times += 1) {
      const { person, options, fields } = await atSignIn()
      await send(person, fields, synced.get(options, { counter: 0, eligible: true, backedUp: times === 1 }))
      expect(await person.isSignedIn()).toBe(true)
    }
  })

  test('with a signature by another key, or one letter changed, is refused', async () => {
    const { account, key } = await owner()
    const other = await owner()
    const { person, options, fields } = await atSignIn()
    const right = JSON.parse(key.get(options))
    const wrong = JSON.parse(other.key.get(options))
    const forged = [
      { ...right, response: { ...right.response, signature: wrong.response.signature } },
      { ...wrong, id: right.id, rawId: right.rawId },
      { ...wrong, response: { ...wrong.response, userHandle: right.response.userHandle } },
      { ...right, response: { ...right.response, signature: `A${right.response.signature.slice(1)}` } },
      { ...right, rawId: wrong.rawId },
    ]
    for (const credential of forged) {
      await send(person, fields, JSON.stringify(credential))
      expect(person.page.refusal).toBe('passkey_refused')
    }
    expect(await signedInNow(account)).toEqual([])
  })

  test.each(['', 'null', '{}', '{"type":"public-key"}', '[]', '{"id":{"a":1}}', 'x'.repeat(8000)])(
    'what is no answer of a browser is refused: %s',
    async (credential) => {
      const { person, fields } = await atSignIn()
      await send(person, fields, credential)
      expect([person.page.status, person.page.refusal]).toEqual([422, 'passkey_refused'])
    },
  )
})

describe('a passkey after the password', () => {
  const challengeOf = async (account: MadeAccount, key: TestAuthenticator & { itemId: string }) => {
    const person = newPerson(world)
    await person.open('/signin')
    await person.submit({ username: account.email })
    await person.submit({ password })
    await person.submit({ item: key.itemId })
    return { person, options: passkeyOptionsOn(person.page) }
  }

  test('is enough where it was only touched, and is recorded as that', async () => {
    const { account, key } = await owner()
    await giveTwoStep(world, account)
    const { person, options } = await challengeOf(account, key)
    expect(options).toMatchObject({ userVerification: 'preferred', allowCredentials: [{ id: key.id }] })
    await person.submit({ credential: key.get(options, { verified: false, userHandle: undefined }) })
    expect(await person.isSignedIn()).toBe(true)
    expect((await signedInNow(account))[0]?.map(({ kind }) => kind)).toEqual(['passkey_touch', 'password'])
  })

  test('answers the challenge of its own form alone: not of another flow, another revision or the sign-in page', async () => {
    const { account, key } = await owner()
    const other = await challengeOf(account, key)
    const page = await atSignIn()
    const { person, options } = await challengeOf(account, key)
    for (const challenge of [other.options, page.options]) {
      await person.submit({ credential: key.get(challenge) })
      expect(person.page.refusal).toBe('passkey_refused')
    }
    // The refused forms have brought the flow on: the first challenge is an old one by now.
    await person.submit({ credential: key.get(options) })
    expect(person.page.refusal).toBe('passkey_refused')
    await person.submit({ credential: key.get(passkeyOptionsOn(person.page)) })
    expect(await person.isSignedIn()).toBe(true)
  })

  test("another account's passkey proves nothing here", async () => {
    const { account, key } = await owner()
    const other = await owner()
    const { person, options } = await challengeOf(account, key)
    await person.submit({ credential: other.key.get(options, { userHandle: undefined }) })
    expect(person.page.refusal).toBe('passkey_refused')
    await person.submit({
      credential: other.key.get(passkeyOptionsOn(person.page), { userHandle: userHandleOf(account.id) }),
    })
    expect(person.page.refusal).toBe('passkey_refused')
    expect(await person.isSignedIn()).toBe(false)
  })

  test('stands for nothing before the password', async () => {
    const { account, key } = await owner()
    const state = signInOf(account, { step: 'passkey', itemId: key.itemId })
    const flow = await putFlow(world, state, newBrowser())
    const answered = await act(world, flow, { act: 'passkey', credential: key.get({ challenge: 'x' }) })
    expect(answered.ok && answered.value.refusal).toEqual({ code: 'step_elsewhere' })
  })
})
