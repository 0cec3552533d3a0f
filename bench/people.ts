import { type FlowState, flowLasts } from '../src/core/flows/flow.ts'
import type { SignIn } from '../src/core/sign-in/sign-in.ts'
import { usernameLookup } from '../src/operations/usernames.ts'
import { openKeyring } from '../src/secrets/keyring.ts'
import { readRecord } from '../src/secrets/keyring-file.ts'
import { hashPassword } from '../src/secrets/password-hash.ts'
import { newId } from '../src/secrets/random.ts'
import {
  accountHandle,
  formToken,
  hashToken,
  newBrowserToken,
  sessionTokenOf,
} from '../src/secrets/tokens.ts'
import { insertAccount } from '../src/storage/account.ts'
import { insertFlow } from '../src/storage/flow.ts'
import { insertSession, rememberBrowser } from '../src/storage/session.ts'
import { openDatabase } from '../src/storage/sql.ts'

export const password = 'wharf lantern 7 gulls'

/** A browser as its cookie names it, and as it is stored. */
export type Browser = { token: string; hash: Buffer }
export type SignedUp = { id: string; name: string; itemId: string }

/** Accounts, browsers and sessions of a service that is measured, made with its own code. Untimed. */
export async function openPeople(databaseUrl: string, keyringFile: string) {
  const ring = openKeyring(await readRecord(keyringFile))
  const database = openDatabase({
    connection: { connectionString: databaseUrl },
    poolSize: 4,
    preparedStatements: true,
    onIdleFault: console.error,
  })
  const { sql } = database
  const passwordHash = await hashPassword(password as Parameters<typeof hashPassword>[0], {
    level: 'known',
    group: 'bench',
  })
  return {
    browser(): Browser {
      const token = newBrowserToken()
      return { token, hash: hashToken(token) }
    },
    /** An account that proved its one address, and signed in on this browser, yesterday. */
    async signUp(name: string, browser?: Browser): Promise<SignedUp> {
      const yesterday = Date.now() - 24 * 3_600_000
      const account = { id: newId(), itemId: newId() }
      await database.transaction(async (held) => {
        await insertAccount(held, {
          ...account,
          locale: 'en',
          passwordHash,
          username: name,
          usernameLookup: usernameLookup(name),
          provenAt: yesterday,
          passwordSetAt: yesterday,
        })
        if (browser !== undefined) await rememberBrowser(held, account.id, browser.hash)
      })
      return { ...account, name }
    },
    /** A browser that the account knows from now on. */
    remember: (account: SignedUp, browser: Browser) => rememberBrowser(sql, account.id, browser.hash),
    /** A sign-in that stands at its password. @returns its id */
    async flow(account: SignedUp, browser: Browser): Promise<string> {
      const state: SignIn = {
        kind: 'sign_in',
        username: account.name,
        accountId: account.id,
        step: 'account_password',
        guarded: false,
        passwordAt: undefined,
        second: undefined,
        twoStep: false,
        trust: false,
        keep: true,
        returnTo: undefined,
      }
      const id = newId()
      await insertFlow(sql, { id, browser: browser.hash, state: state satisfies FlowState, lasts: flowLasts })
      return id
    },
    /** @returns the handle of the account in its address, and the cookie that opens it */
    async session(account: SignedUp, browser: Browser): Promise<{ handle: string; cookie: string }> {
      const token = sessionTokenOf(ring, account.id, newId())
      await insertSession(sql, {
        accountId: account.id,
        id: token.sessionId,
        secretHash: token.secretHash,
        browser: browser.hash,
        kept: true,
        proofs: [{ kind: 'password', at: Date.now() }],
        userAgent: undefined,
        ip: '127.0.0.1',
      })
      return { handle: accountHandle(ring, browser.hash, account.id), cookie: token.text }
    },
    /** What a form of this browser carries. */
    formToken: (browser: Browser, scope: string): string => formToken(ring, browser.hash, scope),
    /** Strangers have used up their guesses at a name, with an account or without. */
    async useUpGuesses(name: string, account: SignedUp | undefined): Promise<void> {
      const key = ring.lookupHash('strangers passwords', account?.id ?? `name ${name}`)
      await sql`
        insert into rate_limit (key, kind, failures)
        values (${key}, 'strangers_passwords', array_fill(statement_timestamp(), array[10]))
        on conflict (key) do update set failures = excluded.failures`
    },
    [Symbol.asyncDispose]: () => database.close(),
  }
}

export type People = Awaited<ReturnType<typeof openPeople>>
