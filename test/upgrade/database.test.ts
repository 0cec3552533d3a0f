import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days } from '../../src/core/time.ts'
import { emptyDatabase } from '../support/databases.ts'
import { cast, installationSql } from './fixture.ts'
import {
  command,
  folderWithKeyring,
  type Installed,
  openInstalled,
  removeFolder,
  restore,
} from './installed.ts'
import { whatIsHalfWay } from './what-is-half-way.ts'
import { followNotice, memberOf, typePassword, whatLasts } from './what-lasts.ts'

/** The service of today on a database of 89a1592, with times as if that had been left so long ago. */
async function openRestored(ago = 0) {
  const folder = folderWithKeyring()
  const database = await emptyDatabase()
  await restore(database.connection, installationSql(ago))
  const environment = { DATABASE_URL: database.url, DATA_DIR: folder }
  const installed = await openInstalled(environment)
  return {
    installed,
    environment,
    async close() {
      await installed.close()
      await database.drop()
      removeFolder(folder)
    },
  }
}

describe('on a database of 89a1592', () => {
  let restored: Awaited<ReturnType<typeof openRestored>>
  const installed = (): Installed => restored.installed
  beforeAll(async () => {
    restored = await openRestored()
  })
  afterAll(() => restored?.close())

  // First, since codes live for ten minutes.
  whatIsHalfWay(installed)
  whatLasts(installed)

  test('a link for an administrator is dead where there is one, and no other is made', async () => {
    expect(await installed().person().open(cast.unusedInvitation)).toMatchObject({
      status: 410,
      refusal: 'invitation_ended',
    })
    const { code, said } = await command(['admin', 'invite'], restored.environment)
    expect({ code, said }).toMatchObject({ code: 1, said: expect.stringContaining('administrator') })
  })
})

describe('on a database that 89a1592 left eight days ago', () => {
  let restored: Awaited<ReturnType<typeof openRestored>>
  beforeAll(async () => {
    restored = await openRestored(days(8))
  })
  afterAll(() => restored?.close())

  test('an undo that was announced then is done now, by the code to one contact', async () => {
    const { installed } = restored
    const { email, items } = memberOf('announced')
    const reader = await followNotice(installed, 'announced')
    await reader.submit({ item: items.email ?? '' })
    await reader.submit({ code: await installed.readCode(email) })
    await reader.press('decide')
    expect(reader.page.refusal).toBeUndefined()
    const owner = installed.person(memberOf('announced').browser)
    await typePassword(owner, memberOf('announced'))
    await owner.submit({ item: items.email ?? '' })
    await owner.submit({ code: await installed.readCode(email) })
    await owner.open(`${owner.page.path}/security/two-step`)
    expect(owner.page.text).toContain('/two-step/on')
  })

  test('what was under way then has ended, and says so', async () => {
    const { path, ...browser } = cast.flows['sign-in-code'] ?? { path: '', cookies: [], ip: '' }
    expect((await restored.installed.person(browser).open(path)).refusal).toBe('flow_ended')
    const { token, verifications, codes } = cast.api
    const late = await restored.installed.api(token, `/${verifications.pending}/attempts`, {
      code: codes.pending,
    })
    expect(late.body.code).toBe('code_expired')
  })
})
