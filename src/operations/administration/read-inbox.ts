import { parseEmail, parsePhone } from '../../core/address.ts'
import type { Instant } from '../../core/time.ts'
import { findMessage, type InboxContent, type InboxRow, newest, newestId } from '../../storage/inbox.ts'
import type { Deps } from '../deps.ts'

export type InboxMessage = InboxContent & { id: string; sentAt: Instant }

/** The page and its JSON show no more; a development day has fewer. */
const most = 500

/**
 * What the built-in inbox holds, newest first. A message whose key has been forgotten can't be opened any more and is
 * left out.
 *
 * @param to only for this address or number, in any way of writing it
 */
export async function readInbox(deps: Deps, to?: string): Promise<InboxMessage[]> {
  const rows = await newest(deps.database.sql, most)
  const messages = await opened(deps, rows)
  if (to === undefined) return messages
  const wanted = canonical(to)
  return messages.filter((message) => message.to === wanted)
}

export async function readInboxMessage(deps: Deps, id: string): Promise<InboxMessage | undefined> {
  const row = await findMessage(deps.database.sql, id)
  return row && (await opened(deps, [row]))[0]
}

/** A word that is another one as soon as something new has come. */
export const inboxMark = async (deps: Deps): Promise<string> => (await newestId(deps.database.sql)) ?? 'empty'

async function opened(deps: Deps, rows: readonly InboxRow[]): Promise<InboxMessage[]> {
  const isKnown = (row: InboxRow) => deps.keyring.current().find(row.codeKey) !== undefined
  // Another process may have rotated the ring since it was last read here.
  if (!rows.every(isKnown)) await deps.keyring.refresh()
  return rows.flatMap((row) => {
    const content = deps.keyring.current().find(row.codeKey)?.open(row.sealed, row.id)
    return content === undefined
      ? []
      : [{ ...(JSON.parse(content) as InboxContent), id: row.id, sentAt: row.sentAt }]
  })
}

function canonical(to: string): string {
  const email = parseEmail(to)
  if (email.ok) return email.value
  const phone = parsePhone(to)
  return phone.ok ? phone.value.phone : to
}
