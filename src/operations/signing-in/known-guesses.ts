import { newsOfGuesses } from '../../core/people/guessing.ts'
import type { Instant } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import { readLogs } from '../../storage/limits.ts'
import { forgetBrowser } from '../../storage/session.ts'
import type { Deps } from '../deps.ts'
import type { Source } from '../source.ts'
import { knownClosingToldKey, knownItemKey } from './item-guesses.ts'
import { tellOnce } from './tell-guesses.ts'

/**
 * What follows from wrong codes for one item in a row, in a browser that the account knows or within a session: whoever
 * sits there may not be its owner. The owner is told after the fifth, once a day; after the hundredth the item is closed
 * there, and the browser is forgotten: at the next sign-in it is asked for a second proof like a new one.
 */
export async function noteKnownGuess(
  deps: Deps,
  { accountId, itemId }: { accountId: string; itemId: string },
  source: Source,
  now: Instant,
): Promise<void> {
  const { sql } = deps.database
  const ring = deps.keyring.current()
  const key = knownItemKey(ring, accountId, itemId, source.browser)
  const [log] = await readLogs(sql, [key])
  const inARow = log?.failures.length ?? 0
  const news = newsOfGuesses({ today: inARow, inARow }, deps.limits.rules)
  const guessing: LimitKey = { kind: 'guessing_told', key: ring.lookupHash('known guessing told', accountId) }
  const closing = knownClosingToldKey(ring, accountId, itemId, source.browser)
  if (news.includes('closing')) {
    await forgetBrowser(sql, accountId, source.browser)
    await tellOnce(deps, { accountId, itemId, kind: 'browser_forgotten', once: closing }, source, now)
  }
  if (news.includes('guessing')) {
    await tellOnce(deps, { accountId, itemId, kind: 'known_browser_guesses', once: guessing }, source, now)
  }
}
