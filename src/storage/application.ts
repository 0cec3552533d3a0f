import type { Instant } from '../core/time.ts'
import type { Sql } from './sql.ts'

export type ApiKeyRow = {
  id: string
  applicationId: string
  application: string
  name: string
  createdAt: Instant
  revokedAt: Instant | undefined
}

/** The application that a living key belongs to, with the hash that its secret must have. */
export async function findKey(
  sql: Sql,
  keyId: string,
): Promise<{ applicationId: string; hash: Buffer } | undefined> {
  const rows = await sql<{ application_id: string; hash: Buffer }>`
    select application_id, hash from api_key where id = ${keyId} and revoked_at is null`
  return rows[0] && { applicationId: rows[0].application_id, hash: rows[0].hash }
}

export async function findByName(sql: Sql, name: string): Promise<string | undefined> {
  const rows = await sql<{
    id: string
  }>`select id from application where name = ${name} order by created_at limit 1`
  return rows[0]?.id
}

export async function insertApplication(sql: Sql, id: string, name: string): Promise<void> {
  await sql`insert into application (id, name) values (${id}, ${name})`
}

export async function insertKey(
  sql: Sql,
  key: { id: string; applicationId: string; name: string; hash: Buffer },
): Promise<void> {
  await sql`
    insert into api_key (id, application_id, name, hash) values (${key.id}, ${key.applicationId}, ${key.name}, ${key.hash})`
}

export async function listKeys(sql: Sql): Promise<ApiKeyRow[]> {
  const rows = await sql<{
    id: string
    application_id: string
    application: string
    name: string
    created_at: Date
    revoked_at: Date | null
  }>`
    select k.id, k.application_id, a.name as application, k.name, k.created_at, k.revoked_at
    from api_key k join application a on a.id = k.application_id order by k.created_at, k.id`
  return rows.map((row) => ({
    id: row.id,
    applicationId: row.application_id,
    application: row.application,
    name: row.name,
    createdAt: Number(row.created_at),
    revokedAt: row.revoked_at === null ? undefined : Number(row.revoked_at),
  }))
}

/** @returns false where no living key has this id */
export async function revokeKey(sql: Sql, keyId: string): Promise<boolean> {
  const rows = await sql`
    update api_key set revoked_at = statement_timestamp() where id = ${keyId} and revoked_at is null returning id`
  return rows.length === 1
}

export async function hasKeys(sql: Sql): Promise<boolean> {
  const rows = await sql`select 1 from api_key limit 1`
  return rows.length === 1
}
