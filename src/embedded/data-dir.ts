import { chmodSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { EmbeddedError } from './embedded-error.ts'

const ours = ['postgres', 'lock', 'keyring']

/**
 * Makes the folder (mode 0700), or closes an existing one to others. A folder that holds other things is left
 * as it is: closing somebody's /tmp or /srv would break what else lives there.
 *
 * @returns its real path, so that two names of one folder are one folder
 */
export function prepareDataDir(dataDir: string): string {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const path = realpathSync(dataDir)
    if ((statSync(path).mode & 0o777) === 0o700) return path
    const entries = readdirSync(path)
    if (entries.length > 0 && !entries.some((name) => ours.includes(name))) {
      throw new EmbeddedError(
        `DATA_DIR (${path}) is open to other users and holds things that are not Countersign's.`,
        'Set DATA_DIR to a folder of its own; it is made where it does not exist.',
      )
    }
    chmodSync(path, 0o700)
    return path
  } catch (error) {
    if (error instanceof EmbeddedError) throw error
    throw new EmbeddedError(
      `The folder ${dataDir} can't be used (${(error as NodeJS.ErrnoException).code}).`,
      'Set DATA_DIR to a folder that this user may write to.',
    )
  }
}
