import { type SignedIn, signedInAgainFor } from '../core/flow.ts'
import type { Locale } from '../core/message.ts'
import type { Item } from '../core/security-info.ts'
import { isLiving, type Proof, seenEvery } from '../core/session.ts'
import type { Instant } from '../core/time.ts'
import { accountHandle, newSessionToken, parseSessionToken } from '../secrets/tokens.ts'
import { type AccountName, findAccount, holdPassword, type Role, usernamesOf } from '../storage/account.ts'
import { holdSessionOf, noteSession } from '../storage/flow.ts'
import { itemsOf } from '../storage/security-info.ts'
import {
  endSession,
  endSessionsOnBrowser,
  findSession,
  insertSession,
  isOpen,
  noteSeen,
  rememberBrowser,
} from '../storage/session.ts'
import type { Deps } from './deps.ts'
import type { Source } from './source.ts'

export type OpenedSession = { cookie: string; handle: string; kept: boolean; returnTo: string | undefined }

/**
 * Opens a session for a flow that was gone through. Each sign-in gets a token of its own; what this browser held of the
 * account before ends. Of two at once for one browser the second waits for the first: the browser's row is locked
 * before its sessions are looked at.
 *
 * @returns undefined where the flow ended too long ago to be answered again, where its session was signed out of since,
 *   or where the password that it proved has been changed
 */
export async function openSession(
  deps: Deps,
  source: Source,
  flowId: string,
  done: SignedIn,
  now: Instant,
): Promise<OpenedSession | undefined> {
  if (now > done.at + signedInAgainFor) return undefined
  const { accountId } = done
  const token = newSessionToken(accountId)
  const opened = await deps.database.transaction(async (sql) => {
    const led = await holdSessionOf(sql, flowId)
    if (led === undefined) return false
    if (led.sessionId !== undefined && !(await isOpen(sql, accountId, led.sessionId))) return false
    if (isOutdated(done, await holdPassword(sql, accountId))) return false
    await noteSession(sql, flowId, token.sessionId)
    await rememberBrowser(sql, accountId, source.browser)
    await endSessionsOnBrowser(sql, accountId, source.browser)
    await insertSession(sql, {
      accountId,
      id: token.sessionId,
      secretHash: token.secretHash,
      browser: source.browser,
      kept: done.keep,
      proofs: done.proofs,
      userAgent: source.userAgent?.slice(0, 400),
    })
    return true
  })
  if (!opened) return undefined
  const handle = accountHandle(deps.keyring.current(), source.browser, accountId)
  return { cookie: token.text, handle, kept: done.keep, returnTo: done.returnTo }
}

/** Whether the password that was proved is no longer the account's, or the account is gone. */
const isOutdated = ({ proofs }: SignedIn, passwordSetAt: Instant | undefined): boolean =>
  passwordSetAt === undefined || proofs.some((proof) => proof.kind === 'password' && proof.at < passwordSetAt)

/** Who is signed in, in one tab: the account, by what it proved itself, and the session to bind forms to. */
export type SignedInSession = { accountId: string; sessionId: string; handle: string; proofs: Proof[] }

/** The living session that a cookie holds, on the browser it was made for and under its own handle. */
export async function readSession(
  deps: Deps,
  cookie: string,
  browser: Buffer,
  handle: string,
): Promise<SignedInSession | undefined> {
  const token = parseSessionToken(cookie)
  if (token === undefined) return undefined
  if (accountHandle(deps.keyring.current(), browser, token.accountId) !== handle) return undefined
  const found = await findSession(deps.database.sql, token, browser)
  if (found === undefined || !isLiving(found.session, found.now)) return undefined
  const { session, now } = found
  if (now - session.lastSeenAt > seenEvery) await noteSeen(deps.database.sql, session.accountId, session.id)
  return { accountId: session.accountId, sessionId: session.id, handle, proofs: session.proofs }
}

export const signOut = (deps: Deps, session: SignedInSession): Promise<void> =>
  endSession(deps.database.sql, session.accountId, session.sessionId)

/** What the first account page shows. */
export type AccountOverview = {
  names: AccountName[]
  items: Item[]
  role: Role
  locale: Locale
  createdAt: Instant
}

export async function readAccount(deps: Deps, accountId: string): Promise<AccountOverview | undefined> {
  const { sql } = deps.database
  const [account, names, items] = await Promise.all([
    findAccount(sql, accountId),
    usernamesOf(sql, accountId),
    itemsOf(sql, accountId),
  ])
  return account && { names, items, role: account.role, locale: account.locale, createdAt: account.createdAt }
}
