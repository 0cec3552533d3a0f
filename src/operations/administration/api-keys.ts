import { newApiKey, parseApiKey, sameHash } from '../../secrets/api-key.ts'
import { newId } from '../../secrets/random.ts'
import {
  type ApiKeyRow,
  findByName,
  findKey,
  insertApplication,
  insertKey,
  listKeys,
  revokeKey,
} from '../../storage/application.ts'
import type { Database, Sql } from '../../storage/sql.ts'

/**
 * How long a process goes on believing in a key: revoking one takes effect everywhere within this, also where the clock
 * is set back meanwhile.
 */
const believedFor = 1000
const mostBelieved = 10_000

/** Tells which application a bearer token belongs to; a living key is looked up at most once a second. */
export function openAuthentication(sql: Sql) {
  type Known = { found: ReturnType<typeof findKey>; at: number }
  const known = new Map<string, Known>()
  return async function authenticate(token: string, now: number): Promise<string | undefined> {
    const key = parseApiKey(token)
    if (key === undefined) return undefined
    let entry = known.get(key.id)
    if (entry === undefined || now < entry.at || now >= entry.at + believedFor) {
      if (known.size >= mostBelieved) known.clear()
      entry = { found: findKey(sql, key.id), at: now }
      known.set(key.id, entry)
      entry.found.catch(() => known.delete(key.id))
    }
    const found = await entry.found
    return found !== undefined && sameHash(found.hash, key.hash) ? found.applicationId : undefined
  }
}

/**
 * Makes a key for the application of this name, which comes to be with its first key. The text is shown this once:
 * only a hash is stored.
 */
export async function createApiKey(
  database: Database,
  application: string,
  name: string,
  keep: (key: { id: string; text: string }) => void = () => {},
): Promise<{ id: string; text: string; applicationId: string }> {
  const key = newApiKey()
  keep(key)
  return database.transaction(async (sql) => {
    let applicationId = await findByName(sql, application)
    if (applicationId === undefined) {
      applicationId = newId()
      await insertApplication(sql, applicationId, application)
    }
    await insertKey(sql, { id: key.id, applicationId, name, hash: key.hash })
    return { id: key.id, text: key.text, applicationId }
  })
}

/** Every key that was ever made, without its secret, oldest first. */
export const listApiKeys = (sql: Sql): Promise<ApiKeyRow[]> => listKeys(sql)

/** Ends a key; every process refuses it within a second. @returns false where no living key has this id */
export const revokeApiKey = (sql: Sql, id: string): Promise<boolean> => revokeKey(sql, id)
