import { type LimitKey, waitUntil } from '../../core/limits.ts'
import { type GuessNews, newsOfGuesses } from '../../core/proving/guessing.ts'
import { isContact } from '../../core/security-info/security-info.ts'
import { days } from '../../core/time.ts'
import { findAccount } from '../../storage/account.ts'
import { readLogs } from '../../storage/limits.ts'
import { itemsOf } from '../../storage/security-info.ts'
import { activitySource, ownedBy, recordActivity } from '../activity/record-activity.ts'
import { itemWords, notifyContacts } from '../changes/record-change.ts'
import type { Deps } from '../deps.ts'
import type { RequestContext } from '../requester.ts'
import { closingToldKey, itemKey } from './guess-limits.ts'

/** What strangers guessed at who had the password: whose item, and the key of their wrong codes past the password. */
type Guessed = { accountId: string; itemId: string; strangers: LimitKey }

/**
 * Tells an account's contacts what strangers did who had its password: that they guess at codes, once a day, and that an
 * item was closed to them, once until it is open again. Where the last wrong code was typed before the password, that is
 * told when somebody past it finds the item closed: before it nothing may take a moment longer for an account than for
 * none.
 */
export async function notifyOfGuesses(deps: Deps, guessed: Guessed, request: RequestContext): Promise<void> {
  const ring = deps.keyring.current()
  const { accountId, itemId, strangers } = guessed
  const item = itemKey(ring, accountId, itemId)
  const once: Record<GuessNews, LimitKey> = {
    guessing: { kind: 'guessing_told', key: ring.lookupHash('guessing told', accountId) },
    closing: closingToldKey(ring, accountId, itemId),
  }
  const logs = await readLogs(deps.database.sql, [strangers, item, once.guessing, once.closing])
  const failuresOf = ({ key }: LimitKey) => logs.find((log) => log.key.equals(key))?.failures ?? []
  const today = failuresOf(strangers).filter((at) => at > request.now - days(1)).length
  for (const news of newsOfGuesses({ today, inARow: failuresOf(item).length }, deps.limits.rules)) {
    const key = once[news]
    const windows = deps.limits.rules[key.kind]?.failures ?? []
    const isTold = waitUntil(failuresOf(key), windows, request.now) !== undefined
    if (!isTold) await tellOnce(deps, { ...guessed, news, key }, request)
  }
}

async function tellOnce(
  deps: Deps,
  { accountId, itemId, news, key }: Guessed & { news: GuessNews; key: LimitKey },
  { requester, now }: RequestContext,
): Promise<void> {
  await deps.database.transaction(async (sql) => {
    if ((await deps.guessSql.take(sql, [key])) === 'limited') return
    const [account, items] = [await findAccount(sql, accountId), await itemsOf(sql, accountId)]
    const item = items.find(({ id }) => id === itemId)
    if (account === undefined || item === undefined) return
    const { ip, browser, system } = activitySource(requester)
    const words = news === 'closing' ? itemWords(item) : {}
    const kind = news === 'closing' ? 'item_closed' : 'codes_guessed'
    const proved = items.filter(isContact).filter(({ provenAt, frozen }) => provenAt !== undefined && !frozen)
    await notifyContacts(sql, account, undefined, { kind, ...words, ip, browser, system }, proved, now)
    if (kind !== 'item_closed') return
    const detail = { hint: words.item, itemKind: words.itemKind }
    await recordActivity(sql, ownedBy(accountId), { kind, detail }, requester, now)
  })
  deps.wakeOutbox()
}
