import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyDatabase, type TestDatabase } from '../support/databases.ts'
import { cast, exportFile } from './fixture.ts'
import { command, type Installed, openInstalled, removeFolder } from './installed.ts'
import { memberOf, whatLasts } from './what-lasts.ts'

describe('with an export of 89a1592', () => {
  let folder: string
  let database: TestDatabase
  let installed: Installed
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-upgrade-'))
    database = await emptyDatabase()
    const environment = { DATABASE_URL: database.url, DATA_DIR: join(folder, 'data') }
    writeFileSync(join(folder, 'export'), exportFile())
    expect(await command(['import', join(folder, 'export')], environment)).toMatchObject({ code: 0 })
    installed = await openInstalled(environment)
  })
  afterAll(async () => {
    await installed?.close()
    await database?.drop()
    removeFolder(folder)
  })

  whatLasts(() => installed)

  test('sessions, flows and pending codes have ended with the move', async () => {
    const { home, browser } = memberOf('plain')
    expect((await installed.person(browser).open(home)).path).toMatch(/^\/signin/)
    const flow = cast.flows['sign-in-code']!
    expect((await installed.person(flow).open(flow.path)).refusal).toBe('flow_ended')
    const { token, verifications, codes } = cast.api
    const late = await installed.api(token, `/${verifications.pending}/attempts`, { code: codes.pending })
    expect(late.body.code).toBe('verification_cancelled')
  })
})
