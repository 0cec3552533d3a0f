import { type GuessNews, newsOfGuesses } from '../../core/people/guessing.ts'
import type { WarningKind } from '../../core/security-info/change.ts'
import { isContact } from '../../core/security-info/security-info.ts'
import { days, type Instant } from '../../core/time.ts'
import { type LimitKey, waitUntil } from '../../core/verifications/limits.ts'
import { findAccount } from '../../storage/account.ts'
import { readLogs } from '../../storage/limits.ts'
import { itemsOf } from '../../storage/security-info.ts'
import { activitySource, noteActivity, toldTo } from '../activity/note-activity.ts'
import { itemWords, tellContacts } from '../changes/note-change.ts'
import type { Deps } from '../deps.ts'
import type { Source } from '../source.ts'
import { closingToldKey, itemKey } from './item-guesses.ts'

/**
 * Tells an account's contacts what strangers did who had its password: that they guess at codes, once a day, and that an
 * item was closed to them, once until it is open again. Where the last wrong code was typed before the password, that is
 * told when somebody past it finds the item closed: before it nothing may take a moment longer for an account than for
 * none.
 *
 * @param strangers the key of their wrong codes past the password
 */
export async function tellOfGuesses(
  deps: Deps,
  accountId: string,
  itemId: string,
  strangers: LimitKey,
  source: Source,
  now: Instant,
): Promise<void> {
  const ring = deps.keyring.current()
  const item = itemKey(ring, accountId, itemId)
  const told: Record<GuessNews, LimitKey> = {
    guessing: { kind: 'guessing_told', key: ring.lookupHash('guessing told', accountId) },
    closing: closingToldKey(ring, accountId, itemId),
  }
  const logs = await readLogs(deps.database.sql, [strangers, item, told.guessing, told.closing])
  const failuresOf = ({ key }: LimitKey) => logs.find((log) => log.key.equals(key))?.failures ?? []
  const today = failuresOf(strangers).filter((at) => at > now - days(1)).length
  for (const news of newsOfGuesses({ today, inARow: failuresOf(item).length }, deps.limits.rules)) {
    const { kind } = told[news]
    const isTold =
      waitUntil(failuresOf(told[news]), deps.limits.rules[kind]?.failures ?? [], now) !== undefined
    const once = { accountId, itemId, kind: warnings[news], once: told[news] }
    if (!isTold) await tellOnce(deps, once, source, now)
  }
}

const warnings = { guessing: 'codes_guessed', closing: 'item_closed' } as const satisfies Record<
  GuessNews,
  WarningKind
>

type Once = {
  accountId: string
  /** What was guessed at. */
  itemId: string
  kind: WarningKind
  /** What is full once it was told. */
  once: LimitKey
}

/** What ends something for somebody names the item, and stands in the activity. */
const isEnd = (kind: WarningKind): kind is 'item_closed' | 'browser_forgotten' =>
  kind === 'item_closed' || kind === 'browser_forgotten'

/** Warns every contact of an account, where that was not done lately. */
export async function tellOnce(
  deps: Deps,
  { accountId, itemId, kind, once }: Once,
  source: Source,
  now: Instant,
): Promise<void> {
  await deps.database.transaction(async (sql) => {
    if ((await deps.guessSql.take(sql, [once])) === 'limited') return
    const [account, items] = [await findAccount(sql, accountId), await itemsOf(sql, accountId)]
    const item = items.find(({ id }) => id === itemId)
    if (account === undefined || item === undefined) return
    const { ip, browser, system } = activitySource(source)
    const words = kind === 'codes_guessed' ? {} : itemWords(item)
    const proved = items.filter(isContact).filter(({ provenAt, frozen }) => provenAt !== undefined && !frozen)
    await tellContacts(sql, account, undefined, { kind, ...words, ip, browser, system }, proved, now)
    if (!isEnd(kind)) return
    const detail = { hint: words.item, itemKind: words.itemKind }
    await noteActivity(sql, toldTo(accountId), { kind, detail }, source, now)
  })
  deps.wakeOutbox()
}
