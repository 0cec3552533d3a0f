import { createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readConfig } from '../config.ts'
import { ImportRefused, importLines, inspectExport } from '../operations/running/import.ts'
import { isServing, newestSchema } from '../store.ts'
import { CommandRefused } from './fail.ts'
import { showProgress } from './progress.ts'
import { withDatabase } from './with-database.ts'

/** Reads an export into an empty installation whose service is not running. */
export async function importAll(file: string): Promise<void> {
  const path = resolve(file)
  await access(path).catch((fault: NodeJS.ErrnoException) => {
    throw new CommandRefused(`${path} can't be read (${fault.code}).`)
  })
  const config = readConfig()
  if (await isServing(config))
    throw new CommandRefused(`The service is running on ${config.DATA_DIR}. Stop it first.`)

  // Before a database comes to be: a file that is refused leaves nothing.
  const inspected = await orSentence(inspectExport(await newestSchema(), linesOf(path)))
  await withDatabase(async ({ connection }) => {
    const progress = showProgress('imported')
    const target = { connection, keyringFile: config.keyringFile }
    await orSentence(importLines(target, inspected, () => linesOf(path), progress.note))
    progress.end()
    console.error('Codes that were under way when it was exported are cancelled: ask for new ones.')
  })
}

const orSentence = <Value>(work: Promise<Value>): Promise<Value> =>
  work.catch((fault) => {
    throw fault instanceof ImportRefused ? new CommandRefused(fault.message) : fault
  })

/** Lines end with a line feed and nothing else: readline would also end them where a text holds U+2028. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 256 * 1024 })) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
