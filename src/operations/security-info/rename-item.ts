import type { Authenticator } from '../../core/security-info/security-info.ts'
import { itemsOf, setItemName } from '../../storage/security-info.ts'
import type { Deps } from '../deps.ts'
import type { SignedInSession } from '../requester.ts'
import { itemName } from './item-name.ts'

/** An item of the account that has a name: an authenticator app or a passkey. */
export async function findNamedItem(
  deps: Deps,
  { accountId }: SignedInSession,
  itemId: string,
): Promise<Authenticator | undefined> {
  const items = await itemsOf(deps.database.sql, accountId)
  return items.find((item): item is Authenticator => item.id === itemId && 'name' in item)
}

/** Gives it another name. Left empty, it keeps its own. */
export async function renameItem(
  deps: Deps,
  { accountId }: SignedInSession,
  item: Authenticator,
  typed: string,
): Promise<void> {
  const name = itemName(typed)
  if (name !== '') await setItemName(deps.database.sql, accountId, item.id, name)
}
