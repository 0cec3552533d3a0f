import { repeatedFor } from '../../core/flows/flow.ts'
import type { Item } from '../../core/security-info/security-info.ts'
import { isLiving, seenEvery } from '../../core/sign-in/session.ts'
import type { SignedIn } from '../../core/sign-in/sign-in.ts'
import type { Instant } from '../../core/time.ts'
import type { Locale } from '../../core/verifications/message.ts'
import { accountHandle, newSessionSeed, parseSessionToken, sessionTokenOf } from '../../secrets/tokens.ts'
import {
  type AccountName,
  findAccount,
  lockSignInBars,
  type Role,
  type SignInBars,
  usernamesOf,
} from '../../storage/account.ts'
import { lockSessionOf, noteSession } from '../../storage/flow.ts'
import { itemsOf } from '../../storage/security-info.ts'
import {
  endSession,
  endSessionsOnBrowser,
  findSession,
  insertSession,
  isKnownBrowser,
  isOpen,
  noteSeen,
  rememberBrowser,
} from '../../storage/session.ts'
import { noteTrustUsed, trustBrowser } from '../../storage/trusted-browser.ts'
import { ownedBy, recordActivity } from '../activity/record-activity.ts'
import { recordChange } from '../changes/record-change.ts'
import type { Deps } from '../deps.ts'
import type { Requester, SignedInSession } from '../requester.ts'

export type OpenedSession = { cookie: string; handle: string; kept: boolean; returnTo: string | undefined }

/**
 * Opens the session of a flow that was gone through. Each sign-in gets a token of its own; what this browser held of the
 * account before ends. The last form sent twice opens one session, and both answers carry it: the second waits for the
 * first, since the flow's row is locked before its session is looked at.
 *
 * @returns `too_late` where the flow ended too long ago to be answered again, or its session was signed out of since;
 *   `outdated` where what it proved has been changed, removed or frozen
 */
export async function openSession(
  deps: Deps,
  requester: Requester,
  flowId: string,
  done: SignedIn,
  now: Instant,
): Promise<OpenedSession | 'too_late' | 'outdated'> {
  if (now > done.at + repeatedFor) return 'too_late'
  const { accountId } = done
  const userAgent = requester.userAgent?.slice(0, 400)
  const ring = deps.keyring.current()
  const opened = await deps.database.transaction(async (sql) => {
    const led = await lockSessionOf(sql, flowId)
    if (led === undefined) return 'too_late'
    if (led.sessionId !== undefined) {
      const same = led.seed === undefined ? undefined : sessionTokenOf(ring, accountId, led.seed)
      return same !== undefined && (await isOpen(sql, same)) ? same : 'too_late'
    }
    if (isOutdated(done, await lockSignInBars(sql, accountId), await itemsOf(sql, accountId)))
      return 'outdated'
    const seed = newSessionSeed()
    const token = sessionTokenOf(ring, accountId, seed)
    await noteSession(sql, flowId, token.sessionId, seed)
    const newBrowser = !(await isKnownBrowser(sql, accountId, requester.browser))
    // Of two sign-ins at once on one browser the second waits here, and then ends the session of the first.
    await rememberBrowser(sql, accountId, requester.browser)
    if (done.trust) await trustBrowser(sql, accountId, requester.browser, userAgent)
    else await noteTrustUsed(sql, accountId, requester.browser)
    await endSessionsOnBrowser(sql, accountId, requester.browser)
    await insertSession(sql, {
      accountId,
      id: token.sessionId,
      secretHash: token.secretHash,
      browser: requester.browser,
      kept: done.keep,
      proofs: done.proofs,
      userAgent,
      ip: requester.ip,
    })
    const proofs = done.proofs.map((proof) => proof.kind)
    const detail = { proofs, newBrowser, sessionId: token.sessionId, flow: flowId }
    await recordActivity(sql, ownedBy(accountId), { kind: 'signed_in', detail }, requester, now)
    if (newBrowser && done.signedUp !== true) {
      await recordChange(deps, sql, accountId, { kind: 'new_sign_in' }, requester, now, token.sessionId)
    }
    return token
  })
  if (opened === 'too_late' || opened === 'outdated') return opened
  deps.wakeOutbox()
  const handle = accountHandle(ring, requester.browser, accountId)
  return { cookie: opened.text, handle, kept: done.keep, returnTo: done.returnTo }
}

/**
 * Whether what was proved is no longer the account's, or has been frozen; or all its sessions were ended since; or it is
 * gone.
 */
function isOutdated({ proofs, at }: SignedIn, bars: SignInBars | undefined, items: readonly Item[]): boolean {
  if (bars === undefined || at < (bars.sessionsEndedAt ?? 0)) return true
  return proofs.some((proof) =>
    proof.itemId === undefined
      ? proof.kind === 'password' && proof.at < bars.passwordSetAt
      : !items.some(({ id, frozen }) => id === proof.itemId && !frozen),
  )
}

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
  const { accountId, id: sessionId, proofs } = session
  return { accountId, sessionId, handle, proofs, secretHash: token.secretHash, now }
}

/** What would be stored of the secret in a session's cookie, whether it is alive or not. */
export const secretHashOf = (cookie: string): Buffer | undefined => parseSessionToken(cookie)?.secretHash

/** Ends the session of one tab's account on this browser; others stay signed in. */
export async function signOut(
  deps: Deps,
  session: SignedInSession,
  requester: Requester,
  now: Instant,
): Promise<void> {
  const { accountId, sessionId } = session
  await deps.database.transaction(async (sql) => {
    if (!(await endSession(sql, accountId, sessionId))) return
    await recordActivity(
      sql,
      ownedBy(accountId),
      { kind: 'signed_out', detail: { sessionId } },
      requester,
      now,
    )
  })
}

/** The name that an account goes by: the first it was given. */
export async function accountName(deps: Deps, accountId: string): Promise<string> {
  const [first] = await usernamesOf(deps.database.sql, accountId)
  return first?.name ?? ''
}

/** What the first account page shows. */
export type AccountOverview = {
  names: AccountName[]
  items: Item[]
  role: Role
  locale: Locale
  createdAt: Instant
  twoStep: boolean
}

export async function readAccount(deps: Deps, accountId: string): Promise<AccountOverview | undefined> {
  const { sql } = deps.database
  const [account, names, items] = await Promise.all([
    findAccount(sql, accountId),
    usernamesOf(sql, accountId),
    itemsOf(sql, accountId),
  ])
  if (account === undefined) return undefined
  const { role, locale, createdAt, twoStepAt } = account
  return { names, items, role, locale, createdAt, twoStep: twoStepAt !== undefined }
}
