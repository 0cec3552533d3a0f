import type { Item, ItemKind } from '../core/security-info.ts'
import type { Sql } from './sql.ts'

type ItemRow = {
  id: string
  kind: ItemKind
  address: string | null
  name: string | null
  added_at: Date
  proven_at: Date | null
  last_used_at: Date | null
}

export async function itemsOf(sql: Sql, accountId: string): Promise<Item[]> {
  const rows = await sql<ItemRow>`
    select id, kind, address, name, added_at, proven_at, last_used_at from security_info
    where account_id = ${accountId} order by added_at, id`
  return rows.map(itemOf)
}

function itemOf(row: ItemRow): Item {
  const common = {
    id: row.id,
    addedAt: Number(row.added_at),
    provenAt: row.proven_at === null ? undefined : Number(row.proven_at),
    lastUsedAt: row.last_used_at === null ? undefined : Number(row.last_used_at),
  }
  switch (row.kind) {
    case 'email':
    case 'phone':
      return { ...common, kind: row.kind, address: row.address ?? '' }
    case 'totp':
    case 'passkey':
      return { ...common, kind: row.kind, name: row.name ?? '' }
    case 'recovery_code':
      return { ...common, kind: row.kind }
  }
}

/** @returns the item's kind; undefined where it has been removed meanwhile */
export async function noteProven(
  sql: Sql,
  accountId: string,
  itemId: string,
): Promise<Item['kind'] | undefined> {
  const rows = await sql<{ kind: Item['kind'] }>`
    update security_info set proven_at = statement_timestamp(), last_used_at = statement_timestamp()
    where account_id = ${accountId} and id = ${itemId} returning kind`
  return rows[0]?.kind
}
