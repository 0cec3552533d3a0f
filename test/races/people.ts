import { simpleParser } from 'mailparser'
import { expect, vi } from 'vitest'
import type { Proof } from '../../src/core/proving/proof.ts'
import { type Duration, days } from '../../src/core/time.ts'
import { newId } from '../../src/secrets/random.ts'
import { accountHandle, newBrowserToken, sessionTokenOf } from '../../src/secrets/tokens.ts'
import { insertSession, rememberBrowser } from '../../src/storage/session.ts'
import { type MadeAccount, makeAccount } from '../support/accounts.ts'
import { databaseAhead } from '../support/databases.ts'
import { openNetwork } from '../support/network.ts'
import { cookieNamed, newPerson, type Person } from '../support/person.ts'
import { openSmtpSink } from '../support/smtp-sink.ts'
import { type Ground, publicUrl } from '../support/world.ts'
import { startTwoServers, type TwoServers } from './two-servers.ts'

/** Two processes under one address, as people reach them; each person comes from a network of their own. */
export type TwoWorlds = {
  servers: TwoServers
  /** Whatever is asked goes to one of the two, in turn. */
  both: Ground
  /** The one, and the other. */
  here: Ground
  there: Ground
  /** The newest notice to an address, once one has come: where it leads, and the reference in it. */
  notice(to: string): Promise<{ path: string; reference: string }>
  /** Time passes for both, by the clock of their database. */
  advance(time: Duration): Promise<void>
  close(): Promise<void>
}

export async function startTwoWorlds(): Promise<TwoWorlds> {
  const place = await databaseAhead()
  let ahead: Duration = 0
  const sink = await openSmtpSink()
  const environment = {
    PUBLIC_URL: publicUrl,
    TRUSTED_PROXIES: '127.0.0.1',
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
  }
  const servers = await startTwoServers(environment, place)
  const { database } = servers
  const { sql } = database
  const ring = await servers.keyring()
  const network = openNetwork()
  const ground = (portOf: () => number | undefined): Ground => ({
    get now() {
      return Date.now() + ahead
    },
    sql,
    deps: { database, keyring: { current: () => ring } },
    app: network.at(portOf),
    async readCode(to) {
      const [newest] = await sql<{ id: string }>`
        select id from verification where destination = ${to} order by created_at desc limit 1`
      if (newest === undefined) throw new Error(`Nothing was asked for by ${to}.`)
      return servers.codeOf(newest.id)
    },
  })
  let turn = 0
  return {
    servers,
    both: ground(() => servers.ports[turn++ % servers.ports.length]),
    here: ground(() => servers.ports[0]),
    there: ground(() => servers.ports[1]),
    notice: (to) =>
      vi.waitFor(
        async () => {
          const mails = sink.received.filter((mail) => mail.to[0] === to)
          const texts = await Promise.all(mails.map(async ({ raw }) => (await simpleParser(raw)).text ?? ''))
          const text = texts.findLast((one) => one.includes(`${publicUrl}/changes/`)) ?? ''
          const path = /\/changes\/[\w-]{43}/.exec(text)?.[0]
          const reference = /\b[2-8a-fhjkmnp-tv-z]{3}-[2-8a-fhjkmnp-tv-z]{2}\b/.exec(text)?.[0]
          if (path === undefined || reference === undefined) throw new Error(`No notice for ${to}:\n${text}`)
          return { path, reference }
        },
        { timeout: 10_000, interval: 20 },
      ),
    async advance(time) {
      ahead += time
      await sql`update test_clock.ahead set by = ${ahead}::float8 * interval '1 millisecond'`
    },
    async close() {
      network.close()
      await servers.close()
      await sink.close()
    },
  }
}

/** An account past its first week, as is its address: what it proves counts in full. */
export async function oldAccount(ground: Ground): Promise<MadeAccount> {
  const account = await makeAccount(ground, `owner-${newId()}@example.org`)
  const long = new Date(ground.now - days(30))
  await ground.sql`update account set created_at = ${long}, password_set_at = ${long} where id = ${account.id}`
  await ground.sql`update security_info set added_at = ${long} where account_id = ${account.id}`
  return account
}

/** A browser that the account knows, with nobody signed in. */
export async function knownBrowser(ground: Ground, account: MadeAccount): Promise<Person> {
  const person = newPerson(ground, { cookies: [[cookieNamed('browser'), newBrowserToken()]] })
  await rememberBrowser(ground.sql, account.id, person.browser)
  return person
}

/** A tab of the account, and the token of its forms. */
export type Tab = { person: Person; home: string; form: string; sessionId: string }

/** The account signed in on a browser: one that it knows, with its address freshly proved, unless something else is said. */
export async function signedInTab(
  ground: Ground,
  account: MadeAccount,
  given: { person?: Person; proofs?: Proof[] } = {},
): Promise<Tab> {
  const person = given.person ?? (await knownBrowser(ground, account))
  const ring = ground.deps.keyring.current()
  const token = sessionTokenOf(ring, account.id, newId())
  const proofs: Proof[] = given.proofs ?? [
    { kind: 'password', at: ground.now },
    { kind: 'email_code', at: ground.now, itemId: account.itemId },
  ]
  await insertSession(ground.sql, {
    accountId: account.id,
    id: token.sessionId,
    secretHash: token.secretHash,
    browser: person.browser,
    kept: false,
    proofs,
    userAgent: undefined,
    ip: person.ip,
  })
  const handle = accountHandle(ring, person.browser, account.id)
  person.cookies.set(cookieNamed(`account-${handle}`), token.text)
  const home = `/account/${handle}`
  await person.open(home)
  return { person, home, form: person.form('form').fields.form ?? '', sessionId: token.sessionId }
}

/** The same browser, asking the other process. */
export const seenFrom = (ground: Ground, person: Person): Person =>
  newPerson(ground, { cookies: person.cookies, ip: person.ip })

/** So many of one thing at once. */
export const atOnce = <Value>(count: number, work: (nth: number) => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: count }, (_, nth) => work(nth)))

/** What an answer refused, by code. */
export const refusalOf = (answer: Response): string | undefined =>
  answer.headers.get('countersign-error')?.split(';')[0]

/**
 * One of them got through and all others were told this. Where that many wait for one row, some may be told to come back
 * (503) instead: on a slow machine more of them, but never most.
 */
export function expectOneWins(answers: readonly Response[], others: string): void {
  const { unavailable = 0, ...counts } = tallyOf(answers)
  expect(counts).toEqual({ 303: 1, [others]: answers.length - 1 - unavailable })
  expect(unavailable).toBeLessThanOrEqual(answers.length / 2)
}

/** How many of each answer there were, by the code of the refusal or the status. */
export function tallyOf(answers: readonly Response[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const answer of answers) {
    const name = refusalOf(answer) ?? String(answer.status)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
