import { type Address, hintOf, parseEmail, parsePhone } from '../../core/address.ts'
import { completedHint, completesHint, type ItemChoice, type SignIn } from '../../core/people/flow.ts'
import { inventedHint } from '../../core/people/invented-hint.ts'
import { type Contact, type Item, isContact } from '../../core/security-info/security-info.ts'
import { standsAlone } from '../../core/security-info/step-up.ts'
import { uuidOf } from '../../secrets/random.ts'
import { itemsAsOf } from '../../storage/security-info.ts'
import { isKnownBrowser } from '../../storage/session.ts'
import type { Told } from '../activity/note-activity.ts'
import type { Deps } from '../deps.ts'
import type { Source } from '../source.ts'
import { closedItems } from './item-guesses.ts'

/**
 * What may be proved at a sign-in. Before the password that is one contact, whether the name has an account or not: what
 * was typed is its own hint. Whatever else were shown would tell that there is one, and how many contacts it has; another
 * can be typed in full.
 */
export async function itemsForSignIn(deps: Deps, state: SignIn): Promise<ItemChoice[]> {
  const usable = await usableItems(deps, state)
  if (state.accountId !== undefined && state.passwordAt !== undefined) return allChoices(usable)
  const named = usable.filter(isContact).find(({ address }) => address === state.username)
  const id = uuidOf(deps.keyring.current().lookupHash('invented item', state.username))
  return [named === undefined ? { id, ...inventedHint(state.username) } : choiceOf(named)]
}

/** The same as the one who chooses sees them: what is closed to this browser is marked. */
export async function choicesForSignIn(deps: Deps, state: SignIn, source: Source): Promise<ItemChoice[]> {
  const choices = await itemsForSignIn(deps, state)
  const { accountId, passwordAt } = state
  if (accountId === undefined || passwordAt === undefined) return choices
  const isKnown = await isKnownBrowser(deps.database.sql, accountId, source.browser)
  const ids = choices.map(({ id }) => id)
  const closed = await closedItems(deps, accountId, ids, isKnown ? source.browser : undefined)
  return choices.map((choice) => (closed.has(choice.id) ? { ...choice, closed: true } : choice))
}

/** What counts by itself; past the password, where no second proof of its own is asked for, anything that isn't frozen. */
async function usableItems(deps: Deps, state: SignIn): Promise<Item[]> {
  const { items, now } = await itemsAsOf(deps.database.sql, accountOrNone(deps, state))
  return items.filter((item) => (mayConfirm(state) ? !item.frozen : standsAlone(item, now)))
}

/** Whether a code may prove a number that proves nothing by itself: beside the password, and not instead of a second kind. */
export const mayConfirm = ({ passwordAt, twoStep }: SignIn): boolean => passwordAt !== undefined && !twoStep

/** Contacts by their hints. */
const contactChoices = (items: readonly Item[]): ItemChoice[] => items.filter(isContact).map(choiceOf)

/**
 * Everything that an account can prove: what a stranger finds hardest to take comes first, a recovery code last. One
 * choice stands for all passkeys: the browser knows which it has.
 */
export function allChoices(items: readonly Item[]): ItemChoice[] {
  const named = (kind: 'totp' | 'passkey') =>
    items.flatMap((item) => (item.kind === kind ? [{ id: item.id, kind, hint: item.name }] : []))
  const code = items.flatMap((item) =>
    item.kind === 'recovery_code' ? [{ id: item.id, kind: item.kind, hint: '' }] : [],
  )
  return [...named('passkey').slice(0, 1), ...named('totp'), ...contactChoices(items), ...code]
}

/** The account, or for a name without one an id that nothing has: what is looked up for it takes the same work. */
export const accountOrNone = (deps: Deps, state: SignIn): string =>
  state.accountId ?? nobody(deps, state.username)

export const nobody = (deps: Deps, username: string): string =>
  uuidOf(deps.keyring.current().lookupHash('no account', username))

/** Whose activity tells of a sign-in: a name without an account has rows too, which nobody reads. */
export const toldOf = (deps: Deps, state: SignIn): Told => ({
  accountId: accountOrNone(deps, state),
  decoy: state.accountId === undefined,
})

/** The address behind a chosen item; undefined where there is none, as for every invented one. */
export async function itemAddress(deps: Deps, state: SignIn, itemId: string): Promise<Address | undefined> {
  const item = (await usableItems(deps, state)).filter(isContact).find(({ id }) => id === itemId)
  return item && addressOf(item)
}

/** The contact that somebody means who types the hidden part of the chosen one, or the whole of any other. */
export async function typedContact(
  deps: Deps,
  state: SignIn,
  typed: string,
): Promise<{ id: string; address: Address } | undefined> {
  const contacts = (await usableItems(deps, state)).filter(isContact)
  const email = parseEmail(typed)
  const item =
    contacts.find(({ id, address }) => id === state.itemId && completesHint(address, typed)) ??
    contacts.find(({ address }) => email.ok && address === email.value)
  return item && { id: item.id, address: addressOf(item) }
}

/** Where a decoy goes for an address that was typed and is not the chosen one: to what was meant, by its looks. */
export function decoyFor(
  chosen: Pick<ItemChoice, 'kind' | 'hint'> | undefined,
  typed: string,
  flowId: string,
): Address {
  const phone = chosen?.kind === 'phone' ? parsePhone(typed) : undefined
  if (phone?.ok) return { kind: 'phone', ...phone.value }
  const meant = parseEmail(completedHint(chosen?.hint ?? '', typed))
  const email = meant.ok ? meant : parseEmail(`decoy-${flowId}@decoy.invalid`)
  if (!email.ok) throw new Error('The decoy has no address.')
  return { kind: 'email', email: email.value }
}

/** An item as its owner may choose it: by its hint. */
export const choiceOf = (item: Contact): ItemChoice => ({
  id: item.id,
  kind: item.kind,
  hint: hintOf(addressOf(item)),
})

export function addressOf(item: Contact): Address {
  const email = item.kind === 'email' ? parseEmail(item.address) : undefined
  if (email?.ok) return { kind: 'email', email: email.value }
  const phone = item.kind === 'phone' ? parsePhone(item.address) : undefined
  if (phone?.ok) return { kind: 'phone', ...phone.value }
  throw new Error('A stored address is not one.')
}
