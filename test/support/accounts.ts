import { hash } from '@node-rs/argon2'
import type { SignedInSession } from '../../src/operations/requester.ts'
import { usernameLookup } from '../../src/operations/usernames.ts'
import { newId } from '../../src/secrets/random.ts'
import { insertAccount } from '../../src/storage/account.ts'
import { insertSession, rememberBrowser } from '../../src/storage/session.ts'
import { newPerson, type Page, type Person } from './person.ts'
import type { Ground } from './world.ts'

/** The password of every account that is made here. */
export const password = 'wharf lantern 7 gulls'

/** The weakest hash there is: what a test is about is seldom the work of hashing. */
const quickHash = hash(password, { algorithm: 2, memoryCost: 8, timeCost: 1, parallelism: 1 })

export type MadeAccount = { id: string; email: string; itemId: string }

/** An account as a sign-up leaves it, made at once. */
export async function makeAccount(world: Ground, email: string): Promise<MadeAccount> {
  const account = { id: newId(), email, itemId: newId() }
  await world.deps.database.transaction(async (sql) =>
    insertAccount(sql, {
      id: account.id,
      locale: 'en',
      passwordHash: await quickHash,
      username: email,
      usernameLookup: usernameLookup(email),
      itemId: account.itemId,
      provenAt: world.now,
      passwordSetAt: world.now,
    }),
  )
  return account
}

/** A browser that the account has been signed in on before. */
export async function knownPerson(world: Ground, account: MadeAccount): Promise<Person> {
  const person = newPerson(world)
  await person.open('/signin')
  await rememberBrowser(world.sql, account.id, person.browser)
  return person
}

/** Signs up to the end, as a person does. */
export async function signUp(world: Pick<Ground, 'readCode'>, person: Person, email: string): Promise<Page> {
  await person.open('/signup')
  await person.submit({ email })
  await person.submit({ code: await world.readCode(email) })
  return person.submit({ password })
}

/** Signs in as far as name and password lead: to the account on a known browser, else to the choice of a contact. */
export async function signIn(person: Person, email: string, more: { keep?: 'yes' } = {}): Promise<Page> {
  await person.open('/signin')
  const begin = person.form('username')
  Object.assign(begin.fields, more)
  await person.submit({ username: email })
  return person.submit({ password })
}

/** Signs in on a browser that the account doesn't know, with a code. */
export async function signInByCode(
  world: Pick<Ground, 'readCode'>,
  person: Person,
  email: string,
  more: { keep?: 'yes' } = {},
): Promise<Page> {
  await signIn(person, email, more)
  await person.submit({ item: person.form('item').fields.item ?? '' })
  return person.submit({ code: await world.readCode(email) })
}

/** Opens a page of an account that asks for a proof first, and gives it by a code to an address. */
export async function stepUp(world: Ground, person: Person, path: string, email: string): Promise<Page> {
  await person.open(path)
  await person.submit({ item: person.form('item').fields.item ?? '' })
  return person.submit({ code: await world.readCode(email) })
}

/** A session without a cookie: for operations that are asked without a page. */
export async function sessionWithoutPage(world: Ground, accountId: string): Promise<SignedInSession> {
  const session = { accountId, sessionId: newId(), handle: '', proofs: [], secretHash: Buffer.alloc(32) }
  await insertSession(world.sql, {
    ...session,
    id: session.sessionId,
    browser: Buffer.alloc(32),
    kept: false,
    userAgent: undefined,
    ip: '192.0.2.77',
  })
  return { ...session, now: world.now }
}

/** How many sessions of the account are alive. */
export async function livingSessions(world: Ground, accountId: string): Promise<number> {
  const [row] = await world.sql<{ count: number }>`
    select count(*)::int as count from session where account_id = ${accountId} and ended_at is null`
  return row?.count ?? 0
}
