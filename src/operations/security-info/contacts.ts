import {
  type Address,
  destinationOf,
  looksLikePhone,
  mayTakeTexts,
  parseEmail,
  parsePhone,
} from '../../core/address.ts'
import { type ChangedItem, changesWait } from '../../core/changes/change.ts'
import { decideLoss, type LossVerdict } from '../../core/changes/loss.ts'
import type { ProveContact } from '../../core/changes/prove-contact.ts'
import { isBlank } from '../../core/copied-marks.ts'
import { stepUpLasts } from '../../core/proving/proof.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import { addressOf } from '../../core/security-info/contact-address.ts'
import { missingAfter } from '../../core/security-info/removal.ts'
import { type Item, isContact } from '../../core/security-info/security-info.ts'
import type { Instant } from '../../core/time.ts'
import { newId } from '../../secrets/random.ts'
import { findAccount } from '../../storage/account.ts'
import { changesOf } from '../../storage/change.ts'
import { insertContact, itemsOf, lockItems, mostItems, setItemAside } from '../../storage/security-info.ts'
import { ownedBy } from '../activity/record-activity.ts'
import { inAccountTransaction } from '../changes/account-transaction.ts'
import { recordChange } from '../changes/record-change.ts'
import type { Deps } from '../deps.ts'
import { beginFlow, flowIdOf } from '../proving/answer-flow.ts'
import type { CodeCaller, FlowRequest } from '../proving/caller.ts'
import { claiming, confirmContact } from '../proving/claim-number.ts'
import { issueFlowCode } from '../proving/codes.ts'
import { reopenItems } from '../proving/guess-limits.ts'
import { isOf, type Requester, type SignedInSession } from '../requester.ts'

/** Adding or confirming a contact, as the proof engine's caller: a code to it, in the session alone. */
export const proveContact: CodeCaller<ProveContact> = {
  kind: 'prove_contact',
  belongsTo: (state, session) => session !== undefined && isOf(state, session),
  accountOf: ({ accountId }) => accountId,
  told: (_deps, { accountId }) => ownedBy(accountId),
  trust: async (_deps, { state }) => ({ level: 'session', sessionId: state.sessionId }),
  mayReadStory: () => true,
  async codeApproved(deps, request, approvedAt) {
    const { state } = request
    const { accountId, sessionId, returnTo } = state
    const done = await keepProved(deps, request, approvedAt)
    return done.ok
      ? { state: { kind: 'contact_proved', accountId, sessionId, returnTo } }
      : { state, refusal: done.refusal }
  },
}

/** What comes with the page that asks for a contact: its form's id, and where it leads once that is proved. */
export type ContactForm = { formId: string | undefined; returnTo: string }

/**
 * Begins to add a contact by sending a code to it. It may be a contact of other accounts as well: whoever reads its codes
 * can prove it. A form sent twice sends one code.
 *
 * Refusals: `address_missing`, `email_malformed`, `phone_malformed`, `phone_country_not_served`, `phone_takes_no_texts`,
 * `item_exists`, `items_full`, `changes_limit`, those of `issueFlowCode`.
 *
 * @returns the id of the flow
 */
export async function beginContact(
  deps: Deps,
  session: SignedInSession,
  typed: string,
  { formId, returnTo }: ContactForm,
  requester: Requester,
): Promise<Result<string>> {
  const address = parseContact(deps, typed)
  if (!address.ok) return address
  const items = await itemsOf(deps.database.sql, session.accountId)
  const refusal = whyNotAdded(items, destinationOf(address.value))
  if (refusal !== undefined) return refuse(refusal)
  const changes = await changesOf(deps.database.sql, session.accountId)
  const retryAt = changesWait(changes, 'item_added', deps.policy.changes.perDay, session.now)
  if (retryAt !== undefined) return refuse({ code: 'changes_limit', retryAt })
  const id = flowIdOf(deps, formId, 'add contact', session.sessionId, destinationOf(address.value))
  return sendTo(deps, session, id, { address: address.value, itemId: undefined, returnTo }, requester)
}

/** Begins to confirm a contact that the account has. Refusals: `choice_missing`, those of `issueFlowCode`. */
export async function beginConfirmation(
  deps: Deps,
  session: SignedInSession,
  itemId: string,
  { formId, returnTo }: ContactForm,
  requester: Requester,
): Promise<Result<string>> {
  const items = await itemsOf(deps.database.sql, session.accountId)
  const item = items.filter(isContact).find((candidate) => candidate.id === itemId)
  if (item === undefined) return refuse({ code: 'choice_missing' })
  const id = flowIdOf(deps, formId, 'confirm contact', session.sessionId, itemId)
  return sendTo(deps, session, id, { address: addressOf(item), itemId, returnTo }, requester)
}

function parseContact(deps: Deps, typed: string): Result<Address> {
  if (isBlank(typed)) return refuse({ code: 'address_missing' })
  if (!looksLikePhone(typed)) {
    const email = parseEmail(typed)
    return email.ok ? accept({ kind: 'email', email: email.value }) : email
  }
  const phone = parsePhone(typed)
  if (!phone.ok) return phone
  const { country } = phone.value
  if (!deps.policy.phones.countries.includes(country))
    return refuse({ code: 'phone_country_not_served', country })
  if (!mayTakeTexts(phone.value.phone)) return refuse({ code: 'phone_takes_no_texts' })
  return accept({ kind: 'phone', ...phone.value })
}

function whyNotAdded(items: readonly Item[], address: string): Refusal | undefined {
  const isThere = items.filter(isContact).some((item) => item.address === address)
  if (isThere) return { code: 'item_exists' }
  return items.length >= mostItems ? { code: 'items_full', most: mostItems } : undefined
}

async function sendTo(
  deps: Deps,
  { accountId, sessionId }: SignedInSession,
  flowId: string,
  { address, itemId, returnTo }: { address: Address; itemId: string | undefined; returnTo: string },
  requester: Requester,
): Promise<Result<string>> {
  const state: ProveContact = {
    kind: 'prove_contact',
    step: 'code',
    accountId,
    sessionId,
    itemId,
    contact: { kind: address.kind, address: destinationOf(address) },
    returnTo,
  }
  return beginFlow(deps, { id: flowId, state, requester }, async () => {
    const issued = await issueFlowCode(
      deps,
      {
        flowId,
        purpose: 'add_item',
        address,
        length: 6,
        messageKind: 'code',
        told: ownedBy(accountId),
        trust: { level: 'session', sessionId },
      },
      requester,
    )
    return issued.ok ? { state: { ...state, ...issued.value } } : { state, refusal: issued.refusal }
  })
}

/** Adds what was proved, or notes that it was proved again. */
async function keepProved(
  deps: Deps,
  { state, requester, now }: FlowRequest<ProveContact>,
  provenAt: Instant,
): Promise<Result<null>> {
  const { accountId, sessionId, itemId, contact } = state
  if (itemId !== undefined) {
    const kind = await confirmContact(deps, { accountId, sessionId }, itemId, now)
    if (kind === undefined) return refuse({ code: 'choice_missing' })
    await reopenItems(deps, accountId)
    return accept(null)
  }
  const by = { accountId, sessionId }
  const added = await claiming(deps, by, contact, now, async (held): Promise<Result<null>> => {
    const items = await lockItems(held, accountId)
    const refusal = whyNotAdded(items, contact.address)
    if (refusal !== undefined) return refuse(refusal)
    const item = { id: newId(), ...contact, addedAt: now, provenAt }
    await insertContact(held, accountId, item)
    await recordChange(deps, held, accountId, { kind: 'item_added', item }, requester, now, sessionId)
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
 * @param lost it was lost or stolen, and two others were freshly proved: it has no say in this and what follows
 */
export async function removeFromSecurityInfo(
  deps: Deps,
  session: SignedInSession,
  itemId: string,
  lost: boolean,
  requester: Requester,
  now: Instant,
): Promise<Result<null>> {
  const { accountId } = session
  const removed = await inAccountTransaction(deps, session, async (sql): Promise<Result<null>> => {
    const items = await lockItems(sql, accountId)
    const account = await findAccount(sql, accountId)
    const item = items.find((candidate) => candidate.id === itemId)
    if (account === undefined || item === undefined) return refuse({ code: 'choice_missing' })
    const rules = { createdAt: account.createdAt, twoStep: account.twoStepAt !== undefined }
    const missing = missingAfter(items, itemId, rules, now)
    if (missing !== undefined) return refuse({ code: 'must_remain', missing })
    const changes = await changesOf(sql, accountId)
    const isLost =
      lost && decideLoss(itemId, { ...rules, items, changes }, freshItems(session), now) === 'lost'
    await setItemAside(sql, accountId, itemId)
    const change = { kind: 'item_removed', item: remembered(item), lost: isLost } as const
    await recordChange(deps, sql, accountId, change, requester, now, session.sessionId)
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

/** Whether the session may remove an item as lost or stolen, and what is missing where it may not. */
export async function judgeLoss(deps: Deps, session: SignedInSession, itemId: string): Promise<LossVerdict> {
  const { sql } = deps.database
  const [account, items, changes] = await Promise.all([
    findAccount(sql, session.accountId),
    itemsOf(sql, session.accountId),
    changesOf(sql, session.accountId),
  ])
  const createdAt = account?.createdAt ?? 0
  const twoStep = account?.twoStepAt !== undefined
  return decideLoss(itemId, { createdAt, twoStep, items, changes }, freshItems(session), session.now)
}
