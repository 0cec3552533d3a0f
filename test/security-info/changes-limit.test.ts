import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Change } from '../../src/core/changes/change.ts'
import { accept } from '../../src/core/refusal.ts'
import { days, minutes } from '../../src/core/time.ts'
import { inAccountTransaction } from '../../src/operations/changes/account-transaction.ts'
import { recordChange } from '../../src/operations/changes/record-change.ts'
import {
  knownPerson,
  type MadeAccount,
  makeAccount,
  password,
  sessionWithoutPage,
  signIn,
  signInByCode,
  stepUp,
} from '../support/accounts.ts'
import { inTurns, sourceOf } from '../support/flows.ts'
import { newPerson, wordsOf } from '../support/person.ts'
import { openWorld, policyForStories, type World, withLimits } from '../support/world.ts'

const perDay = policyForStories.changes.perDay
let world: World
let nth = 0

beforeAll(async () => {
  const open = { sends: [], failures: [] }
  world = await openWorld({
    hurried: true,
    policy: withLimits({ email: open, ip: open, network: open, browser: open }),
  })
})
afterAll(() => world.close())

const newAccount = (): Promise<MadeAccount> => {
  nth += 1
  return makeAccount(world, `owner${nth}@example.org`)
}

const change = async ({ id }: MadeAccount, kind: Exclude<Change['kind'], 'item_added' | 'item_removed'>) => {
  const changed = kind === 'password_changed' ? { kind, before: 'a hash' } : { kind }
  const made = await inAccountTransaction(world.deps, await sessionWithoutPage(world, id), async (sql) => {
    await recordChange(world.deps, sql, id, changed, sourceOf(Buffer.alloc(32)), world.now)
    return accept(null)
  })
  return made.ok ? 'made' : made.refusal
}

const rowsOf = async ({ id }: MadeAccount, table: 'change' | 'notice' | 'activity', kind: string) => {
  const found =
    table === 'activity'
      ? await world.sql`select 1 from activity where subject = ${id} and kind = ${kind}`
      : table === 'change'
        ? await world.sql`select 1 from change where account_id = ${id} and kind = ${kind}`
        : await world.sql`select 1 from notice where account_id = ${id} and kind = ${kind}`
  return found.length
}

test('of any number of changes of one kind at once an account takes thirty a day, and tells until when the next waits', async () => {
  const account = await newAccount()
  const at = world.now
  const made = await inTurns(2 * perDay, () => change(account, 'two_step_on'))
  expect(made.filter((one) => one === 'made')).toHaveLength(perDay)
  const refused = made.filter((one) => one !== 'made')
  expect(refused).toEqual(refused.map(() => ({ code: 'changes_limit', retryAt: at + days(1) })))
  expect(await rowsOf(account, 'change', 'two_step_on')).toBe(perDay)
  expect(await rowsOf(account, 'notice', 'two_step_on')).toBe(perDay)
  expect(await change(account, 'two_step_off')).toBe('made')
  await world.advance(days(1) - 1)
  expect(await change(account, 'two_step_on')).not.toBe('made')
  await world.advance(1)
  expect(await change(account, 'two_step_on')).toBe('made')
})

test('the page says so and changes nothing; a new password and undoing are left', async () => {
  const account = await newAccount()
  await world.advance(days(8))
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  const home = person.page.path
  await stepUp(world, person, `${home}/password`, account.email)
  for (let made = 0; made < perDay; made += 1) await change(account, 'recovery_code_made')
  await world.advance(minutes(1))
  await person.open(`${home}/security/recovery-code`)
  await person.submit({ make: person.form('make').fields.make ?? '' })
  expect(person.page).toMatchObject({ status: 429, refusal: 'changes_limit' })
  expect(wordsOf(person.page.text)).toContain('You can still undo changes')
  expect(
    await world.sql`select 1 from security_info where account_id = ${account.id} and kind = 'recovery_code'`,
  ).toEqual([])
  await person.open(`${home}/password`)
  await person.submit({ current: password, next: 'nine loud starlings on a wire' })
  expect(person.page.refusal).toBeUndefined()
  expect(await rowsOf(account, 'change', 'password_changed')).toBe(1)
})

test('new browsers beyond that number are let in and stand in the activity; no change and no notice is made of them', async () => {
  const account = await newAccount()
  for (let browsers = 0; browsers < perDay + 2; browsers += 1) {
    const person = newPerson(world)
    await signInByCode(world, person, account.email)
    expect(await person.isSignedIn()).toBe(true)
  }
  expect(await rowsOf(account, 'activity', 'signed_in')).toBe(perDay + 2)
  expect(await rowsOf(account, 'change', 'new_sign_in')).toBe(perDay)
  expect(await rowsOf(account, 'notice', 'new_sign_in')).toBe(perDay)
})

test('a recovery code that is used is taken beyond that number as well', async () => {
  const account = await newAccount()
  for (let used = 0; used < perDay + 2; used += 1) {
    expect(await change(account, 'recovery_code_used')).toBe('made')
  }
  expect(await rowsOf(account, 'activity', 'recovery_code_used')).toBe(perDay + 2)
  expect(await rowsOf(account, 'change', 'recovery_code_used')).toBe(perDay)
})

test('what is frozen and undone counts and waits for nothing', async () => {
  const account = await newAccount()
  await world.advance(days(8))
  for (let made = 0; made < perDay; made += 1) await change(account, 'two_step_off')
  const notice = (await world.inbox(account.email)).at(-1)
  const reader = newPerson(world)
  await reader.open(/\/changes\/[\w-]{43}/.exec(notice?.text ?? '')?.[0] ?? '')
  await reader.submit({ reference: notice?.reference ?? '' })
  expect(reader.page.refusal).toBeUndefined()
  expect(await rowsOf(account, 'activity', 'change_frozen')).toBe(1)
  expect(await rowsOf(account, 'change', 'change_frozen')).toBe(0)
})
