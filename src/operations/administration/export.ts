import type { Instant } from '../../core/time.ts'
import { runningSha256 } from '../../secrets/digest.ts'
import type { KeyringRecord } from '../../secrets/keyring.ts'
import { readRecord } from '../../secrets/keyring-file.ts'
import { readDump } from '../../storage/dump.ts'

/**
 * An export is lines of JSON: a header, the key ring where it was asked for, for each table its name and columns and
 * then its rows, and an end that counts the rows and has the SHA-256 of every line before it.
 */
export type ExportHeader = {
  format: 'countersign-export'
  version: 1
  /** The newest migration that the schema had. */
  schema: string
  exported_at: string
}

/** What is not a row is an array, so that no column's name can be mistaken for it. */
export type ExportMark =
  | ['keyring', KeyringRecord]
  | ['table', string, readonly string[]]
  | ['end', { rows: Record<string, number>; sha256: string }]

export type Progress = (table: string, rows: number) => void

type Requester = {
  connection: Parameters<typeof readDump>[0]
  schema: string
  /** Only where it was asked for: whoever has the ring can forge what it guards. */
  keyringFile: string | undefined
}

/** The lines of an export, each with its line feed. The service may go on working: all rows are of one moment. */
export async function* exportLines(
  requester: Requester,
  now: Instant,
  onProgress: Progress,
): AsyncGenerator<string> {
  const digest = runningSha256()
  const written = (value: ExportHeader | ExportMark): string => line(JSON.stringify(value))
  const line = (text: string): string => {
    digest.add(`${text}\n`)
    return `${text}\n`
  }

  const exportedAt = new Date(now).toISOString()
  yield written({
    format: 'countersign-export',
    version: 1,
    schema: requester.schema,
    exported_at: exportedAt,
  })
  if (requester.keyringFile !== undefined) yield written(['keyring', await readRecord(requester.keyringFile)])

  const rows: Record<string, number> = {}
  let table = ''
  for await (const part of readDump(requester.connection, requester.keyringFile !== undefined)) {
    if ('table' in part) {
      table = part.table
      rows[table] = 0
      yield written(['table', table, part.columns])
    } else {
      yield part.rows.map(line).join('')
      rows[table] = (rows[table] ?? 0) + part.rows.length
    }
    onProgress(table, rows[table] ?? 0)
  }
  yield written(['end', { rows, sha256: digest.hex() }])
}
