import { type Address, destinationOf, parseEmail, parsePhone } from '../../core/address.ts'
import { type FlowState, flowLasts, type ProveContact } from '../../core/people/flow.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import { type ChangedItem, changesWait } from '../../core/security-info/change.ts'
import { missingAfter, provedBesides } from '../../core/security-info/removal.ts'
import { type Item, isContact } from '../../core/security-info/security-info.ts'
import { stepUpLasts } from '../../core/security-info/step-up.ts'
import type { Instant } from '../../core/time.ts'
import { newId } from '../../secrets/random.ts'
import { findAccount } from '../../storage/account.ts'
import { changesOf } from '../../storage/change.ts'
import { insertFlow } from '../../storage/flow.ts'
import { ensureRows } from '../../storage/limits.ts'
import { holdItems, insertContact, itemsOf, mostItems, setItemAside } from '../../storage/security-info.ts'
import { toldTo } from '../activity/note-activity.ts'
import { changing } from '../changes/held-still.ts'
import { noteChange } from '../changes/note-change.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession } from '../sessions.ts'
import { type FlowForm, resend } from '../signing-in/flow-acts.ts'
import { issueFlowCode, ofFlow } from '../signing-in/flow-code.ts'
import { type StepAnswer, takeFlowStep } from '../signing-in/flow-step.ts'
import { addressOf } from '../signing-in/item-choices.ts'
import { reopenItems } from '../signing-in/item-guesses.ts'
import { noteCodeUsed } from '../signing-in/note-step.ts'
import { isOf } from '../signing-in/step-up.ts'
import { knownCodesKey, type Source } from '../source.ts'
import { checkCode } from '../verifications/check-code.ts'
import { tellPastCode } from '../verifications/past-code.ts'
import { claiming, confirmContact } from './claim-number.ts'

/**
 * Begins to add a contact by sending a code to it. It may be a contact of other accounts as well: whoever reads its codes
 * can prove it.
 *
 * Refusals: `email_malformed`, `phone_malformed`, `phone_country_not_served`, `item_exists`, `items_full`,
 * `changes_limit`, those of `issueFlowCode`.
 *
 * @returns the id of the flow
 */
export async function beginContact(
  deps: Deps,
  session: SignedInSession,
  typed: string,
  returnTo: string,
  source: Source,
): Promise<Result<string>> {
  const address = parseContact(deps, typed)
  if (!address.ok) return address
  const items = await itemsOf(deps.database.sql, session.accountId)
  const refusal = whyNotAdded(items, destinationOf(address.value))
  if (refusal !== undefined) return refuse(refusal)
  const changes = await changesOf(deps.database.sql, session.accountId)
  const retryAt = changesWait(changes, 'item_added', deps.policy.changes.perDay, session.now)
  if (retryAt !== undefined) return refuse({ code: 'changes_limit', retryAt, judgedAt: session.now })
  return sendTo(deps, session, address.value, undefined, returnTo, source)
}

/** Begins to confirm a contact that the account has. Refusals: `choice_missing`, those of `issueFlowCode`. */
export async function beginConfirmation(
  deps: Deps,
  session: SignedInSession,
  itemId: string,
  returnTo: string,
  source: Source,
): Promise<Result<string>> {
  const items = await itemsOf(deps.database.sql, session.accountId)
  const item = items.filter(isContact).find((candidate) => candidate.id === itemId)
  if (item === undefined) return refuse({ code: 'choice_missing' })
  return sendTo(deps, session, addressOf(item), itemId, returnTo, source)
}

function parseContact(deps: Deps, typed: string): Result<Address> {
  if (!/^\s*\+/.test(typed)) {
    const email = parseEmail(typed)
    return email.ok ? accept({ kind: 'email', email: email.value }) : email
  }
  const phone = parsePhone(typed)
  if (!phone.ok) return phone
  const { country } = phone.value
  return deps.policy.phones.countries.includes(country)
    ? accept({ kind: 'phone', ...phone.value })
    : refuse({ code: 'phone_country_not_served', country })
}

function whyNotAdded(items: readonly Item[], address: string): Refusal | undefined {
  const isThere = items.filter(isContact).some((item) => item.address === address)
  if (isThere) return { code: 'item_exists' }
  return items.length >= mostItems ? { code: 'items_full', most: mostItems } : undefined
}

async function sendTo(
  deps: Deps,
  { accountId, sessionId }: SignedInSession,
  address: Address,
  itemId: string | undefined,
  returnTo: string,
  source: Source,
): Promise<Result<string>> {
  const flowId = newId()
  const issued = await issueFlowCode(
    deps,
    {
      flowId,
      purpose: 'add_item',
      address,
      length: 6,
      messageKind: 'code',
      told: toldTo(accountId),
      pool: 'before the password',
    },
    source,
  )
  if (!issued.ok) return issued
  const state: ProveContact = {
    kind: 'prove_contact',
    accountId,
    sessionId,
    itemId,
    contact: { kind: address.kind, address: destinationOf(address) },
    verificationId: issued.value,
    returnTo,
  }
  await insertFlow(deps.database.sql, { id: flowId, browser: source.browser, state, lasts: flowLasts })
  return accept(flowId)
}

/** Works off one form of the page that waits for a contact's code. Refusals: those of `takeFlowStep` and `checkCode`. */
export async function answerContact(
  deps: Deps,
  flowId: string,
  session: SignedInSession,
  revision: number,
  form: FlowForm,
  source: Source,
): Promise<Result<StepAnswer>> {
  return takeFlowStep(deps, flowId, source.browser, revision, async (state, now) => {
    const isTheirs = state.kind === 'prove_contact' && isOf(state, session)
    if (!isTheirs) return { state, refusal: { code: 'step_elsewhere' } }
    if (form.act === 'resend') return resend(deps, flowId, state, state.verificationId, source)
    if (form.act !== 'code') return { state, refusal: { code: 'step_elsewhere' } }
    return takeCode(deps, flowId, state, form.code ?? '', source, now)
  })
}

async function takeCode(
  deps: Deps,
  flowId: string,
  state: ProveContact,
  typed: string,
  source: Source,
  now: Instant,
): Promise<{ state: FlowState; refusal?: Refusal }> {
  const { accountId, sessionId, returnTo } = state
  const { sql } = deps.database
  const awaited = ofFlow(flowId, state.verificationId)
  const guesses = [knownCodesKey(deps.keyring.current(), accountId, source)]
  await ensureRows(sql, guesses)
  const checked = await checkCode(deps, awaited, typed, now, guesses)
  if (!checked.ok) {
    return { state, refusal: await tellPastCode(deps, source.browser, typed, checked.refusal, awaited, now) }
  }
  await noteCodeUsed(sql, accountId, state.verificationId, now)
  const kept = await keepProved(deps, state, checked.value.approvedAt, source, now)
  return kept.ok
    ? { state: { kind: 'contact_proved', accountId, sessionId, returnTo } }
    : { state, refusal: kept.refusal }
}

/** Adds what was proved, or notes that it was proved again. */
async function keepProved(
  deps: Deps,
  { accountId, sessionId, itemId, contact }: ProveContact,
  provenAt: Instant,
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  if (itemId !== undefined) {
    const kind = await confirmContact(deps, { accountId, sessionId }, itemId, now)
    if (kind === undefined) return refuse({ code: 'choice_missing' })
    await reopenItems(deps, accountId)
    return accept(null)
  }
  const by = { accountId, sessionId }
  const added = await claiming(deps, by, contact, now, async (held): Promise<Result<null>> => {
    const items = await holdItems(held, accountId)
    const refusal = whyNotAdded(items, contact.address)
    if (refusal !== undefined) return refuse(refusal)
    const item = { id: newId(), ...contact, addedAt: now, provenAt }
    await insertContact(held, accountId, item)
    await noteChange(deps, held, accountId, { kind: 'item_added', item }, source, now, sessionId)
    return accept(null)
  })
  deps.wakeOutbox()
  return added
}

/**
 * Removes an item. What must remain is judged while nobody else can change it.
 *
 * Refusals: `choice_missing`, `must_remain`, `changes_frozen`, `changes_limit`.
 *
 * @param lost it was lost or stolen, and two others were freshly proved: it has no say in any change from now on
 */
export async function removeFromSecurityInfo(
  deps: Deps,
  session: SignedInSession,
  itemId: string,
  lost: boolean,
  source: Source,
  now: Instant,
): Promise<Result<null>> {
  const { accountId } = session
  const removed = await changing(deps, session, async (sql): Promise<Result<null>> => {
    const items = await holdItems(sql, accountId)
    const account = await findAccount(sql, accountId)
    const item = items.find((candidate) => candidate.id === itemId)
    if (account === undefined || item === undefined) return refuse({ code: 'choice_missing' })
    const rules = { createdAt: account.createdAt, twoStep: account.twoStepAt !== undefined }
    const missing = missingAfter(items, itemId, rules, now)
    if (missing !== undefined) return refuse({ code: 'must_remain', missing })
    const isLost = lost && provedBesides(items, freshItems(session), itemId, rules, now) >= 2
    await setItemAside(sql, accountId, itemId)
    const change = { kind: 'item_removed', item: remembered(item), lost: isLost } as const
    await noteChange(deps, sql, accountId, change, source, now, session.sessionId)
    return accept(null)
  })
  deps.wakeOutbox()
  return removed
}

const freshItems = ({ proofs, now }: SignedInSession): (string | undefined)[] =>
  proofs.filter((proof) => now < proof.at + stepUpLasts).map((proof) => proof.itemId)

/** What a change keeps of an item that goes. */
export const remembered = (item: Item): ChangedItem => ({
  id: item.id,
  kind: item.kind,
  addedAt: item.addedAt,
  provenAt: item.provenAt,
  ...(isContact(item) ? { address: item.address } : 'name' in item ? { name: item.name } : {}),
})

/** How many others were freshly proved, of the two that let an item go as lost or stolen. */
export async function provedForLoss(deps: Deps, session: SignedInSession, itemId: string): Promise<number> {
  const { sql } = deps.database
  const [account, items] = await Promise.all([
    findAccount(sql, session.accountId),
    itemsOf(sql, session.accountId),
  ])
  const rules = { createdAt: account?.createdAt ?? 0, twoStep: account?.twoStepAt !== undefined }
  return provedBesides(items, freshItems(session), itemId, rules, session.now)
}
