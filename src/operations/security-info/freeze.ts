import { decideNewPassword } from '../../core/people/password.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { changeOpenFor, type NoticeKind, type StoredChange } from '../../core/security-info/change.ts'
import {
  decideFreeze,
  type FreezeDecision,
  frozenChange,
  itemsBefore,
  proofsMissing,
  undoWaitsUntil,
} from '../../core/security-info/freeze.ts'
import { type Item, isContact } from '../../core/security-info/security-info.ts'
import type { Instant } from '../../core/time.ts'
import { commonPasswords } from '../../secrets/common-passwords.ts'
import { hashPassword } from '../../secrets/password-hash.ts'
import { uuidOf } from '../../secrets/random.ts'
import {
  type Account,
  findAccount,
  setPassword,
  turnTwoStepOff,
  turnTwoStepOn,
  usernamesOf,
} from '../../storage/account.ts'
import { changesOf, findNotice, settleChanges } from '../../storage/change.ts'
import { takeReportTry } from '../../storage/report.ts'
import {
  freezeItemsSince,
  holdItems,
  itemsOf,
  removeItem,
  removeRecoveryCode,
  restoreContact,
  thawItems,
} from '../../storage/security-info.ts'
import { endOtherSessions, endSession, forgetOtherBrowsers, untrustBrowsers } from '../../storage/session.ts'
import type { Sql } from '../../storage/sql.ts'
import { activitySource, noteActivity, toldTo } from '../activity/note-activity.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession } from '../sessions.ts'
import type { Source } from '../source.ts'
import { TakenBack } from '../verifications/taken-back.ts'
import { tellContacts } from './note-change.ts'

/** Whether an account is held still by a change that somebody with an older contact froze. */
export async function isFrozen(sql: Sql, accountId: string, now: Instant): Promise<boolean> {
  return frozenChange(await changesOf(sql, accountId, changeOpenFor), now) !== undefined
}

/** One transaction that changes something of an account; where that is held still, the refusal `changes_frozen`. */
export async function changing<Value>(
  deps: Deps,
  work: (sql: Sql) => Promise<Result<Value>>,
): Promise<Result<Value>> {
  try {
    return await deps.database.transaction(work)
  } catch (fault) {
    if (fault instanceof TakenBack) return refuse(fault.refusal)
    throw fault
  }
}

/** What pressing the button of a notice's page came to. */
export type FreezeOutcome = Exclude<FreezeDecision, 'no_say'>

/**
 * Freezes a change for whoever reads a notice of it: they had a contact before it. The link alone proves nothing, since
 * mail programs open links and press buttons; the reference printed in the notice must be typed.
 *
 * Refusal: `reference_wrong`, the same for a wrong reference, for a notice that doesn't exist, for a contact that has no
 * say, and after ten tries in a day.
 */
export async function freezeByNotice(
  deps: Deps,
  token: string,
  reference: string,
  source: Source,
  now: Instant,
): Promise<Result<FreezeOutcome>> {
  const named = readToken(token)
  if (named === undefined) return refuse({ code: 'reference_wrong' })
  const { sql } = deps.database
  const notice = await findNotice(sql, named.accountId, named.noticeId)
  const key = deps.keyring.current().lookupHash('report', named.accountId, named.noticeId)
  if (notice === undefined || !(await takeReportTry(sql, key))) return refuse({ code: 'reference_wrong' })
  if (canonical(reference) !== canonical(notice.reference)) return refuse({ code: 'reference_wrong' })
  const outcome = await freeze(deps, named.accountId, notice.changeId, notice.itemId, source, now)
  return outcome === 'no_say' ? refuse({ code: 'reference_wrong' }) : accept(outcome)
}

/** The token names a notice by its account and its id, 16 bytes each, as the message carries it in its link. */
function readToken(token: string): { accountId: string; noticeId: string } | undefined {
  if (!/^[\w-]{43}$/.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64url')
  return { accountId: uuidOf(bytes.subarray(0, 16)), noticeId: uuidOf(bytes.subarray(16)) }
}

const canonical = (typed: string): string =>
  typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')

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
    changesOf(sql, accountId, changeOpenFor),
  ])
  const change = changes.find(({ id }) => id === changeId)
  if (account === undefined || change === undefined) return refuse({ code: 'choice_missing' })
  const before = itemsBefore(change, items, changes, account.createdAt)
  const by = before.find(({ id }) => session.proofs.some((proof) => proof.itemId === id))
  if (by === undefined) return refuse({ code: 'choice_missing' })
  const outcome = await freeze(deps, accountId, changeId, by.id, source, now)
  return outcome === 'no_say' ? refuse({ code: 'choice_missing' }) : accept(null)
}

/**
 * Holds the account still from a change on: what was added by it or since proves nothing, contacts that went are back,
 * the sessions that made it end, and nothing further changes.
 */
async function freeze(
  deps: Deps,
  accountId: string,
  changeId: string,
  itemId: string,
  source: Source,
  now: Instant,
): Promise<FreezeDecision> {
  const outcome = await deps.database.transaction(async (sql) => {
    const items = await holdItems(sql, accountId)
    const account = await findAccount(sql, accountId)
    const changes = await changesOf(sql, accountId, changeOpenFor)
    const change = changes.find(({ id }) => id === changeId)
    if (account === undefined || change === undefined) return 'too_late'
    const before = itemsBefore(change, items, changes, account.createdAt)
    const decision = decideFreeze(change, { id: itemId }, before, now)
    if (decision !== 'freeze') return decision
    const since = sinceThen(changes, change)
    await settleChanges(
      sql,
      accountId,
      since.map(({ id }) => id),
      'frozen',
    )
    const touched = change.detail.item?.id ?? codeOf(change, items)?.id
    await freezeItemsSince(sql, accountId, change.at, touched, change.at + changeOpenFor)
    for (const one of since) {
      if (one.sessionId !== undefined) await endSession(sql, accountId, one.sessionId)
      await putBack(sql, accountId, one)
    }
    await tell(sql, account, change, 'change_frozen', source, now)
    return decision
  })
  deps.wakeOutbox()
  return outcome
}

/** Whoever used a recovery code holds the one that took its place, however old the item is. */
const codeOf = ({ kind }: StoredChange, items: readonly Item[]): Item | undefined =>
  kind === 'recovery_code_used' ? items.find((item) => item.kind === 'recovery_code') : undefined

/** A change and what came after it, newest first: after a hostile one nothing is taken for the owner's. */
const sinceThen = (changes: readonly StoredChange[], first: StoredChange): StoredChange[] =>
  changes.filter(({ at, state }) => at >= first.at && (state === 'standing' || state === 'frozen'))

/** A contact that was removed is there again, unless it was lost or stolen. */
async function putBack(sql: Sql, accountId: string, { kind, detail }: StoredChange): Promise<void> {
  const { item, lost } = detail
  if (kind !== 'item_removed' || lost === true || item?.address === undefined) return
  if (item.kind !== 'email' && item.kind !== 'phone') return
  await restoreContact(sql, accountId, { ...item, kind: item.kind, address: item.address })
}

async function tell(
  sql: Sql,
  account: Account,
  change: StoredChange,
  kind: Extract<NoticeKind, 'change_frozen' | 'change_undone'>,
  source: Source,
  now: Instant,
): Promise<void> {
  const { ip, browser, system } = activitySource(source)
  const items = (await itemsOf(sql, account.id)).filter(isContact)
  const contacts = items.filter(({ provenAt, frozen }) => provenAt !== undefined && !frozen)
  await tellContacts(sql, account, change.id, { kind, ip, browser, system }, contacts, now)
  await noteActivity(sql, toldTo(account.id), { kind }, source, now)
}

/** What deciding a change takes, and what it would undo. */
export type Decision = {
  change: StoredChange
  /** How many fresh proofs by older items are missing, and whether there are enough of those at all. */
  proofsMissing: number
  possible: boolean
  /** From when on what is proved is enough to undo it; undefined where it is now. */
  undoWaitsUntil: Instant | undefined
  /** The change and all that came after it, newest first. */
  since: StoredChange[]
  /** Whether the password was changed by any of them: undoing asks for a new one. */
  newPassword: boolean
}

/** @returns undefined where there is no such change, or it is too late */
export async function readDecision(
  deps: Deps,
  session: SignedInSession,
  changeId: string,
): Promise<Decision | undefined> {
  const { sql } = deps.database
  const account = await findAccount(sql, session.accountId)
  return account && decisionIn(sql, account, session, changeId)
}

async function decisionIn(
  sql: Sql,
  account: Account,
  session: SignedInSession,
  changeId: string,
): Promise<Decision | undefined> {
  const [items, changes] = await Promise.all([
    itemsOf(sql, account.id),
    changesOf(sql, account.id, changeOpenFor),
  ])
  const change = changes.find(({ id }) => id === changeId)
  if (change === undefined) return undefined
  const before = itemsBefore(change, items, changes, account.createdAt).filter(({ id }) =>
    items.some((item) => item.id === id),
  )
  const since = sinceThen(changes, change)
  const all = before.map(({ id }) => ({ kind: 'passkey' as const, at: session.now, itemId: id }))
  return {
    change,
    proofsMissing: proofsMissing(change, session.proofs, before, session.now),
    possible: proofsMissing(change, all, before, session.now) === 0,
    undoWaitsUntil: undoWaitsUntil(since, session.proofs, before, session.now),
    since,
    newPassword: since.some(({ kind }) => kind === 'password_changed'),
  }
}

/**
 * Undoes a change and all that came after it. Refusals: `choice_missing` (no such change, decided already, not proved
 * by items older than it, or too early for what was proved), those of `decideNewPassword`.
 *
 * @param typed the new password, asked for where the password was changed
 */
export async function undoChange(
  deps: Deps,
  session: SignedInSession,
  changeId: string,
  typed: string,
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  const { accountId, sessionId } = session
  const asked = await readDecision(deps, session, changeId)
  if (asked === undefined) return refuse({ code: 'choice_missing' })
  const names = await usernamesOf(deps.database.sql, accountId)
  const isCommon = await commonPasswords()
  const ownWords = [...names.map((username) => username.name), deps.operatorName]
  const password = asked.newPassword
    ? decideNewPassword(typed, { twoStep: asked.change.detail.twoStep, isCommon, ownWords })
    : undefined
  if (password !== undefined && !password.ok) return password
  const hash = password && (await hashPassword(password.value))
  const undone = await deps.database.transaction(async (sql): Promise<Result<null>> => {
    await holdItems(sql, accountId)
    const account = await findAccount(sql, accountId)
    const decision = account && (await decisionIn(sql, account, session, changeId))
    if (account === undefined || !isReady(decision)) return refuse({ code: 'choice_missing' })
    if (decision.undoWaitsUntil !== undefined) return refuse({ code: 'choice_missing' })
    if (decision.newPassword && hash === undefined) return refuse({ code: 'choice_missing' })
    for (const change of decision.since) await undoOne(sql, accountId, sessionId, change)
    if (hash !== undefined) await setPassword(sql, accountId, hash)
    await settleChanges(
      sql,
      accountId,
      decision.since.map(({ id }) => id),
      'undone',
    )
    await thaw(sql, accountId, now)
    await endOtherSessions(sql, accountId, sessionId)
    await untrustBrowsers(sql, accountId)
    await forgetOtherBrowsers(sql, accountId, source.browser)
    await tell(sql, account, decision.change, 'change_undone', source, now)
    return accept(null)
  })
  deps.wakeOutbox()
  return undone
}

/** What was frozen proves again, unless an earlier change still holds the account: then all of it came after that one. */
async function thaw(sql: Sql, accountId: string, now: Instant): Promise<void> {
  if (!(await isFrozen(sql, accountId, now))) await thawItems(sql, accountId)
}

const isReady = (decision: Decision | undefined): decision is Decision =>
  decision !== undefined &&
  decision.proofsMissing === 0 &&
  (decision.change.state === 'standing' || decision.change.state === 'frozen')

async function undoOne(sql: Sql, accountId: string, sessionId: string, change: StoredChange): Promise<void> {
  if (change.sessionId !== undefined && change.sessionId !== sessionId) {
    await endSession(sql, accountId, change.sessionId)
  }
  switch (change.kind) {
    case 'item_added':
      if (change.detail.item !== undefined) await removeItem(sql, accountId, change.detail.item.id)
      return
    case 'item_removed':
      return putBack(sql, accountId, change)
    case 'two_step_on':
      await turnTwoStepOff(sql, accountId)
      return
    case 'two_step_off':
      await turnTwoStepOn(sql, accountId)
      return
    case 'recovery_code_made':
    case 'recovery_code_used':
      return removeRecoveryCode(sql, accountId)
    case 'password_changed':
    case 'new_sign_in':
      return
  }
}

/** It was its owner after all: what was frozen proves again. Refusal: `choice_missing`. */
export async function keepChange(
  deps: Deps,
  session: SignedInSession,
  changeId: string,
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  const { accountId } = session
  return deps.database.transaction(async (sql): Promise<Result<null>> => {
    await holdItems(sql, accountId)
    const account = await findAccount(sql, accountId)
    const decision = account && (await decisionIn(sql, account, session, changeId))
    if (!isReady(decision) || decision.change.state !== 'frozen') return refuse({ code: 'choice_missing' })
    for (const { kind, detail } of decision.since) {
      if (kind === 'item_removed' && detail.item !== undefined)
        await removeItem(sql, accountId, detail.item.id)
    }
    await settleChanges(
      sql,
      accountId,
      decision.since.map(({ id }) => id),
      'kept',
    )
    await thaw(sql, accountId, now)
    await noteActivity(sql, toldTo(accountId), { kind: 'change_kept' }, source, now)
    return accept(null)
  })
}
