import type { Activity } from '../../core/activity/activity.ts'
import { hours, type Instant } from '../../core/time.ts'
import { lockAccount } from '../../storage/account.ts'
import { readActivity } from '../../storage/activity.ts'
import { endOtherSessions, forgetOtherBrowsers, isUnended } from '../../storage/session.ts'
import type { Deps } from '../deps.ts'
import type { Requester, SignedInSession } from '../requester.ts'
import { ownedBy, recordActivity } from './record-activity.ts'
import { reportAskedCode } from './report-message.ts'

/**
 * "This wasn't me": whoever else is in the account is out of it at once, and needs a code to come back; a code that
 * they asked for stops working. That it was said is told as well.
 */
export async function sayNotMe(
  deps: Deps,
  session: SignedInSession,
  about: Activity,
  requester: Requester,
  now: Instant,
): Promise<void> {
  const { accountId, sessionId } = session
  const { verificationId, detail } = about
  if (verificationId !== undefined && detail.flow !== undefined) {
    await reportAskedCode(deps, { subject: detail.flow, verificationId }, requester, now)
  }
  await deps.database.transaction(async (sql) => {
    await lockAccount(sql, accountId)
    if (!(await isUnended(sql, accountId, session.sessionId))) return
    await endOtherSessions(sql, accountId, sessionId)
    await forgetOtherBrowsers(sql, accountId, requester.browser)
    await recordActivity(
      sql,
      ownedBy(accountId),
      { kind: 'not_me', detail: { about: about.id } },
      requester,
      now,
    )
  })
}

/** How far the path after it has been gone. */
export type SecurePath = { saidAt: Instant; passwordChangedAt: Instant | undefined }

/** @returns undefined where nobody has said so in the time that is kept */
export async function readSecurePath(deps: Deps, accountId: string): Promise<SecurePath | undefined> {
  const latest = async (kind: 'not_me' | 'password_changed') =>
    (await readActivity(deps.database.sql, accountId, { kinds: [kind], before: undefined, most: 1 }))[0]?.at
  const [saidAt, changedAt] = await Promise.all([latest('not_me'), latest('password_changed')])
  if (saidAt === undefined) return undefined
  const isSince = changedAt !== undefined && changedAt >= saidAt
  return { saidAt, passwordChangedAt: isSince ? changedAt : undefined }
}

/** For so long the pages on the way come back to the path. */
const pathLasts = hours(1)

export async function isOnSecurePath(deps: Deps, accountId: string, now: Instant): Promise<boolean> {
  const path = await readSecurePath(deps, accountId)
  return path !== undefined && now < path.saidAt + pathLasts
}
