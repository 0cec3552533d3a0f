import { phoneStale } from '../core/security-info/item-standing.ts'
import type { Passkey } from '../core/security-info/passkey.ts'
import type { ContactKind, Item, ItemKind } from '../core/security-info/security-info.ts'
import type { Instant } from '../core/time.ts'
import { lockAccount } from './account.ts'
import { addHolder, removeHolder } from './contact.ts'
import type { Sql } from './sql.ts'

type ItemRow = {
  id: string
  kind: ItemKind
  address: string | null
  name: string | null
  added_at: Date
  proven_at: Date | null
  last_used_at: Date | null
  frozen: boolean
  now: Date
}

export const itemsOf = async (sql: Sql, accountId: string): Promise<Item[]> =>
  (await itemsAsOf(sql, accountId)).items

/** The items, and the moment by the database's clock at which they were so. */
export async function itemsAsOf(sql: Sql, accountId: string): Promise<{ items: Item[]; now: Instant }> {
  const rows = await sql<ItemRow>`
    select id, kind, address, name, added_at, proven_at, last_used_at,
      coalesce(frozen_until > statement_timestamp(), false) as frozen, statement_timestamp() as now
    from security_info where account_id = ${accountId} order by added_at, id`
  return { items: rows.map(itemOf), now: Number(rows[0]?.now ?? 0) }
}

function itemOf(row: ItemRow): Item {
  const common = {
    id: row.id,
    addedAt: Number(row.added_at),
    provenAt: row.proven_at === null ? undefined : Number(row.proven_at),
    lastUsedAt: row.last_used_at === null ? undefined : Number(row.last_used_at),
    frozen: row.frozen,
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

/**
 * A code to a contact was right. A number that proves nothing by itself is not proved by that: see `confirmNumber`.
 *
 * @returns what that proved; undefined where the contact is gone or frozen, or such a number
 */
export async function noteProven(
  sql: Sql,
  accountId: string,
  itemId: string,
): Promise<'email_code' | 'text_code' | undefined> {
  const rows = await sql<{ kind: ItemKind }>`
    update security_info set proven_at = statement_timestamp(), last_used_at = statement_timestamp()
    where account_id = ${accountId} and id = ${itemId} and (kind = 'email' or
        kind = 'phone' and proven_at > statement_timestamp() - ${phoneStale}::float8 * interval '1 millisecond')
      and coalesce(frozen_until <= statement_timestamp(), true) returning kind`
  return rows[0] && (rows[0].kind === 'email' ? 'email_code' : 'text_code')
}

/**
 * The account's own number from now on. One that proved nothing by itself, since that was long ago or another account
 * had proved it since, is as new as if it had just been added.
 *
 * @returns whether the account has it
 */
export async function confirmNumber(sql: Sql, accountId: string, itemId: string): Promise<boolean> {
  const rows = await sql`
    update security_info set proven_at = statement_timestamp(), last_used_at = statement_timestamp(),
      added_at = case when proven_at > statement_timestamp() - ${phoneStale}::float8 * interval '1 millisecond'
        then added_at else statement_timestamp() end
    where account_id = ${accountId} and id = ${itemId} and kind = 'phone'
      and coalesce(frozen_until <= statement_timestamp(), true) returning id`
  return rows.length === 1
}

/** @returns the id of the item that was this account's confirmed number until now, where there was one */
export async function unconfirmNumber(
  sql: Sql,
  accountId: string,
  number: string,
): Promise<string | undefined> {
  const rows = await sql<{ id: string }>`
    update security_info set proven_at = null
    where account_id = ${accountId} and kind = 'phone' and address = ${number} and proven_at is not null returning id`
  return rows[0]?.id
}

/** Adds an authenticator app that has just been proved by a code of this time step. */
export async function insertTotp(
  sql: Sql,
  item: { accountId: string; id: string; name: string; sealedSeed: Buffer; step: number },
): Promise<void> {
  await sql`
    insert into security_info (account_id, id, kind, name, sealed_seed, last_step, proven_at, last_used_at)
    values (${item.accountId}, ${item.id}, 'totp', ${item.name}, ${item.sealedSeed}, ${item.step},
      statement_timestamp(), statement_timestamp())`
}

export async function sealedSeedOf(sql: Sql, accountId: string, itemId: string): Promise<Buffer | undefined> {
  const rows = await sql<{ sealed_seed: Buffer }>`
    select sealed_seed from security_info where account_id = ${accountId} and id = ${itemId} and kind = 'totp'
      and coalesce(frozen_until <= statement_timestamp(), true)`
  return rows[0]?.sealed_seed
}

/**
 * Takes a time step, by compare-and-set: each is taken once, and none that lies before one that was (RFC 6238 §5.2).
 *
 * @returns whether it was
 */
export async function takeTotpStep(
  sql: Sql,
  accountId: string,
  itemId: string,
  step: number,
): Promise<boolean> {
  const rows = await sql`
    update security_info
    set last_step = ${step}, proven_at = statement_timestamp(), last_used_at = statement_timestamp()
    where account_id = ${accountId} and id = ${itemId} and kind = 'totp' and last_step < ${step}
    returning id`
  return rows.length === 1
}

/** @throws a unique violation (23505) where the account has this passkey already */
export async function insertPasskey(
  sql: Sql,
  item: { accountId: string; id: string; name: string },
  passkey: Passkey,
): Promise<void> {
  await sql`
    insert into security_info (account_id, id, kind, name, credential_id, public_key, sign_count, transports,
      backup_eligible, backed_up, proven_at, last_used_at)
    values (${item.accountId}, ${item.id}, 'passkey', ${item.name}, ${passkey.credentialId}, ${passkey.publicKey},
      ${passkey.signCount}, ${passkey.transports}, ${passkey.backupEligible}, ${passkey.backedUp},
      statement_timestamp(), statement_timestamp())`
}

export async function passkeysOf(sql: Sql, accountId: string): Promise<(Passkey & { id: string })[]> {
  const rows = await sql<{
    id: string
    credential_id: Buffer
    public_key: Buffer
    sign_count: number
    transports: string[]
    backup_eligible: boolean
    backed_up: boolean
  }>`
    select id, credential_id, public_key, sign_count::float8 as sign_count, transports, backup_eligible, backed_up
    from security_info where account_id = ${accountId} and kind = 'passkey'
      and coalesce(frozen_until <= statement_timestamp(), true) order by added_at, id`
  return rows.map((row) => ({
    id: row.id,
    credentialId: row.credential_id,
    publicKey: row.public_key,
    signCount: row.sign_count,
    transports: row.transports,
    backupEligible: row.backup_eligible,
    backedUp: row.backed_up,
  }))
}

/**
 * Notes that a passkey was used. Its counter must have gone up, or have been zero always: of two copies one is refused,
 * also where both come at once (WebAuthn Level 3 §6.1.1).
 *
 * @returns whether it had
 */
export async function takeSignCount(
  sql: Sql,
  accountId: string,
  itemId: string,
  used: { signCount: number; backedUp: boolean },
): Promise<boolean> {
  const rows = await sql`
    update security_info set sign_count = ${used.signCount}, backed_up = ${used.backedUp},
      proven_at = statement_timestamp(), last_used_at = statement_timestamp()
    where account_id = ${accountId} and id = ${itemId} and kind = 'passkey'
      and (sign_count < ${used.signCount} or (sign_count = 0 and ${used.signCount} = 0))
    returning id`
  return rows.length === 1
}

/**
 * Gives the account a recovery code in place of the one it had. It is ours, so it counts as proved. Asked by a form that was shown before that was made, it
 * changes nothing.
 *
 * @returns `made`, `same` where this is its code already, or `later` where another was made since
 */
export async function replaceRecoveryCode(
  sql: Sql,
  item: { accountId: string; id: string; codeHash: Buffer },
  shownAt: Instant,
): Promise<'made' | 'same' | 'later'> {
  const rows = await sql`
    insert into security_info as i (account_id, id, kind, code_hash, proven_at)
    values (${item.accountId}, ${item.id}, 'recovery_code', ${item.codeHash}, statement_timestamp())
    on conflict (account_id) where kind = 'recovery_code' do update
      set id = excluded.id, code_hash = excluded.code_hash, added_at = statement_timestamp(),
        proven_at = statement_timestamp(), last_used_at = null
      where i.code_hash <> excluded.code_hash and i.added_at <= ${new Date(shownAt)}
        and coalesce(i.last_used_at, i.added_at) <= ${new Date(shownAt)}
    returning id`
  if (rows.length === 1) return 'made'
  const same = await sql`
    select 1 from security_info
    where account_id = ${item.accountId} and kind = 'recovery_code' and code_hash = ${item.codeHash}`
  return same.length === 1 ? 'same' : 'later'
}

/**
 * Uses a recovery code and puts the next in its place, by compare-and-set: of any number at once one is taken. As the
 * next is a function of the flow, where it stands there already this flow put it there.
 *
 * @returns the item's id; undefined where this was not the code
 */
export async function useRecoveryCode(
  sql: Sql,
  accountId: string,
  codeHash: Buffer,
  nextHash: Buffer,
): Promise<{ itemId: string; result: 'used' | 'used_before' } | undefined> {
  const used = await sql<{ id: string }>`
    update security_info set code_hash = ${nextHash}, proven_at = statement_timestamp(), last_used_at = statement_timestamp()
    where account_id = ${accountId} and kind = 'recovery_code' and code_hash = ${codeHash}
      and coalesce(frozen_until <= statement_timestamp(), true)
    returning id`
  if (used[0] !== undefined) return { itemId: used[0].id, result: 'used' }
  const before = await sql<{ id: string }>`
    select id from security_info
    where account_id = ${accountId} and kind = 'recovery_code' and code_hash = ${nextHash}
      and coalesce(frozen_until <= statement_timestamp(), true)`
  return before[0] && { itemId: before[0].id, result: 'used_before' }
}

export async function setItemName(sql: Sql, accountId: string, itemId: string, name: string): Promise<void> {
  await sql`
    update security_info set name = ${name}
    where account_id = ${accountId} and id = ${itemId} and kind in ('totp', 'passkey')`
}

/** How many items an account may have: enough for anybody, and a page that can be read. */
export const mostItems = 20

/** Until this transaction ends, nobody else changes what the account has: removals at once are judged one by one. */
export async function lockItems(sql: Sql, accountId: string): Promise<Item[]> {
  await lockAccount(sql, accountId)
  return itemsOf(sql, accountId)
}

/** @throws a unique violation (23505) where the account has the address already */
export async function insertContact(
  sql: Sql,
  accountId: string,
  contact: {
    id: string
    kind: ContactKind
    address: string
    provenAt: Instant | undefined
  },
): Promise<void> {
  const provenAt = contact.provenAt === undefined ? null : new Date(contact.provenAt)
  await sql`
    insert into security_info (account_id, id, kind, address, proven_at)
    values (${accountId}, ${contact.id}, ${contact.kind}, ${contact.address}, ${provenAt}::timestamptz)`
  await addHolder(sql, contact.address, accountId)
}

export async function removeItem(sql: Sql, accountId: string, itemId: string): Promise<void> {
  const removed = await sql<{ address: string | null }>`
    delete from security_info where account_id = ${accountId} and id = ${itemId} returning address`
  const address = removed[0]?.address ?? undefined
  if (address !== undefined) await removeHolder(sql, address, accountId)
}

/** Removes an item so that it can be put back as it was, seed and public key included. */
export async function setItemAside(sql: Sql, accountId: string, itemId: string): Promise<void> {
  await sql`
    insert into removed_item (account_id, id, item)
    select account_id, id, to_jsonb(s) from security_info s where account_id = ${accountId} and id = ${itemId}
    on conflict (account_id, id) do update set item = excluded.item, removed_at = statement_timestamp()`
  await removeItem(sql, accountId, itemId)
}

/**
 * Puts back what was set aside, with its age. Where the same address or passkey was added again meanwhile, that one is set
 * aside: the older has a say in what came since. Another recovery code stays. A number that another account has proved
 * meanwhile comes back unconfirmed.
 */
export async function putItemBack(sql: Sql, accountId: string, itemId: string): Promise<void> {
  const rows = await sql<{ item: { address: string | null; credential_id: string | null; kind: ItemKind } }>`
    delete from removed_item where account_id = ${accountId} and id = ${itemId} returning item`
  const item = rows[0]?.item
  if (item === undefined) return
  const again = await sql<{ id: string }>`
    select id from security_info where account_id = ${accountId}
      and (address = ${item.address} or credential_id = ${item.credential_id}::text::bytea)`
  for (const { id } of again) await setItemAside(sql, accountId, id)
  await sql`
    insert into security_info select * from jsonb_populate_record(null::security_info, ${JSON.stringify(item)}::jsonb)
    on conflict do nothing`
  if (item.address === null) return
  const others = (await addHolder(sql, item.address, accountId)).filter((id) => id !== accountId)
  const isTaken = item.kind === 'phone' && (await isConfirmedBy(sql, others, item.address))
  if (isTaken) await unconfirmNumber(sql, accountId, item.address)
}

/** Items that came after a moment, and these, prove nothing until then. */
export async function freezeItemsSince(
  sql: Sql,
  accountId: string,
  since: Instant,
  itemIds: readonly string[],
  until: Instant,
): Promise<void> {
  await sql`
    update security_info set frozen_until = ${new Date(until)}
    where account_id = ${accountId} and (added_at >= ${new Date(since)} or id = any(${itemIds}::uuid[]))`
}

/** What is frozen stays so for longer: the change that holds it can be decided for longer. */
export async function freezeUntil(sql: Sql, accountId: string, until: Instant): Promise<void> {
  await sql`
    update security_info set frozen_until = ${new Date(until)}
    where account_id = ${accountId} and frozen_until > statement_timestamp() and frozen_until < ${new Date(until)}`
}

/** What was frozen proves again. */
export async function thawItems(sql: Sql, accountId: string): Promise<void> {
  await sql`update security_info set frozen_until = null where account_id = ${accountId} and frozen_until is not null`
}

async function isConfirmedBy(sql: Sql, accountIds: readonly string[], number: string): Promise<boolean> {
  const rows = await sql`
    select 1 from security_info
    where account_id = any(${accountIds}::uuid[]) and kind = 'phone' and address = ${number} and proven_at is not null
    limit 1`
  return rows.length === 1
}

export async function removeRecoveryCode(sql: Sql, accountId: string): Promise<void> {
  await sql`delete from security_info where account_id = ${accountId} and kind = 'recovery_code'`
}
