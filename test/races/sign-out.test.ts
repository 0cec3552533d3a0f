import { hash } from '@node-rs/argon2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { usernameLookup } from '../../src/operations/signing-in/sign-up.ts'
import { newId } from '../../src/secrets/random.ts'
import { accountHandle, hashToken, newBrowserToken, sessionTokenOf } from '../../src/secrets/tokens.ts'
import { insertAccount } from '../../src/storage/account.ts'
import { insertSession, rememberBrowser } from '../../src/storage/session.ts'
import { startTwoServers, type TwoServers } from './two-servers.ts'

let servers: TwoServers

beforeAll(async () => {
  servers = await startTwoServers()
}, 120_000)
afterAll(async () => {
  await servers?.close()
  expect(servers?.faults()).toBe('')
})

type Tab = { cookie: string; handle: string; browser: Buffer }

async function newAccount(): Promise<string> {
  const id = newId()
  const email = `owner-${id}@example.org`
  await servers.database.transaction(async (sql) =>
    insertAccount(sql, {
      id,
      locale: 'en',
      passwordHash: await hash('wharf lantern 7 gulls', { memoryCost: 8, timeCost: 1 }),
      username: email,
      usernameLookup: usernameLookup(email),
      itemId: newId(),
      provenAt: Date.now(),
      passwordSetAt: Date.now(),
    }),
  )
  return id
}

/** The account signed in on one more browser. */
async function signedIn(accountId: string): Promise<Tab> {
  const ring = await servers.keyring()
  const browserToken = newBrowserToken()
  const browser = hashToken(browserToken)
  const token = sessionTokenOf(ring, accountId, newId())
  const { sql } = servers.database
  await rememberBrowser(sql, accountId, browser)
  await insertSession(sql, {
    accountId,
    id: token.sessionId,
    secretHash: token.secretHash,
    browser,
    kept: true,
    proofs: [],
    userAgent: undefined,
    ip: '192.0.2.1',
  })
  const handle = accountHandle(ring, browser, accountId)
  return { cookie: `browser=${browserToken}; account-${handle}=${token.text}`, handle, browser }
}

const at = (port: number | undefined, path: string, tab: Tab, form?: Record<string, string>) =>
  fetch(`http://localhost:${port}${path}`, {
    redirect: 'manual',
    headers: {
      Cookie: tab.cookie,
      Accept: 'text/html',
      ...(form !== undefined && { Origin: `http://localhost:${port}` }),
    },
    ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) }),
  })

const formIn = (html: string): string => /name="form" value="([^"]+)"/.exec(html)?.[1] ?? ''

test('signing out everywhere at one process ends every session at the other from its answer on', async () => {
  for (let round = 0; round < 5; round += 1) {
    const accountId = await newAccount()
    const tabs = await Promise.all(Array.from({ length: 12 }, () => signedIn(accountId)))
    const [first] = tabs
    if (first === undefined) throw new Error('Nobody is signed in.')
    const [here, there] = servers.ports
    const stillIn = async () => {
      const answers = await Promise.all(tabs.map((tab) => at(there, `/account/${tab.handle}`, tab)))
      return answers.filter((answer) => answer.status === 200).length
    }
    expect(await stillIn()).toBe(12)
    const page = await at(here, `/account/${first.handle}/sessions`, first)
    const form = formIn(await page.text())
    // Others go on asking all the while, so that their connections are warm and their requests under way.
    const asking = Promise.all(Array.from({ length: 20 }, stillIn))
    const answered = await at(here, `/account/${first.handle}/sessions`, first, { form, act: 'everywhere' })
    expect(answered.status).toBe(200)
    // Asked the moment the answer is there, and refused: no second is needed.
    expect(await stillIn()).toBe(0)
    await asking
    const [left] = await servers.database.sql<{ browsers: number }>`
      select count(*)::int as browsers from known_browser
      where account_id = ${accountId} and forgotten_at is null`
    expect(left?.browsers).toBe(1)
  }
}, 120_000)

test('of two browsers that sign each other out at once, no session but one of the two is left, and both are told', async () => {
  const accountId = await newAccount()
  const [one, other] = [await signedIn(accountId), await signedIn(accountId)]
  const [here, there] = servers.ports
  const formOf = async (port: number | undefined, tab: Tab) =>
    formIn(await (await at(port, `/account/${tab.handle}/sessions`, tab)).text())
  const forms = [await formOf(here, one), await formOf(there, other)]
  const answers = await Promise.all([
    at(here, `/account/${one.handle}/sessions`, one, { form: forms[0] ?? '', act: 'others' }),
    at(there, `/account/${other.handle}/sessions`, other, { form: forms[1] ?? '', act: 'others' }),
  ])
  expect(answers.map(({ status }) => status)).toEqual([303, 303])
  const [living] = await servers.database.sql<{ count: number }>`
    select count(*)::int as count from session where account_id = ${accountId} and ended_at is null`
  expect(living?.count).toBeLessThanOrEqual(1)
}, 60_000)
