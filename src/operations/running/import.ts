import { runningSha256 } from '../../secrets/digest.ts'
import { type KeyringRecord, parseKeyringRecord } from '../../secrets/keyring.ts'
import { hasAnotherRing, placeRecord } from '../../secrets/keyring-file.ts'
import { isExported, type Loader, writeDump } from '../../storage/dump.ts'
import type { ExportHeader, ExportMark, Progress } from './export.ts'

/** Nothing was imported; the message says why, and what to do. It never repeats a row. */
export class ImportRefused extends Error {}

type Target = {
  connection: Parameters<typeof writeDump>[0]
  /** Where the ring goes, if the file has one. */
  keyringFile: string
}

/** Gives the file's lines from its beginning each time, without line feeds. */
type ReadLines = () => AsyncIterable<string>

const batch = 1000

/**
 * Reads an export that was inspected into an empty installation: all of it or nothing, the key ring too. It is read a
 * second time, so that a damaged one is refused before there is a database.
 *
 * @returns how many rows each table got
 * @throws ImportRefused
 */
export async function importLines(
  target: Target,
  { keyring, sha256 }: InspectedExport,
  readLines: ReadLines,
  onProgress: Progress,
): Promise<Record<string, number>> {
  if (keyring !== undefined && (await hasAnotherRing(target.keyringFile, keyring))) {
    throw new ImportRefused(
      `There is another key ring in ${target.keyringFile}. Move it away to use the one of the export. Nothing was imported.`,
    )
  }
  let rows: Record<string, number> = {}
  let takeRingAway = async () => {}
  try {
    await writeDump(target.connection, async (loader) => {
      const occupied = await loader.occupied()
      if (occupied !== undefined) {
        throw new ImportRefused(
          `There are rows in ${occupied} already. An export is only read into an empty installation: choose another DATA_DIR or database.`,
        )
      }
      rows = await load(loader, readLines(), sha256, onProgress)
      if (keyring !== undefined) takeRingAway = await placeRecord(target.keyringFile, keyring)
    })
  } catch (fault) {
    await takeRingAway()
    throw fault
  }
  return rows
}

export type InspectedExport = { keyring: KeyringRecord | undefined; sha256: string }

/**
 * Goes through the whole file: is it one of ours, complete, as it was written, and of a schema that we know?
 *
 * @param schema the newest migration that this release has
 * @throws ImportRefused
 */
export async function inspectExport(schema: string, lines: AsyncIterable<string>): Promise<InspectedExport> {
  const digest = runningSha256()
  const rows: Record<string, number> = {}
  let keyring: KeyringRecord | undefined
  let table: string | undefined
  let header: ExportHeader | undefined
  let end: Extract<ExportMark, ['end', unknown]>[1] | undefined

  for await (const line of lines) {
    if (end !== undefined) throw damaged('something follows its end')
    if (header === undefined) header = headerOf(line, schema)
    else {
      const mark = markOf(line)
      if (mark?.[0] === 'end') {
        end = mark[1]
        continue
      }
      if (mark === undefined) {
        if (table === undefined) throw damaged('a row belongs to no table')
        rows[table] = (rows[table] ?? 0) + 1
      } else if (mark[0] === 'table') table = tableOf(mark, rows)
      else keyring = keyringIn(mark[1])
    }
    digest.add(`${line}\n`)
  }
  if (header === undefined) throw notOurs()
  if (end === undefined) throw damaged('its end is missing')
  const sha256 = digest.hex()
  if (end.sha256 !== sha256) throw damaged("its checksum doesn't match")
  if (JSON.stringify(end.rows) !== JSON.stringify(rows)) throw damaged('its rows are not those it counts')
  return { keyring, sha256 }
}

function keyringIn(value: unknown): KeyringRecord {
  const record = parseKeyringRecord(value)
  if (record === undefined) throw damaged('its key ring has no key that could be used')
  return record
}

function headerOf(line: string, schema: string): ExportHeader {
  const header = objectOf(line) as Partial<ExportHeader> | undefined
  if (header?.format !== 'countersign-export') throw notOurs()
  if (header.version !== 1 || typeof header.schema !== 'string' || header.schema > schema) {
    throw new ImportRefused(
      `The file was exported by a newer release (schema ${header.schema}; this one has ${schema}). Update this one first.`,
    )
  }
  return header as ExportHeader
}

function tableOf(
  [, table, columns]: Extract<ExportMark, ['table', ...unknown[]]>,
  rows: Record<string, number>,
) {
  if (!isExported(table, columns) || table in rows) {
    throw damaged(`it has a table ${table} that this release doesn't know so`)
  }
  rows[table] = 0
  return table
}

function markOf(line: string): ExportMark | undefined {
  if (line.startsWith('{')) return undefined
  const mark = objectOf(line)
  if (!Array.isArray(mark) || !['keyring', 'table', 'end'].includes(mark[0]))
    throw damaged('a line is no part of one')
  return mark as ExportMark
}

function objectOf(line: string): object | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

async function load(
  loader: Loader,
  lines: AsyncIterable<string>,
  sha256: string,
  onProgress: Progress,
): Promise<Record<string, number>> {
  const digest = runningSha256()
  const rows: Record<string, number> = {}
  let table = ''
  let columns: readonly string[] = []
  let waiting: string[] = []
  const flush = async () => {
    if (waiting.length === 0) return
    const before = rows[table] ?? 0
    const outcome = await loader.load(table, columns, waiting)
    if (outcome !== 'loaded') {
      throw new ImportRefused(
        `A row of ${table} (one of ${before + 1} to ${before + waiting.length}) doesn't fit the tables of this release (SQLSTATE ${outcome.sqlState}). Nothing was imported.`,
      )
    }
    rows[table] = (rows[table] ?? 0) + waiting.length
    waiting = []
    onProgress(table, rows[table] ?? 0)
  }

  let first = true
  for await (const line of lines) {
    const mark = first ? undefined : markOf(line)
    if (mark?.[0] !== 'end') digest.add(`${line}\n`)
    if (mark?.[0] === 'table') {
      await flush()
      ;[, table, columns] = mark
      rows[table] = 0
    } else if (mark === undefined && !first) {
      waiting.push(line)
      if (waiting.length === batch) await flush()
    }
    first = false
  }
  await flush()
  if (digest.hex() !== sha256) throw damaged('it changed while it was read')
  return rows
}

const damaged = (how: string) =>
  new ImportRefused(`The file is damaged: ${how}. Nothing was imported; export again.`)

const notOurs = () => new ImportRefused('The file is no export of Countersign. Nothing was imported.')
