import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'

/** A byte string that must be found nowhere, and what it is. */
export type Canary = { what: string; bytes: Buffer; digits?: true; alone?: true }

/** Each place is a name and what is there. @returns where which canary was found */
export function sightings(
  places: readonly (readonly [string, Buffer])[],
  canaries: readonly Canary[],
): string[] {
  return places.flatMap(([place, content]) =>
    canaries.filter((canary) => holds(content, canary)).map((canary) => `${canary.what} in ${place}`),
  )
}

/**
 * Digits count only where they stand alone: within a longer number they are somebody else's. Six of them come up by
 * chance in an id or in the fraction of a second, so those must have no letter, point or hyphen beside them either.
 */
function holds(content: Buffer, { bytes, digits, alone: isShort }: Canary): boolean {
  for (let at = content.indexOf(bytes); at >= 0; at = content.indexOf(bytes, at + 1)) {
    const [before, after] = [content[at - 1] ?? 0, content[at + bytes.length] ?? 0]
    if (isShort && [before, after].some((byte) => /[\w.-]/.test(String.fromCharCode(byte)))) continue
    if (!digits || !(isDigit(before) || isDigit(after))) return true
  }
  return false
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

/** The ways in which a secret might have been written down. */
export const written = (what: string, secret: Buffer): Canary[] => [
  { what: `${what}, raw`, bytes: secret },
  { what: `${what}, hex`, bytes: Buffer.from(secret.toString('hex')) },
  { what: `${what}, base64`, bytes: Buffer.from(secret.toString('base64').replace(/=+$/, '')) },
  { what: `${what}, base64url`, bytes: Buffer.from(secret.toString('base64url')) },
]

export const text = (what: string, value: string): Canary => ({ what, bytes: Buffer.from(value) })

/** A code of six digits or more, which may stand anywhere by itself. */
export const alone = (what: string, code: string): Canary => ({ what, bytes: Buffer.from(code), alone: true })

/** Every file beneath: data, write-ahead log and whatever else the server keeps. */
export function filesOf(folder: string): (readonly [string, Buffer])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .map((file) => [file, readFileSync(file)] as const)
}

/** Each column of each table as text, bytes as hex and as themselves. */
export async function columnsOf(connection: pg.ClientConfig): Promise<(readonly [string, Buffer])[]> {
  const client = new pg.Client(connection)
  await client.connect()
  const { rows } = await client.query<{ table: string; column: string; type: string }>(`
    select c.relname as table, a.attname as column, a.atttypid::regtype::text as type
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`)
  const columns: (readonly [string, Buffer])[] = []
  for (const { table, column, type } of rows) {
    const values = await client.query<{ v: string | Buffer }>(
      `select ${pg.escapeIdentifier(column)}${type === 'bytea' ? '' : '::text'} as v from ${pg.escapeIdentifier(table)}`,
    )
    const parts = values.rows.flatMap(({ v }) =>
      v === null ? [] : Buffer.isBuffer(v) ? [v] : [Buffer.from(v)],
    )
    columns.push([`${table}.${column}`, Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]))])
  }
  await client.end()
  return columns
}
