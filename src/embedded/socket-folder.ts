import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PostgresUser } from './postgres-user.ts'

/** PostgreSQL names its socket after a TCP port, though it listens on none. */
export const port = 5432

/** sockaddr_un holds 107 bytes on Linux, 103 on macOS. */
const pathLimit = process.platform === 'darwin' ? 103 : 107

export type SocketFolder = { path: string; remove(): void }

/** The private (0700) folder of the socket: in DATA_DIR, or in the system's temporary folder where that path is too long. */
export function makeSocketFolder(dataDir: string, user: PostgresUser): SocketFolder {
  const inside = join(dataDir, 'socket')
  const fits = Buffer.byteLength(join(inside, `.s.PGSQL.${port}`)) <= pathLimit
  // What a killed server left in it could be taken for a living one's.
  rmSync(inside, { recursive: true, force: true })
  const path = fits ? inside : mkdtempSync(join(tmpdir(), 'countersign-'))
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (user.owner) chownSync(path, user.owner.uid, user.owner.gid)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
