import type { RouterRoute } from 'hono/types'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Proof, ProofKind } from '../../src/core/proving/proof.ts'
import { type Act, actRules } from '../../src/core/sign-in/step-up.ts'
import { type Duration, days, hours, minutes } from '../../src/core/time.ts'
import { accountRoutes, openRoutes } from '../../src/http/pages/session/access.ts'
import { newId } from '../../src/secrets/random.ts'
import { accountHandle, sessionTokenOf } from '../../src/secrets/tokens.ts'
import { insertSession } from '../../src/storage/session.ts'
import { type MadeAccount, makeAccount } from '../support/accounts.ts'
import { cookieNamed, newPerson, type Person } from '../support/person.ts'
import { openWorld, publicUrl, type World } from '../support/world.ts'

let world: World
let account: MadeAccount
beforeAll(async () => {
  world = await openWorld({ hurried: true })
  account = await makeAccount(world, 'owner@example.org')
  // An account and an item past their first week: the table is about what is proved, not about what is new.
  await world.advance(days(10))
})
afterAll(() => world.close())

/** Assets have a hash in their path; what stands before several routes is none. */
const answers = ({ path, method }: RouterRoute) => method !== 'ALL' && !path.startsWith('/assets/')

test('every route of the service stands in the table, and the table has no other', () => {
  const routes = world.app.routes.filter(answers).map(({ method, path }) => `${method} ${path}`)
  expect([...new Set(routes)].sort()).toEqual([...Object.keys(accountRoutes), ...openRoutes].sort())
})

test('what needs a step-up has a page under the path of its form, where the step-up comes back to', () => {
  for (const [route, act] of Object.entries(accountRoutes)) {
    if (actRules[act].needs === 'signed_in' || route.startsWith('GET')) continue
    expect(Object.keys(accountRoutes)).toContain(route.replace('POST', 'GET'))
  }
})

const ages = { 'just now': 0, 'five minutes ago': minutes(5), 'an hour ago': hours(1) }
/** What a session of each kind has proved; a browser that is trusted brought nothing but the password. */
const kinds: Record<string, readonly ProofKind[]> = {
  'a password': ['password'],
  'a password, on a trusted browser': ['password'],
  'a password and a code by email': ['password', 'email_code'],
  'a password and a code by text': ['password', 'text_code'],
  'a password and an authenticator app': ['password', 'totp'],
  'a passkey': ['passkey'],
  'a passkey that was only touched': ['passkey_touch'],
  'a recovery code': ['password', 'recovery_code'],
}

const cells = Object.entries(accountRoutes).flatMap(([route, act]) =>
  Object.entries(kinds).flatMap(([kind, proved]) =>
    Object.entries(ages).map(([when, age]) => ({ route, act: act as Act, kind, proved, when, age })),
  ),
)

describe('a session of each kind and age at each route', () => {
  test.each(Object.keys(accountRoutes))('%s lets through whom the table lets through', async (route) => {
    for (const cell of cells.filter((one) => one.route === route)) {
      const came = await outcomeOf(route, cell.proved, cell.age)
      expect(came, `${cell.kind}, ${cell.when}`).toBe(wanted(cell.act, cell.proved, cell.age))
    }
  })

  test.each(Object.keys(accountRoutes))('%s leads who is not signed in to sign in', async (route) => {
    expect(await outcomeOf(route, undefined, 0)).toBe('to sign in')
  })
})

/** The table, read by eye: any rule of ours in the test would repeat the code's. */
function wanted(act: Act, proved: readonly ProofKind[], age: Duration): Outcome {
  const rule = actRules[act]
  if (rule.needs === 'signed_in') return 'let through'
  const by: readonly ProofKind[] = rule.by
  return age < minutes(10) && proved.some((kind) => by.includes(kind)) ? 'let through' : 'to step up'
}

type Outcome = 'let through' | 'to step up' | 'to sign in'

async function outcomeOf(
  route: string,
  proved: readonly ProofKind[] | undefined,
  age: Duration,
): Promise<Outcome> {
  const [method = '', pattern = ''] = route.split(' ')
  const person = newPerson(world)
  await person.open('/signin')
  const handle = accountHandle(world.deps.keyring.current(), person.browser, account.id)
  const form = proved === undefined ? 'none' : await giveSession(person, handle, proved, age)
  const path = pattern.replace(':handle', handle).replace(':id', newId()).replace(':item', account.itemId)
  const answer = await person.request(path, method === 'GET' ? {} : { fields: { form } })
  await answer.body?.cancel()
  const to = new URL(answer.headers.get('location') ?? path, publicUrl).pathname
  if (to === '/signin') return 'to sign in'
  return to === `/account/${handle}/stepup` && to !== path ? 'to step up' : 'let through'
}

/** A session as it would be stored, and the token of its forms. */
async function giveSession(
  person: Person,
  handle: string,
  proved: readonly ProofKind[],
  age: Duration,
): Promise<string> {
  const token = sessionTokenOf(world.deps.keyring.current(), account.id, newId())
  const proofs: Proof[] = proved.map((kind) => ({
    kind,
    at: world.now - age,
    ...(kind !== 'password' && { itemId: account.itemId }),
  }))
  await insertSession(world.sql, {
    accountId: account.id,
    id: token.sessionId,
    secretHash: token.secretHash,
    browser: person.browser,
    kept: false,
    proofs,
    userAgent: undefined,
    ip: person.ip,
  })
  person.cookies.set(cookieNamed(`account-${handle}`), token.text)
  const home = await person.open(`/account/${handle}`)
  return home.forms[0]?.fields.form ?? ''
}
