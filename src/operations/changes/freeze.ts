import { accept, type Result, refuse } from '../../core/refusal.ts'
import {
  broughtBy,
  decideFreeze,
  type FreezeDecision,
  itemsBefore,
  openUntil,
  sinceThen,
} from '../../core/security-info/freeze.ts'
import { isCurrent, stepUpLasts } from '../../core/security-info/step-up.ts'
import type { Instant } from '../../core/time.ts'
import { canonicalReference } from '../../core/verifications/message-reference.ts'
import { timeOf, uuidOf } from '../../secrets/random.ts'
import { findAccount } from '../../storage/account.ts'
import { changesOf, findNotice, type Notice, noticesKept, settleChanges } from '../../storage/change.ts'
import { takeReportTry } from '../../storage/report.ts'
import { freezeItemsSince, holdItems, itemsOf, putItemBack } from '../../storage/security-info.ts'
import { endAllSessions, endSession } from '../../storage/session.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession, Source } from '../source.ts'
import { tell } from './decide-change.ts'

/** Whose notice was read, and of what. */
export type ReadNotice = Notice & { accountId: string }

/**
 * The notice that a link leads to, for whoever types the reference printed in it. The link alone proves nothing, since
 * mail programs open links and press buttons.
 *
 * Refusal: `reference_wrong`, the same for a wrong reference, for a notice that doesn't exist, and after ten tries in a day.
 */
export async function readNotice(deps: Deps, token: string, reference: string): Promise<Result<ReadNotice>> {
  const named = readToken(token)
  if (named === undefined) return refuse({ code: 'reference_wrong' })
  const { sql } = deps.database
  const typed = canonicalReference(reference)
  // A scanner that presses the button with nothing typed must not use up what the reader needs.
  if (typed === undefined) return refuse({ code: 'reference_wrong' })
  const notice = await findNotice(sql, named.accountId, named.noticeId)
  const key = deps.keyring.current().lookupHash('report', named.accountId, named.noticeId)
  if (notice === undefined || !(await takeReportTry(sql, key))) return refuse({ code: 'reference_wrong' })
  if (typed !== notice.reference) return refuse({ code: 'reference_wrong' })
  return accept({ ...notice, accountId: named.accountId })
}

/** Whether a link is that of a notice so old that none is kept any more: its id tells when it was made. */
export function isForgotten(token: string, now: Instant): boolean {
  const named = readToken(token)
  const madeAt = named && timeOf(named.noticeId)
  return madeAt !== undefined && now >= madeAt + noticesKept
}

/** The token names a notice by its account and its id, 16 bytes each, as the message carries it in its link. */
function readToken(token: string): { accountId: string; noticeId: string } | undefined {
  if (!/^[\w-]{43}$/.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64url')
  return { accountId: uuidOf(bytes.subarray(0, 16)), noticeId: uuidOf(bytes.subarray(16)) }
}

/** Freezes a change for a session that has freshly proved an item older than it. Refusal: `choice_missing`. */
export async function freezeInSession(
  deps: Deps,
  session: SignedInSession,
  changeId: string,
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  const { sql } = deps.database
  const { accountId } = session
  const [account, items, changes] = await Promise.all([
    findAccount(sql, accountId),
    itemsOf(sql, accountId),
    changesOf(sql, accountId),
  ])
  const change = changes.find(({ id }) => id === changeId)
  if (account === undefined || change === undefined) return refuse({ code: 'choice_missing' })
  const before = itemsBefore(change, items, changes, account.createdAt)
  const fresh = session.proofs.filter((proof) => session.now < proof.at + stepUpLasts)
  const by = before.find(({ id }) => fresh.some((proof) => proof.itemId === id))
  if (by === undefined) return refuse({ code: 'choice_missing' })
  const outcome = await freezeChange(deps, { accountId, changeId, itemId: by.id }, source, now)
  return outcome === 'no_say' ? refuse({ code: 'choice_missing' }) : accept(null)
}

/**
 * Holds the account still from a change on, for whoever has an item with a say in it: what was added by it or since proves
 * nothing, what went is back, the sessions that made it end, and nothing further changes.
 */
export async function freezeChange(
  deps: Deps,
  { accountId, changeId, itemId }: Pick<ReadNotice, 'accountId' | 'changeId' | 'itemId'>,
  source: Source,
  now: Instant,
): Promise<FreezeDecision> {
  const outcome = await deps.database.transaction(async (sql) => {
    const items = await holdItems(sql, accountId)
    const account = await findAccount(sql, accountId)
    const changes = await changesOf(sql, accountId)
    const change = changes.find(({ id }) => id === changeId)
    if (account === undefined || change === undefined) return 'too_late'
    const isThere = items.some(({ id }) => id === itemId)
    const before = itemsBefore(change, items, changes, account.createdAt).filter((item) =>
      isCurrent(item, now),
    )
    const decision = decideFreeze(change, { id: itemId, isThere }, before, now)
    if (decision !== 'freeze') return decision
    const since = sinceThen(changes, change)
    await settleChanges(sql, accountId, since, 'frozen')
    await freezeItemsSince(sql, accountId, change.at, [...broughtBy(since, items)], openUntil(change))
    // Whoever confirmed it may have done so in a session that made no change.
    if (change.state === 'kept') await endAllSessions(sql, accountId)
    for (const one of since) {
      if (one.sessionId !== undefined) await endSession(sql, accountId, one.sessionId)
      const { item, lost } = one.detail
      if (one.kind === 'item_removed' && lost !== true && item !== undefined) {
        await putItemBack(sql, accountId, item.id)
      }
    }
    await tell(sql, account, change, { kind: 'change_frozen' }, source, now)
    return decision
  })
  deps.wakeOutbox()
  return outcome
}
