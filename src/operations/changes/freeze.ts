import { accept, type Result, refuse } from '../../core/refusal.ts'
import type { ChangedItem, StoredChange } from '../../core/security-info/change.ts'
import {
  broughtBy,
  decideFreeze,
  type FreezeDecision,
  hasSay,
  isOpen,
  itemsBefore,
  openUntil,
  sinceThen,
} from '../../core/security-info/freeze.ts'
import { isCurrent, stepUpLasts } from '../../core/security-info/step-up.ts'
import type { Instant } from '../../core/time.ts'
import { canonicalReference } from '../../core/verifications/message-reference.ts'
import { uuidOf } from '../../secrets/random.ts'
import { findAccount } from '../../storage/account.ts'
import { changesOf, findNotice, type Notice, noteContester, settleChanges } from '../../storage/change.ts'
import { takeReportTry } from '../../storage/report.ts'
import { freezeItemsSince, holdItems, itemsOf, putItemBack } from '../../storage/security-info.ts'
import { endSessionsSince } from '../../storage/session.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession } from '../sessions.ts'
import type { Source } from '../source.ts'
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
  const freezing = { accountId, changeId, itemId: by.id, sessionId: session.sessionId }
  const outcome = await freezeChange(deps, freezing, source, now)
  return outcome === 'no_say' ? refuse({ code: 'choice_missing' }) : accept(null)
}

/**
 * What a contact that was removed as lost or stolen can still freeze: changes from before its removal.
 *
 * @returns undefined where the notice tells of no such removal
 */
export async function freezableByLost(
  deps: Deps,
  { accountId, changeId, itemId }: ReadNotice,
  now: Instant,
): Promise<StoredChange[] | undefined> {
  const { sql } = deps.database
  const [account, items, changes] = await Promise.all([
    findAccount(sql, accountId),
    itemsOf(sql, accountId),
    changesOf(sql, accountId),
  ])
  const removal = changes.find(({ id }) => id === changeId)
  if (account === undefined || removal?.detail.lost !== true || removal.detail.item?.id !== itemId)
    return undefined
  const own = { items, changes, createdAt: account.createdAt }
  return changes.filter(
    (change) => change.state === 'standing' && isOpen(change, now) && hasSay(itemId, change, own),
  )
}

/** What was removed since and is back by a freeze: nothing that came since as well, or that was lost or stolen. */
const goneBefore = (since: readonly StoredChange[], brought: ReadonlySet<string>): ChangedItem[] =>
  since.flatMap(({ kind, detail: { item, lost } }) =>
    kind === 'item_removed' && lost !== true && item !== undefined && !brought.has(item.id) ? [item] : [],
  )

/** By which item, and from which session, where it is done in one: that one goes on. */
type Freezing = Pick<ReadNotice, 'accountId' | 'changeId' | 'itemId'> & { sessionId?: string }

/**
 * Holds the account still from a change on, for whoever has an item with a say in it: what was added by it or since proves
 * nothing, what went is back, the sessions that made it or were opened since end, and nothing further changes.
 */
export async function freezeChange(
  deps: Deps,
  { accountId, changeId, itemId, sessionId }: Freezing,
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
    const by = before.find(({ id }) => id === itemId)
    if (by !== undefined) await noteContester(sql, accountId, since, by.addedAt)
    const brought = broughtBy(since, items)
    for (const { id } of goneBefore(since, brought)) await putItemBack(sql, accountId, id)
    // After what went is back: of that, nothing that is as new as the change proves anything.
    await freezeItemsSince(sql, accountId, change.at, [...brought], openUntil(change))
    // Whoever made it may have signed in again since, in a session that made no change; or confirmed it in any.
    const from = change.state === 'kept' ? 0 : change.at
    const also = since.flatMap(({ sessionId }) => (sessionId === undefined ? [] : [sessionId]))
    await endSessionsSince(sql, accountId, from, { also, but: sessionId })
    await tell(sql, account, change, { kind: 'change_frozen' }, source, now)
    return decision
  })
  deps.wakeOutbox()
  return outcome
}
