import { runningSha256 } from '../../secrets/digest.ts'
import type { KeyringRecord } from '../../secrets/keyring.ts'
import { placeRecord } from '../../secrets/keyring-file.ts'
import { isExported, type Loader, writeDump } from '../../storage/dump.ts'
import type { ExportHeader, ExportMark, Progress } from './export.ts'

/** Nothing was imported; the message says why, and what to do. */
export class ImportRefused extends Error {}

type Target = {
  connection: Parameters<typeof writeDump>[0]
  /** The newest migration that this release has. */
  schema: string
  /** Where the ring goes, if the file has one. */
  keyringFile: string
}

const batch = 1000

/**
 * Reads an export into an empty installation: all of it or nothing. The file is read twice, so that a damaged one is
 * refused before the database is touched.
 *
 * @param readLines gives the file's lines from its beginning each time, without line feeds
 * @returns how many rows each table got
 * @throws ImportRefused
 */
export async function importLines(
  target: Target,
  readLines: () => AsyncIterable<string>,
  onProgress: Progress,
): Promise<Record<string, number>> {
  const { keyring, sha256 } = await inspect(target, readLines())
  let rows: Record<string, number> = {}
  await writeDump(target.connection, async (loader) => {
    const occupied = await loader.occupied()
    if (occupied !== undefined) {
      throw new ImportRefused(
        `There are rows in ${occupied} already. An export is only read into an empty installation: choose another DATA_DIR or database.`,
      )
    }
    if (keyring !== undefined) await takeKeyring(target.keyringFile, keyring)
    rows = await load(loader, readLines(), sha256, onProgress)
  })
  return rows
}

async function takeKeyring(file: string, record: KeyringRecord): Promise<void> {
  if ((await placeRecord(file, record)) === 'in place') return
  throw new ImportRefused(
    `There is another key ring in ${file}. Move it away to use the one of the export. Nothing was imported.`,
  )
}

type Inspected = { keyring: KeyringRecord | undefined; sha256: string }

/** Goes through the whole file: is it one of ours, complete, as it was written, and of a schema that we know? */
async function inspect({ schema }: Target, lines: AsyncIterable<string>): Promise<Inspected> {
  const digest = runningSha256()
  const rows: Record<string, number> = {}
  let keyring: KeyringRecord | undefined
  let table: string | undefined
  let header: ExportHeader | undefined
  let end: Extract<ExportMark, ['end', unknown]>[1] | undefined

  for await (const line of lines) {
    if (end !== undefined) throw damaged('there is more after its end')
    if (header === undefined) header = headerOf(line, schema)
    else {
      const mark = markOf(line)
      if (mark?.[0] === 'end') {
        end = mark[1]
        continue
      }
      if (mark === undefined) {
        if (table === undefined) throw damaged('a row stands before the first table')
        rows[table] = (rows[table] ?? 0) + 1
      } else if (mark[0] === 'table') table = tableOf(mark, rows)
      else keyring = mark[1]
    }
    digest.add(`${line}\n`)
  }
  if (header === undefined) throw notOurs()
  if (end === undefined) throw damaged('its end is missing')
  const sha256 = digest.hex()
  if (end.sha256 !== sha256) throw damaged("its checksum doesn't match")
  if (JSON.stringify(end.rows) !== JSON.stringify(rows)) throw damaged("the number of its rows doesn't match")
  return { keyring, sha256 }
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
    throw damaged(`the table ${table} isn't expected there`)
  }
  rows[table] = 0
  return table
}

function markOf(line: string): ExportMark | undefined {
  if (line.startsWith('{')) return undefined
  const mark = objectOf(line)
  if (!Array.isArray(mark) || !['keyring', 'table', 'end'].includes(mark[0]))
    throw damaged('a line is not part of an export')
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
    await loader.load(table, columns, waiting)
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
  new ImportRefused(`The file is damaged or cut short: ${how}. Nothing was imported. Export again.`)

const notOurs = () => new ImportRefused('The file is not an export of Countersign. Nothing was imported.')
