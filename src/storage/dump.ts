import pg from 'pg'
import { type Connection, connectClient } from './servers.ts'

/** What becomes of a table's rows when an installation moves to another database. */
export type TableMove =
  | {
      move: 'exported'
      /** A total order, so that the same content always gives the same file. */
      order: string
      columns: readonly string[]
      /** Columns that leave as something else, as SQL: what was alive there has ended here. */
      as?: Readonly<Record<string, string>>
      /** Rows that are worth nothing without the key ring, as SQL: they leave only beside it. */
      needsKeyring?: string
    }
  | { move: 'left behind'; because: string }
  /** By this SQL, from what was read in. */
  | { move: 'made anew'; by: string }

const stillLives = `(state = 'pending' and expires_at > now())`

/**
 * Every table of the schema. Those that are exported stand in the order in which they are read in, which foreign keys
 * ask for. A code that was under way is not moved: its verification is cancelled, what was still to be sent is
 * withdrawn, and neither the sealed code nor its hash leaves the database.
 */
export const tableMoves: Readonly<Record<string, TableMove>> = {
  application: { move: 'exported', order: 'id', columns: ['id', 'name', 'created_at'] },
  api_key: {
    move: 'exported',
    order: 'id',
    columns: ['id', 'application_id', 'name', 'hash', 'created_at', 'revoked_at'],
  },
  verification: {
    move: 'exported',
    order: 'subject, id',
    columns: [
      'subject',
      'id',
      'application_id',
      'state',
      'purpose',
      'channel',
      'destination',
      'destination_key',
      'locale',
      'reference',
      'message_reference',
      'request_hash',
      'code_length',
      'code_key',
      'code_mac',
      'sealed_code',
      'earlier_code_key',
      'earlier_code_mac',
      'earlier_expires_at',
      'attempts',
      'attempts_allowed',
      'sends',
      'created_at',
      'last_sent_at',
      'expires_at',
      'ended_at',
    ],
    as: {
      state: `case when ${stillLives} then 'cancelled' else state end`,
      ended_at: `case when ${stillLives} then now() else ended_at end`,
      code_key: `''`,
      code_mac: `decode(repeat('00', 32), 'hex')`,
      sealed_code: 'null::bytea',
      earlier_code_key: 'null::text',
      earlier_code_mac: 'null::bytea',
      earlier_expires_at: 'null::timestamptz',
    },
  },
  message: {
    move: 'exported',
    order: 'subject, id',
    columns: [
      'subject',
      'id',
      'verification_id',
      'kind',
      'channel',
      'state',
      'created_at',
      'due_at',
      'leased_until',
      'attempts',
      'copies',
      'domain',
    ],
    as: {
      state: `case when state = 'queued' then 'withdrawn' else state end`,
      leased_until: 'null::timestamptz',
    },
  },
  delivery_event: {
    move: 'exported',
    order: 'subject, id',
    columns: ['subject', 'id', 'message_id', 'at', 'kind', 'provider', 'by', 'cause', 'status', 'response'],
  },
  activity: {
    move: 'exported',
    order: 'subject, id',
    columns: ['subject', 'id', 'at', 'kind', 'application_id', 'verification_id', 'detail'],
  },
  account: {
    move: 'exported',
    order: 'id',
    columns: [
      'id',
      'locale',
      'role',
      'password_hash',
      'password_set_at',
      'created_at',
      'two_step_at',
      'sessions_ended_at',
      'password_stands_alone',
    ],
  },
  username: { move: 'exported', order: 'lookup', columns: ['lookup', 'account_id'] },
  account_username: {
    move: 'exported',
    order: 'account_id, name',
    columns: ['account_id', 'name', 'kind', 'added_at'],
  },
  security_info: {
    move: 'exported',
    order: 'account_id, id',
    columns: [
      'account_id',
      'id',
      'kind',
      'address',
      'added_at',
      'proven_at',
      'last_used_at',
      'name',
      'sealed_seed',
      'last_step',
      'credential_id',
      'public_key',
      'sign_count',
      'transports',
      'backup_eligible',
      'backed_up',
      'code_hash',
      'frozen_until',
    ],
    needsKeyring: `kind = 'totp'`,
  },
  removed_item: {
    move: 'exported',
    order: 'account_id, id',
    columns: ['account_id', 'id', 'removed_at', 'item'],
    needsKeyring: `item->>'kind' = 'totp'`,
  },
  change: {
    move: 'exported',
    order: 'account_id, id',
    columns: [
      'account_id',
      'id',
      'kind',
      'at',
      'session_id',
      'state',
      'state_at',
      'detail',
      'password_before',
      'undo_asked_at',
      'undo_rounds',
      'silenced',
      'senior_item_at',
    ],
  },
  notice: {
    move: 'exported',
    order: 'account_id, id',
    columns: [
      'account_id',
      'id',
      'kind',
      'change_id',
      'item_id',
      'destination',
      'locale',
      'reference',
      'detail',
      'created_at',
      'expires_at',
    ],
  },
  // Also for files of releases that had no such table.
  contact: {
    move: 'made anew',
    by: `insert into contact (lookup, account_ids)
      select sha256(convert_to('contact ' || address, 'UTF8')), array_agg(account_id order by account_id)
      from security_info where address is not null group by address`,
  },
  phone_prefix: { move: 'exported', order: 'prefix', columns: ['prefix', 'sends', 'used', 'filled_at'] },
  phone_spend: { move: 'exported', order: 'day', columns: ['day', 'amount'] },
  rate_limit: { move: 'left behind', because: 'limits begin anew, under the key ring of the other side' },
  reported_source: { move: 'left behind', because: 'it lasts a day, under the key ring of this side' },
  inbox_message: { move: 'left behind', because: 'the built-in inbox is for development' },
  known_browser: { move: 'left behind', because: 'trust in a browser ends with a move' },
  session: { move: 'left behind', because: 'sessions end with a move' },
  flow: { move: 'left behind', because: 'a sign-in that was under way begins again' },
  invitation: { move: 'left behind', because: 'a link works for an hour' },
  guessing: { move: 'left behind', because: 'it is about limits, which begin anew' },
  migration: { move: 'left behind', because: 'the other side brings its own schema' },
}

type Exported = Extract<TableMove, { move: 'exported' }>

const exportedTables = Object.entries(tableMoves).flatMap(([name, table]): [string, Exported][] =>
  table.move === 'exported' ? [[name, table]] : [],
)

/** Enough for the work of one round trip to outweigh it, little enough to hold in memory. */
const batch = 1000

export type DumpPart =
  | { table: string; columns: readonly string[] }
  /** Each row as one line of JSON. */
  | { rows: string[] }

/**
 * Reads every exported table as it was at one moment, while the service goes on working. Rows come a batch at a time,
 * so that memory does not grow with the installation.
 */
export async function* readDump(connection: Connection, withKeyring: boolean): AsyncGenerator<DumpPart> {
  const client = await connectClient(connection)
  try {
    await client.query('begin isolation level repeatable read read only')
    await withoutTimeLimits(client)
    for (const [name, table] of exportedTables) {
      yield { table: name, columns: table.columns }
      const values = table.columns.map(
        (column) => `${table.as?.[column] ?? quoted(column)} as ${quoted(column)}`,
      )
      const leaves = withKeyring ? 'true' : `not (${table.needsKeyring ?? 'false'})`
      await client.query(`declare dump no scroll cursor for
        select row_to_json(r)::text as line from (select ${values.join(', ')} from ${quoted(name)} where ${leaves} order by ${ordered(table.order)}) r`)
      for (;;) {
        const { rows } = await client.query<{ line: string }>(`fetch ${batch} from dump`)
        if (rows.length > 0) yield { rows: rows.map((row) => row.line) }
        if (rows.length < batch) break
      }
      await client.query('close dump')
    }
    await client.query('commit')
  } finally {
    await client.end()
  }
}

export type Loader = {
  /** The first exported table that holds a row. */
  occupied(): Promise<string | undefined>
  load(table: string, columns: readonly string[], lines: readonly string[]): Promise<void>
}

/** Writes a dump in one transaction: all of it or, whatever happens, nothing. Other writers wait for its end. */
export async function writeDump(
  connection: Connection,
  work: (loader: Loader) => Promise<void>,
): Promise<void> {
  const client = await connectClient(connection)
  try {
    await client.query('begin')
    await withoutTimeLimits(client)
    for (const [name] of exportedTables)
      await client.query(`lock table ${quoted(name)} in share row exclusive mode`)
    await work({
      async occupied() {
        for (const [name] of exportedTables) {
          const { rowCount } = await client.query(`select 1 from ${quoted(name)} limit 1`)
          if (rowCount === 1) return name
        }
        return undefined
      },
      async load(table, columns, lines) {
        const names = columns.map(quoted).join(', ')
        await client.query(
          `insert into ${quoted(table)} (${names})
           select ${names} from json_populate_recordset(null::${quoted(table)}, $1::json)`,
          [`[${lines.join(',')}]`],
        )
      },
    })
    for (const table of Object.values(tableMoves)) {
      if (table.move === 'made anew') await client.query(table.by)
    }
    await client.query('commit')
  } finally {
    // Without a commit, leaving is the rollback.
    await client.end()
  }
}

/** Whether this release knows a table, and columns of it, as exported. */
export function isExported(table: string, columns: readonly string[]): boolean {
  const known = tableMoves[table]
  return known?.move === 'exported' && columns.every((column) => known.columns.includes(column))
}

/** The bounds that the role sets are for requests; and times and bytes must read the same wherever this runs. */
async function withoutTimeLimits(client: pg.Client): Promise<void> {
  await client.query('set local statement_timeout = 0')
  await client.query('set local idle_in_transaction_session_timeout = 0')
  await client.query(`set local timezone = 'UTC'`)
  await client.query(`set local bytea_output = 'hex'`)
}

const quoted = (name: string): string => pg.escapeIdentifier(name)

const ordered = (order: string): string => order.split(', ').map(quoted).join(', ')
