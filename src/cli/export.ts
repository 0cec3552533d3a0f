import { open, rename, unlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { exportLines } from '../operations/running/export.ts'
import { CommandRefused } from './fail.ts'
import { showProgress } from './progress.ts'
import { withDatabase } from './with-database.ts'

type Options = { out?: string; withKeyring?: true }

/** Writes all that the installation holds to a file that only its owner can read, or to standard output. */
export async function exportAll({ out, withKeyring }: Options): Promise<void> {
  if (withKeyring && out === undefined)
    throw new CommandRefused(
      "The key ring isn't written to standard output. Use --out FILE (created with mode 0600).",
    )
  await withDatabase(async ({ config, connection, schema }) => {
    const source = { connection, schema, keyringFile: withKeyring && config.keyringFile }
    const progress = showProgress('exported')
    const lines = exportLines(source, Date.now(), progress.note)
    if (out === undefined) await pipeline(lines, process.stdout, { end: false })
    else await writeWhole(resolve(out), lines)
    progress.end()
  })
}

/** The file bears its name only once it is whole and on disk; one that is there already is left alone. */
async function writeWhole(path: string, lines: AsyncIterable<string>): Promise<void> {
  const draft = `${path}.part`
  const taken = await open(path, 'r').catch(() => undefined)
  await taken?.close()
  if (taken !== undefined) throw new CommandRefused(`${path} is there already: choose another name.`)
  const file = await open(draft, 'wx', 0o600).catch((fault: NodeJS.ErrnoException) => {
    throw new CommandRefused(
      fault.code === 'EEXIST'
        ? `${draft} is there: another export is under way, or was broken off. If none is, remove it.`
        : `${draft} can't be written (${fault.code}).`,
    )
  })
  try {
    await file.writeFile(lines)
    await file.sync()
    await file.close()
    await rename(draft, path)
    const folder = await open(dirname(path), 'r')
    await folder.sync().finally(() => folder.close())
  } catch (fault) {
    await file.close().catch(() => undefined)
    await unlink(draft).catch(() => undefined)
    throw fault
  }
}
