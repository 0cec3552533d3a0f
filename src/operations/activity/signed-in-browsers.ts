import { browserName } from '../../core/activity/browser-name.ts'
import type { Proof } from '../../core/proving/proof.ts'
import { isLiving } from '../../core/sign-in/session.ts'
import type { Instant } from '../../core/time.ts'
import type { Locale } from '../../core/verifications/message.ts'
import { lockAccount } from '../../storage/account.ts'
import {
  endAllSessions,
  endOtherSessions,
  endSession,
  forgetBrowserOf,
  forgetOtherBrowsers,
  isUnended,
  type Session,
  sessionsOf,
  untrustBrowsers,
} from '../../storage/session.ts'
import { endTrust } from '../../storage/trusted-browser.ts'
import type { Deps } from '../deps.ts'
import type { Requester, SignedInSession } from '../requester.ts'
import { type Where, whereOf } from './read-activity.ts'
import { ownedBy, recordActivity } from './record-activity.ts'

/** A browser that is signed in to the account. */
export type SignedInBrowser = {
  sessionId: string
  /** The browser that asks. */
  here: boolean
  where: Where
  signedInAt: Instant
  lastSeenAt: Instant
  proofs: readonly Proof[]
}

/** This browser first, then those seen last. */
export async function signedInBrowsers(
  deps: Deps,
  session: SignedInSession,
  locale: Locale,
): Promise<SignedInBrowser[]> {
  const { sessions, now } = await sessionsOf(deps.database.sql, session.accountId)
  return sessions
    .filter((one) => isLiving(one, now))
    .map((one) => shown(deps, one, session.sessionId, locale))
    .sort((a, b) => Number(b.here) - Number(a.here) || b.lastSeenAt - a.lastSeenAt)
}

const shown = (
  deps: Deps,
  session: Session & { ip: string | undefined },
  ownId: string,
  locale: Locale,
): SignedInBrowser => ({
  sessionId: session.id,
  here: session.id === ownId,
  where: whereOf(deps, { ip: session.ip, ...browserName(session.userAgent) }, locale),
  signedInAt: session.createdAt,
  lastSeenAt: session.lastSeenAt,
  proofs: session.proofs,
})

/**
 * Ends one session of the account, wherever it is: every process reads sessions anew for each request, so it is over
 * everywhere at once. Its browser is no longer known either: whoever sits there needs a code again.
 */
export async function endOneSession(
  deps: Deps,
  session: SignedInSession,
  sessionId: string,
  requester: Requester,
  now: Instant,
): Promise<void> {
  const { accountId } = session
  await deps.database.transaction(async (sql) => {
    await lockAccount(sql, accountId)
    if (!(await isUnended(sql, accountId, session.sessionId))) return
    if (!(await endSession(sql, accountId, sessionId))) return
    await forgetBrowserOf(sql, accountId, sessionId)
    await recordActivity(
      sql,
      ownedBy(accountId),
      { kind: 'signed_out', detail: { sessionId } },
      requester,
      now,
    )
  })
}

/** Ends every session of the account but this one, and forgets their browsers. */
export async function endOthers(
  deps: Deps,
  session: SignedInSession,
  requester: Requester,
  now: Instant,
): Promise<void> {
  const { accountId, sessionId } = session
  await deps.database.transaction(async (sql) => {
    await lockAccount(sql, accountId)
    if (!(await isUnended(sql, accountId, session.sessionId))) return
    await endOtherSessions(sql, accountId, sessionId)
    await forgetOtherBrowsers(sql, accountId, requester.browser)
    await recordActivity(sql, ownedBy(accountId), { kind: 'sessions_ended' }, requester, now)
  })
}

/** Ends every session of the account, this one included, forgets every browser but this, and trusts none. */
export async function signOutEverywhere(
  deps: Deps,
  session: SignedInSession,
  requester: Requester,
  now: Instant,
): Promise<void> {
  const { accountId } = session
  await deps.database.transaction(async (sql) => {
    await lockAccount(sql, accountId)
    if (!(await isUnended(sql, accountId, session.sessionId))) return
    await endAllSessions(sql, accountId)
    await untrustBrowsers(sql, accountId)
    await forgetOtherBrowsers(sql, accountId, requester.browser)
    await endTrust(sql, accountId, requester.browser)
    await recordActivity(sql, ownedBy(accountId), { kind: 'sessions_ended' }, requester, now)
  })
}
