import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openEmbeddedPostgres } from '../../src/embedded/embedded-postgres.ts'
import { cast, installationSql } from './fixture.ts'
import {
  appCode,
  folderWithKeyring,
  type Installed,
  openInstalled,
  removeFolder,
  restore,
} from './installed.ts'
import { followNotice, memberOf, readEveryPage, signInByMail, typePassword } from './what-lasts.ts'

/** There is no administrator yet, so that the link that was made minutes before still makes one. */
const withoutAdministrator = `
  update public.account set role = 'member';
  update public.invitation set used_at = null where expires_at > now()`

/** DATA_DIR as 89a1592 leaves it: its PostgreSQL in `postgres`, the key ring, and what the first start wrote down. */
async function leaveFolder(): Promise<string> {
  const folder = folderWithKeyring()
  const log = { info() {}, warn: console.warn, error: console.error }
  const server = await openEmbeddedPostgres({ dataDir: folder, log })
  await restore(server.connection, installationSql())
  await restore(server.connection, withoutAdministrator)
  await server.stop()
  const note = { api_key: cast.api.token, url: 'http://localhost:3000', inbox: 'http://localhost:3000/inbox' }
  writeFileSync(join(folder, 'first-run.json'), JSON.stringify(note), { mode: 0o600 })
  return folder
}

describe('on a data folder of 89a1592', () => {
  let folder: string
  let installed: Installed
  beforeAll(async () => {
    folder = await leaveFolder()
    // If the bundled PostgreSQL is kept otherwise by now, this folder has to be made as it was then.
    expect(existsSync(join(folder, 'postgres/PG_VERSION'))).toBe(true)
    installed = await openInstalled({ DATA_DIR: folder })
  })
  afterAll(async () => {
    await installed?.close()
    removeFolder(folder)
  })

  test('somebody signed in stays so, and another sign-in goes on where it was', async () => {
    const { home, browser } = memberOf('plain')
    const person = installed.person(browser)
    expect((await person.open(home)).path).toBe(home)
    const flow = cast.flows['sign-in-code']!
    const waiting = installed.person(flow)
    await waiting.open(flow.path)
    expect((await waiting.submit({ code: flow.code ?? '' })).path).toMatch(/^\/account\//)
  })

  test('an account signs in by mail and by its app, and reads all its pages', async () => {
    const person = await signInByMail(installed, memberOf('everything'))
    expect((await readEveryPage(person)).length).toBeGreaterThan(8)
    const member = memberOf('with-app')
    const other = installed.person()
    await typePassword(other, member)
    await other.submit({ item: member.items.totp ?? '' })
    expect((await other.submit({ code: appCode(member.seed ?? '') })).path).toMatch(/^\/account\//)
  })

  test('a change is frozen by the reference in its notice', async () => {
    const reader = await followNotice(installed, 'standing')
    expect(reader.page.path).toMatch(/^\/undo\//)
  })

  test('a code of an application is checked, and one that was still to be sent is sent', async () => {
    const { token, verifications, codes } = cast.api
    const check = (name: string, code = '') =>
      installed.api(token, `/${verifications[name]}/attempts`, { code })
    expect((await check('pending', codes.pending)).status).toBe(200)
    expect((await check('queued', await installed.readCode('queued@example.net'))).status).toBe(200)
  })

  test('the link that makes the first administrator works', async () => {
    const person = await signInByMail(installed, memberOf('two-mails'))
    await person.open(cast.unusedInvitation)
    const { action, fields } = person.form('handle')
    const accepted = await person.follow(await person.request(action, { fields }), action)
    expect(accepted).toMatchObject({ status: 200, refusal: undefined })
    const again = await installed.person().open(cast.unusedInvitation)
    expect(again).toMatchObject({ status: 410, refusal: 'invitation_ended' })
  })

  test('the file of the first start keeps its key, and tells where the service is now', () => {
    const note = JSON.parse(readFileSync(join(folder, 'first-run.json'), 'utf8'))
    expect(note).toMatchObject({ api_key: cast.api.token, url: installed.url })
    expect(readdirSync(folder)).toContain('keyring')
  })
})
