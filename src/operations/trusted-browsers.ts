import { isTrusted } from '../core/two-step.ts'
import { trustIn } from '../storage/trusted-browser.ts'
import type { Deps } from './deps.ts'

/** Whether the account trusts this browser, so that two-step verification doesn't ask there. */
export async function isTrustedBrowser(deps: Deps, accountId: string, browser: Buffer): Promise<boolean> {
  const found = await trustIn(deps.database.sql, accountId, browser)
  return found !== undefined && isTrusted(found.trust, found.now)
}
