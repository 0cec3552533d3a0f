import { hintOf } from '../../core/address.ts'
import type { ItemChoice } from '../../core/proving/proving.ts'
import { addressOf } from '../../core/security-info/contact-address.ts'
import { type Contact, type Item, isContact } from '../../core/security-info/security-info.ts'

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
  const contacts = items.filter(isContact).map(choiceOf)
  return [...named('passkey').slice(0, 1), ...named('totp'), ...contacts, ...code]
}

/** A contact as its owner may choose it: by its hint. */
export const choiceOf = (item: Contact): ItemChoice => ({
  id: item.id,
  kind: item.kind,
  hint: hintOf(addressOf(item)),
})
