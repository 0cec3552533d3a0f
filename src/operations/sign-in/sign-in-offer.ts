import { inventedHint } from '../../core/proving/hint.ts'
import type { ItemChoice } from '../../core/proving/proving.ts'
import type { Trust } from '../../core/proving/trust.ts'
import type { Refusal } from '../../core/refusal.ts'
import { standsAlone } from '../../core/security-info/item-standing.ts'
import { type Item, isContact } from '../../core/security-info/security-info.ts'
import type { SignIn } from '../../core/sign-in/sign-in.ts'
import { uuidOf } from '../../secrets/random.ts'
import { itemsAsOf } from '../../storage/security-info.ts'
import { isKnownBrowser } from '../../storage/session.ts'
import type { ActivityOwner } from '../activity/record-activity.ts'
import type { Deps } from '../deps.ts'
import type { FlowRequest, Offer } from '../proving/caller.ts'
import { closedItems } from '../proving/guess-limits.ts'
import { notifyOfGuesses } from '../proving/guess-notices.ts'
import { allChoices, choiceOf } from '../proving/item-choices.ts'
import type { Requester } from '../requester.ts'
import { codeKeys, trustOf } from '../trust-limits.ts'

/**
 * What may be proved at a sign-in. Before the password that is one contact, whether the name has an account or not: what
 * was typed is its own hint. Whatever else were shown would tell that there is one, and how many contacts it has; another
 * can be typed in full. Past it, what is closed to a browser that the account doesn't know is marked.
 */
export async function offerSignIn(deps: Deps, { state, requester }: FlowRequest<SignIn>): Promise<Offer> {
  const usable = await usableItems(deps, state)
  const contacts = usable.filter(isContact)
  const { accountId, passwordAt, username } = state
  if (accountId !== undefined && passwordAt !== undefined) {
    const choices = await markClosed(deps, accountId, allChoices(usable), requester)
    return { choices, contacts, password: false }
  }
  const named = contacts.find(({ address }) => address === username)
  const id = uuidOf(deps.keyring.current().lookupHash('invented item', username))
  const choice = named === undefined ? { id, ...inventedHint(username) } : choiceOf(named)
  return { choices: [choice], contacts, password: false }
}

async function markClosed(
  deps: Deps,
  accountId: string,
  choices: ItemChoice[],
  requester: Requester,
): Promise<ItemChoice[]> {
  if (await isKnownBrowser(deps.database.sql, accountId, requester.browser)) return choices
  const ids = choices.map(({ id }) => id)
  const closed = await closedItems(deps, accountId, ids)
  return choices.map((choice) => (closed.has(choice.id) ? { ...choice, closed: true } : choice))
}

/** What counts by itself; past the password, where no second proof of its own is asked for, anything that isn't frozen. */
async function usableItems(deps: Deps, state: SignIn): Promise<Item[]> {
  const { items, now } = await itemsAsOf(deps.database.sql, accountOrNone(deps, state))
  return items.filter((item) => (mayConfirm(state) ? !item.frozen : standsAlone(item, now)))
}

/** Whether a code may prove a number that proves nothing by itself: beside the password, and not instead of a second kind. */
export const mayConfirm = ({ passwordAt, twoStep }: SignIn): boolean => passwordAt !== undefined && !twoStep

/** The account, or for a name without one an id that nothing has: what is looked up for it takes the same work. */
export const accountOrNone = (deps: Deps, state: SignIn): string =>
  state.accountId ?? nobody(deps, state.username)

export const nobody = (deps: Deps, username: string): string =>
  uuidOf(deps.keyring.current().lookupHash('no account', username))

/** Whose activity records a sign-in: a name without an account has rows too, which nobody reads. */
export const activityOwnerOf = (deps: Deps, state: SignIn): ActivityOwner => ({
  accountId: accountOrNone(deps, state),
  decoy: state.accountId === undefined,
})

/**
 * Who signs in: a browser that the account knows, or a stranger before the password or past it. One whose password was
 * compared while guesses were used up is past it, and nobody may learn that.
 */
export function signInTrust(deps: Deps, { state, requester }: FlowRequest<SignIn>): Promise<Trust> {
  const of = state.accountId ?? `name ${state.username}`
  const isHidden = state.passwordAt === undefined && state.hiddenPasswordAt !== undefined
  const isPast = state.passwordAt !== undefined || isHidden
  const otherwise: Trust = {
    level: 'stranger',
    stage: isPast ? 'past the password' : 'before the password',
    of,
    ...(isHidden && { hidden: true }),
  }
  return trustOf(deps, { accountId: accountOrNone(deps, state), otherwise }, requester)
}

/**
 * The owner hears of whoever types wrong codes past the right password, on a browser that the account doesn't know. What
 * a day's limit declines is no news: what led to it has been told.
 */
export async function noticeGuesses(
  deps: Deps,
  request: FlowRequest<SignIn>,
  refusal: Refusal,
): Promise<void> {
  const { state, requester, now } = request
  const itemId = state.typedItemId ?? state.itemId
  if (refusal.code === 'wrong_codes_limit' || itemId === undefined) return
  if (state.accountId === undefined || state.passwordAt === undefined) return
  const limits = codeKeys(deps, await signInTrust(deps, request), requester, itemId)
  const strangers = limits.find(({ kind }) => kind === 'strangers_codes')
  if (strangers === undefined) return
  await notifyOfGuesses(deps, { accountId: state.accountId, itemId, strangers }, { requester, now })
}
