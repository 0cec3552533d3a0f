import { afterAll, beforeAll, expect, test } from 'vitest'
import { seconds } from '../../src/core/time.ts'
import { livingSessions, makeAccount, signIn } from '../support/accounts.ts'
import { newPerson, type Person } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

/**
 * Mail programs open every link of a message before its reader does, run what is on the page, and press its buttons
 * (S15). Whatever they do, nothing happens by it, and the link works for its reader.
 */
let world: World
beforeAll(async () => {
  world = await openWorld({ hurried: true })
})
afterAll(() => world.close())

const rounds = 50

/** As a scanner does it: HEAD, GET three times, then every form on the page as it stands. */
async function scan(path: string): Promise<Person> {
  const scanner = newPerson(world)
  await scanner.request(path, { method: 'HEAD' })
  for (let times = 0; times < 3; times += 1) await scanner.open(path)
  for (const { action, fields } of scanner.page.forms) await scanner.request(action, { fields })
  for (const name of scanner.cookies.keys()) expect(name).not.toContain('account-')
  expect(await scanner.isSignedIn()).toBe(false)
  return scanner
}

test('S15: every link of our messages, scanned up to a minute before its reader comes, works for the reader: 50 of 50', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const account = await makeAccount(world, `scanned${round}@example.org`)
    const person = newPerson(world)
    // A contact has a say in what came after it.
    await world.advance(seconds(1))
    await signIn(person, account.email)
    await person.submit({ item: account.itemId })
    // The code's mail: its link says "I didn't ask for this", and its code is still good after.
    const mail = (await world.inbox(account.email)).at(-1)
    const report = /\/report\/[\w-]+/.exec(mail?.text ?? '')?.[0] ?? ''
    await scan(report)
    await person.submit({ code: mail?.code ?? '' })
    expect(await person.isSignedIn()).toBe(true)
    // The notice of that sign-in: its link holds the account still, once the reference is typed.
    const notice = (await world.inbox(account.email)).at(-1)
    const change = /\/changes\/[\w-]{43}/.exec(notice?.text ?? '')?.[0] ?? ''
    await scan(change)
    await world.advance(seconds(round + 10))
    expect(await livingSessions(world, account.id)).toBe(1)
    const [before] = await world.sql<{
      state: string
    }>`select state from change where account_id = ${account.id}`
    expect(before?.state).toBe('standing')
    const reader = newPerson(world)
    await reader.open(change)
    await reader.submit({ reference: notice?.reference ?? '' })
    expect(reader.page).toMatchObject({ status: 200, refusal: undefined })
    const [after] = await world.sql<{
      state: string
    }>`select state from change where account_id = ${account.id}`
    expect(after?.state).toBe('frozen')
  }
}, 240_000)
