import type { Instant } from '../core/time.ts'
import type { Sql } from './sql.ts'

export type Item = {
  id: string
  kind: 'email' | 'phone'
  address: string
  addedAt: Instant
  provenAt: Instant | undefined
  lastUsedAt: Instant | undefined
}

type ItemRow = {
  id: string
  kind: 'email' | 'phone'
  address: string
  added_at: Date
  proven_at: Date | null
  last_used_at: Date | null
}

export async function itemsOf(sql: Sql, accountId: string): Promise<Item[]> {
  const rows = await sql<ItemRow>`
    select id, kind, address, added_at, proven_at, last_used_at from security_info
    where account_id = ${accountId} order by added_at, id`
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    address: row.address,
    addedAt: Number(row.added_at),
    provenAt: row.proven_at === null ? undefined : Number(row.proven_at),
    lastUsedAt: row.last_used_at === null ? undefined : Number(row.last_used_at),
  }))
}

export async function noteProven(sql: Sql, accountId: string, itemId: string): Promise<void> {
  await sql`
    update security_info set proven_at = statement_timestamp(), last_used_at = statement_timestamp()
    where account_id = ${accountId} and id = ${itemId}`
}
