import { decideNewPassword, standsAlone } from '../../core/people/password.ts'
import type { Proof } from '../../core/people/session.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import type { ChangedItem, NoticeDetail, NoticeKind, StoredChange } from '../../core/security-info/change.ts'
import { isOpen, itemsBefore, openUntil, proofsMissing, sinceThen } from '../../core/security-info/freeze.ts'
import { type Contact, type Item, isContact } from '../../core/security-info/security-info.ts'
import { deciders, oldestProver } from '../../core/security-info/seniority.ts'
import { sparable } from '../../core/security-info/sparing.ts'
import {
  planKeep,
  planUndo,
  type UndoPlan,
  type UndoWait,
  undoAnnouncedFor,
  undoWait,
} from '../../core/security-info/undo.ts'
import { byWhatItGives, type UndoGives, undoGives } from '../../core/security-info/undo-gives.ts'
import type { Instant } from '../../core/time.ts'
import { commonPasswords } from '../../secrets/common-passwords.ts'
import { hashPassword } from '../../secrets/password-hash.ts'
import {
  type Account,
  findAccount,
  setPassword,
  turnTwoStepOff,
  turnTwoStepOn,
  usernamesOf,
} from '../../storage/account.ts'
import { askUndo, changesOf, noteContester, settleChanges } from '../../storage/change.ts'
import { holdersOf } from '../../storage/contact.ts'
import {
  freezeUntil,
  itemsOf,
  putItemBack,
  removeItem,
  removeRecoveryCode,
  setItemAside,
  thawItems,
} from '../../storage/security-info.ts'
import {
  endAllSessions,
  endOtherSessions,
  forgetOtherBrowsers,
  untrustBrowsers,
} from '../../storage/session.ts'
import type { Sql } from '../../storage/sql.ts'
import { activitySource, noteActivity, toldTo } from '../activity/note-activity.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession } from '../sessions.ts'
import type { Source } from '../source.ts'
import { changing, isFrozen } from './held-still.ts'
import { noteInActivity, removedContact, tellContacts, writeChange } from './note-change.ts'

/** Who decides a change: what they have proved, in a session or on the way from a notice. */
export type Decider = {
  accountId: string
  proofs: readonly Proof[]
  now: Instant
  sessionId?: string
  /** Of what came after the change, the additions that are left when it is undone, by their changes' ids. */
  spares?: readonly string[]
}

/** What deciding a change takes, and what it would undo. */
export type Decision = {
  change: StoredChange
  /** Items that are older than the change: what it is decided with. */
  before: Item[]
  /** Of those, contacts that the account has no more: they are proved on the way from a notice. */
  gone: Contact[]
  accountCreatedAt: Instant
  /** Those that may freeze it and don't decide it: an older item stands behind it. */
  juniors: string[]
  /** How many fresh proofs by those are missing, and whether there are enough of them at all. */
  proofsMissing: number
  possible: boolean
  /** Why what is proved is not enough yet to undo it. */
  wait: UndoWait | undefined
  /** The change and all that came after it, newest first. */
  since: StoredChange[]
  /** Additions among those that may be left, and those of them that the decider leaves. */
  sparable: StoredChange[]
  spared: StoredChange[]
  /** What each of the account's items that may decide it would give, the quickest first. */
  choices: { item: Item; gives: UndoGives }[]
  /** What undoing comes to; undefined where it would leave nothing that a code can be sent to. */
  plan: UndoPlan | undefined
}

/** @returns undefined where there is no such change, or it is too late */
export async function readDecision(
  deps: Deps,
  decider: Decider,
  changeId: string,
): Promise<Decision | undefined> {
  const { sql } = deps.database
  const account = await findAccount(sql, decider.accountId)
  return account && decisionIn(sql, account, decider, changeId)
}

async function decisionIn(
  sql: Sql,
  account: Account,
  { proofs, now, spares = [] }: Decider,
  changeId: string,
): Promise<Decision | undefined> {
  const [items, changes] = await Promise.all([itemsOf(sql, account.id), changesOf(sql, account.id)])
  const change = changes.find(({ id }) => id === changeId)
  if (change === undefined || !isOpen(change, now)) return undefined
  const older = itemsBefore(change, items, changes, account.createdAt)
  const olderIds = new Set(older.map(({ id }) => id))
  const there = items.filter(({ id }) => olderIds.has(id))
  const since = sinceThen(changes, change)
  const withSay = [...there, ...(await goneContacts(sql, account.id, older, items))]
  const before = deciders(withSay, since, { items, changes }, now)
  const gone = before.filter(isContact).filter((contact) => !there.includes(contact))
  const present = there.filter((item) => before.includes(item))
  const mayStay = sparable({ change, since }, items, { proofs, accountCreatedAt: account.createdAt }, now)
  const spared = mayStay.filter(({ id }) => spares.includes(id))
  const all = present.map(({ id }) => ({ kind: 'passkey' as const, at: now, itemId: id }))
  return {
    change,
    before,
    gone,
    accountCreatedAt: account.createdAt,
    juniors: withSay.filter((item) => !before.includes(item)).map(({ id }) => id),
    proofsMissing: proofsMissing(change, proofs, before, now),
    possible: proofsMissing(change, all, present, now) === 0,
    wait: undoWait(change, since, proofs, before, now),
    since,
    sparable: mayStay,
    spared,
    choices: byWhatItGives(
      present.map((item) => ({ item, gives: undoGives(item, { change, since, before }, proofs, now) })),
    ),
    plan: planUndo(
      items,
      since.filter((one) => !spared.includes(one)),
    ),
  }
}

/** Removed contacts among those with a say; a number that another account has meanwhile is nobody's here. */
async function goneContacts(
  sql: Sql,
  accountId: string,
  older: readonly ChangedItem[],
  items: readonly Item[],
): Promise<Contact[]> {
  const contacts = older
    .filter(({ id }) => !items.some((item) => item.id === id))
    .flatMap((item) => removedContact(item) ?? [])
  const isFree = await Promise.all(
    contacts.map(
      async ({ kind, address }) =>
        kind === 'email' || (await holdersOf(sql, address)).every((holder) => holder === accountId),
    ),
  )
  return contacts.filter((_, nth) => isFree[nth])
}

const isUndecided = ({ change }: Decision): boolean =>
  change.state === 'standing' || change.state === 'frozen'

/** What became of an undo: done, or announced, where that has to come first. */
export type UndoOutcome = 'undone' | 'announced'

/**
 * Undoes a change and all that came after it, in a session. Refusals: `choice_missing` (no such change, decided already,
 * not proved by items older than it, or announced since too short), `must_remain`, those of `decideNewPassword`.
 *
 * @param typed the new password, asked for where the password was changed
 */
export async function undoInSession(
  deps: Deps,
  session: SignedInSession & Pick<Decider, 'spares'>,
  changeId: string,
  typed: string,
  source: Source,
  now: Instant,
): Promise<Result<UndoOutcome>> {
  const asked = await readDecision(deps, session, changeId)
  if (asked === undefined) return refuse({ code: 'choice_missing' })
  const isAsked = asked.plan?.passwordChanged === true && asked.wait === undefined
  const chosen = isAsked ? await newPassword(deps, session, asked, typed) : accept(undefined)
  if (!chosen.ok) return chosen
  return undo(deps, session, changeId, chosen.value, source, now)
}

type NewPassword = { hash: string; standsAlone: boolean }

async function newPassword(
  deps: Deps,
  { accountId }: SignedInSession,
  { change }: Decision,
  typed: string,
): Promise<Result<NewPassword>> {
  const names = await usernamesOf(deps.database.sql, accountId)
  const isCommon = await commonPasswords()
  const ownWords = [...names.map((username) => username.name), deps.operatorName]
  const password = decideNewPassword(typed, { twoStep: change.detail.twoStep, isCommon, ownWords })
  if (!password.ok) return password
  return accept({ hash: await hashPassword(password.value), standsAlone: standsAlone(password.value) })
}

/**
 * The same for somebody who is not signed in, and comes from a notice with proofs by older items. The password from before
 * the change works again: undoing gives nobody more than there was. Refusals: `choice_missing`, `must_remain`.
 */
export const undoByProofs = (
  deps: Deps,
  decider: Omit<Decider, 'sessionId'>,
  changeId: string,
  source: Source,
): Promise<Result<UndoOutcome>> => undo(deps, decider, changeId, undefined, source, decider.now)

async function undo(
  deps: Deps,
  decider: Decider,
  changeId: string,
  chosen: NewPassword | undefined,
  source: Source,
  now: Instant,
): Promise<Result<UndoOutcome>> {
  const { accountId, sessionId } = decider
  const undone = await changing(deps, decider, async (sql): Promise<Result<UndoOutcome>> => {
    const account = await findAccount(sql, accountId)
    const decision = account && (await decisionIn(sql, account, decider, changeId))
    if (account === undefined || decision === undefined || decision.proofsMissing > 0) return notNow
    if (!isUndecided(decision)) return notNow
    const { plan, wait, since, change, spared } = decision
    if (plan === undefined) return refuse({ code: 'must_remain', missing: 'contact' })
    if (wait?.state === 'announced') return notNow
    if (wait?.state === 'to_be_asked') {
      const by = oldestProver(decider.proofs, decision.before, now)
      if (by !== undefined) await noteContester(sql, accountId, since, by)
      await announceUndo(sql, account, change, source, now)
      return accept('announced')
    }
    if (sessionId !== undefined && plan.passwordChanged && chosen === undefined) return notNow
    await carryOut(sql, accountId, plan)
    const reverted = since.filter((one) => !spared.includes(one))
    await settleChanges(sql, accountId, reverted, 'undone')
    await keepSpared(sql, accountId, decision, decider)
    await thaw(sql, accountId, now)
    await endSessionsBut(sql, accountId, sessionId)
    await untrustBrowsers(sql, accountId)
    await forgetOtherBrowsers(sql, accountId, source.browser)
    await tell(sql, account, change, { kind: 'change_undone' }, source, now)
    const hash = chosen?.hash ?? plan.passwordBefore
    if (plan.passwordChanged && hash !== undefined) {
      // Of the one before only this is known: where nothing else was asked for, it was long enough for that.
      const isLong = chosen?.standsAlone ?? !change.detail.twoStep
      const replaced = await setPassword(sql, accountId, hash, isLong)
      if (chosen !== undefined) {
        // It is a change like any other: somebody with an older item can take it back.
        const before = plan.passwordBefore ?? replaced
        const items = await itemsOf(sql, accountId)
        const changed = { kind: 'password_changed', before } as const
        await writeChange(sql, account, items, changed, source, now, sessionId)
        await noteInActivity(sql, accountId, changed, source, now, sessionId)
      }
    }
    return accept('undone')
  })
  deps.wakeOutbox()
  return undone
}

/** What is left was the owner's: where it was frozen, it is confirmed with what proved the undo. */
async function keepSpared(sql: Sql, accountId: string, decision: Decision, decider: Decider): Promise<void> {
  const frozen = decision.spared.filter(({ state }) => state === 'frozen')
  await settleChanges(sql, accountId, frozen, 'kept', whoProved(decision, decider))
}

const notNow = refuse({ code: 'choice_missing' })

const endSessionsBut = (sql: Sql, accountId: string, kept: string | undefined): Promise<void> =>
  kept === undefined ? endAllSessions(sql, accountId) : endOtherSessions(sql, accountId, kept)

async function carryOut(sql: Sql, accountId: string, plan: UndoPlan): Promise<void> {
  for (const id of plan.removes) await removeItem(sql, accountId, id)
  if (plan.endsRecoveryCode) await removeRecoveryCode(sql, accountId)
  for (const { id } of plan.putsBack) await putItemBack(sql, accountId, id)
  if (plan.twoStep === 'off') await turnTwoStepOff(sql, accountId)
  if (plan.twoStep === 'on') await turnTwoStepOn(sql, accountId)
}

/** What was frozen proves again, unless an earlier change still holds the account: then all of it came after that one. */
async function thaw(sql: Sql, accountId: string, now: Instant): Promise<void> {
  if (!(await isFrozen(sql, accountId, now))) await thawItems(sql, accountId)
}

async function announceUndo(
  sql: Sql,
  account: Account,
  change: StoredChange,
  source: Source,
  now: Instant,
): Promise<void> {
  if (!(await askUndo(sql, account.id, change.id))) return
  await freezeUntil(sql, account.id, openUntil({ ...change, undoAskedAt: now }))
  const { ip, browser, system } = activitySource(source)
  const told = { kind: 'undo_asked', undoFrom: now + undoAnnouncedFor, ip, browser, system } as const
  await tellOfUndo(sql, account, change.id, told, now)
  await noteActivity(sql, toldTo(account.id), { kind: 'undo_asked' }, source, now)
}

/** An undo that is announced is told to every contact that was proved, whatever else may have become of it. */
export async function tellOfUndo(
  sql: Sql,
  account: Account,
  changeId: string,
  told: NoticeDetail,
  now: Instant,
): Promise<void> {
  const contacts = (await itemsOf(sql, account.id)).filter(isContact)
  const proved = contacts.filter(({ provenAt }) => provenAt !== undefined)
  await tellContacts(sql, account, changeId, told, proved, now)
}

/**
 * It was its owner after all: what was frozen proves again. Whoever has another item from before can freeze it once more,
 * so that nobody who holds one alone has the last word. Refusals: `choice_missing`, `must_remain`.
 */
export const keepChange = (
  deps: Deps,
  decider: Decider,
  changeId: string,
  source: Source,
  now: Instant,
): Promise<Result<null>> => keep(deps, decider, changeId, whoProved, source, now)

/**
 * Stops an undo that is announced, by whoever may: the change stands for good against contacts alone. What was proved has
 * been judged (an older item, or the password in a browser that was known for long). Refusals: `choice_missing`,
 * `must_remain`.
 */
export const stopUndo = (
  deps: Deps,
  decider: Decider,
  changeId: string,
  source: Source,
): Promise<Result<null>> => keep(deps, decider, changeId, allContacts, source, decider.now)

/** Which items can't freeze a confirmed change again; undefined where it can't be confirmed. */
type Silencing = (decision: Decision, decider: Decider) => string[] | undefined

const whoProved: Silencing = ({ before, juniors, proofsMissing }, { proofs }) => {
  const proved = before.filter(({ id }) => proofs.some((proof) => proof.itemId === id))
  return proofsMissing > 0 ? undefined : [...proved.map(({ id }) => id), ...juniors]
}

const allContacts: Silencing = ({ change, before, juniors }) =>
  change.undoAskedAt === undefined ? undefined : [...before.filter(isContact).map(({ id }) => id), ...juniors]

async function keep(
  deps: Deps,
  decider: Decider,
  changeId: string,
  silencing: Silencing,
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  const { accountId } = decider
  const kept = await changing(deps, decider, async (sql): Promise<Result<null>> => {
    const items = await itemsOf(sql, accountId)
    const account = await findAccount(sql, accountId)
    const decision = account && (await decisionIn(sql, account, decider, changeId))
    const silenced = decision && silencing(decision, decider)
    if (account === undefined || decision === undefined || silenced === undefined) return notNow
    const { change, since } = decision
    if (change.state !== 'frozen' && !(change.state === 'standing' && change.undoAskedAt !== undefined)) {
      return notNow
    }
    const plan = planKeep(items, since)
    if (plan === undefined) return refuse({ code: 'must_remain', missing: 'contact' })
    for (const id of plan.removes) await setItemAside(sql, accountId, id)
    for (const id of plan.putsBack) await putItemBack(sql, accountId, id)
    await settleChanges(sql, accountId, since, 'kept', silenced)
    await thaw(sql, accountId, now)
    await tell(sql, account, change, { kind: 'change_kept' }, source, now)
    return accept(null)
  })
  deps.wakeOutbox()
  return kept
}

/** Tells all contacts that prove something what became of a change, and the activity. */
export async function tell(
  sql: Sql,
  account: Account,
  change: StoredChange,
  told: { kind: Extract<NoticeKind, 'change_frozen' | 'change_undone' | 'change_kept'> },
  source: Source,
  now: Instant,
): Promise<void> {
  const { ip, browser, system } = activitySource(source)
  const items = (await itemsOf(sql, account.id)).filter(isContact)
  const contacts = items.filter(({ provenAt, frozen }) => provenAt !== undefined && !frozen)
  await tellContacts(sql, account, change.id, { ...told, ip, browser, system }, contacts, now)
  await noteActivity(sql, toldTo(account.id), { kind: told.kind }, source, now)
}
