import { browserName } from '../../core/activity/browser-name.ts'
import { isTrusted, trustIdle } from '../../core/security-info/two-step.ts'
import type { Instant } from '../../core/time.ts'
import { browserKey } from '../../secrets/tokens.ts'
import { untrustBrowsers } from '../../storage/session.ts'
import { endTrust, trustedBrowsersOf, trustIn } from '../../storage/trusted-browser.ts'
import type { Deps } from '../deps.ts'
import type { Requester, SignedInSession } from '../requester.ts'

/** Whether the account trusts this browser, so that two-step verification doesn't ask there. */
export async function isTrustedBrowser(deps: Deps, accountId: string, browser: Buffer): Promise<boolean> {
  const found = await trustIn(deps.database.sql, accountId, browser)
  return found !== undefined && isTrusted(found.trust, found.now)
}

/** A browser in which two-step verification doesn't ask. */
export type TrustedBrowserShown = {
  /** What a form names it by. */
  key: string
  here: boolean
  browser: string | undefined
  system: string | undefined
  trustedAt: Instant
  usedAt: Instant
  /** When it is forgotten if nobody signs in there. */
  until: Instant
}

/** Those that are trusted now, the latest used first. */
export async function trustedBrowsers(
  deps: Deps,
  { accountId, now }: Pick<SignedInSession, 'accountId' | 'now'>,
  requester: Requester | undefined,
): Promise<TrustedBrowserShown[]> {
  const ring = deps.keyring.current()
  const all = await trustedBrowsersOf(deps.database.sql, accountId)
  return all
    .filter((one) => isTrusted(one, now))
    .map(({ browser, userAgent, trustedAt, usedAt }) => ({
      key: browserKey(ring, accountId, browser),
      here: requester?.browser.equals(browser) ?? false,
      ...browserName(userAgent),
      trustedAt,
      usedAt,
      until: usedAt + trustIdle,
    }))
}

/** Asks again in a browser, or in all of them. One that is none of the account's changes nothing. */
export async function untrustBrowser(
  deps: Deps,
  { accountId }: SignedInSession,
  which: string,
): Promise<void> {
  const { sql } = deps.database
  if (which === 'all') return untrustBrowsers(sql, accountId)
  const ring = deps.keyring.current()
  const all = await trustedBrowsersOf(sql, accountId)
  const found = all.find(({ browser }) => browserKey(ring, accountId, browser) === which)
  if (found !== undefined) await endTrust(sql, accountId, found.browser)
}
