import { sha256 } from '../secrets/digest.ts'
import type { Sql } from './sql.ts'

/** As the migration has it too. Not keyed, like those of names: the address stands beside it. */
const contactLookup = (address: string): Buffer => sha256(`contact ${address}`)

/**
 * Notes that an account has a contact, beside its own row of it. Whoever else does so for the same contact waits until
 * this transaction ends, and sees this account then.
 *
 * @returns every account that has the contact
 */
export async function addHolder(sql: Sql, address: string, accountId: string): Promise<string[]> {
  const rows = await sql<{ account_ids: string[] }>`
    insert into contact as c (lookup, account_ids) values (${contactLookup(address)}, array[${accountId}::uuid])
    on conflict (lookup) do update
      set account_ids = array_remove(c.account_ids, ${accountId}::uuid) || excluded.account_ids
    returning account_ids`
  return rows[0]?.account_ids ?? []
}

export async function removeHolder(sql: Sql, address: string, accountId: string): Promise<void> {
  const lookup = contactLookup(address)
  await sql`
    update contact set account_ids = array_remove(account_ids, ${accountId}::uuid) where lookup = ${lookup}`
  await sql`delete from contact where lookup = ${lookup} and account_ids = '{}'`
}

/** The accounts that have a contact, whether they proved it or not. */
export async function holdersOf(sql: Sql, address: string): Promise<string[]> {
  const rows = await sql<{ account_ids: string[] }>`
    select account_ids from contact where lookup = ${contactLookup(address)}`
  return rows[0]?.account_ids ?? []
}
