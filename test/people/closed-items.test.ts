import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SignIn } from '../../src/core/people/flow.ts'
import { days, minutes } from '../../src/core/time.ts'
import { keepHouse } from '../../src/operations/running/keep-house.ts'
import { itemKey } from '../../src/operations/signing-in/item-guesses.ts'
import { newId } from '../../src/secrets/random.ts'
import { readLogs } from '../../src/storage/limits.ts'
import { isKnownBrowser, rememberBrowser } from '../../src/storage/session.ts'
import { knownPerson, type MadeAccount, makeAccount, signIn } from '../support/accounts.ts'
import { act, codeOf, inTurns, putFlow, signInOf } from '../support/flows.ts'
import { type App, giveApp, giveRecoveryCode } from '../support/items.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, policyForStories, type World, withLimits, wrongCode } from '../support/world.ts'

let world: World
let nth = 0
/** Guesses at one moment are told apart by microseconds. */
const aDay = days(1) + 1
/** Sends are not what is counted here. */
const anySends = Object.fromEntries(
  (['email', 'ip', 'network', 'browser'] as const).map((kind) => [
    kind,
    { ...policyForStories.limits[kind], sends: [] },
  ]),
)

beforeAll(async () => {
  world = await openWorld({ policy: withLimits(anySends) })
})
afterAll(() => world.close())

async function owner(): Promise<{ account: MadeAccount; app: App }> {
  nth += 1
  const account = await makeAccount(world, `owner${String(nth).padStart(2, '0')}@example.org`)
  return { account, app: await giveApp(world, account) }
}

const refusalOf = (answered: Awaited<ReturnType<typeof act>>) =>
  answered.ok ? answered.value.refusal?.code : answered.refusal.code

/** Somebody with the password, on a browser that was never seen, types a code of the app. */
async function typesAppCode(account: MadeAccount, app: App, code = wrongCode(app.code(), 500)) {
  const state = signInOf(account, { step: 'totp', passwordAt: world.now, itemId: app.itemId })
  return refusalOf(await act(world, await putFlow(world, state), { act: 'totp', code }))
}

/** As many wrong codes as a day lets through, day after day, until the app is closed. */
async function closeApp(account: MadeAccount, app: App): Promise<(string | undefined)[]> {
  const refusals: (string | undefined)[] = []
  for (let day = 0; day < 5; day += 1) {
    for (let guess = 0; guess < 20; guess += 1) refusals.push(await typesAppCode(account, app))
    await world.advance(aDay)
  }
  return refusals
}

/** A flow past the password, or guarded before it, that waits for a code to the contact. */
async function codeFlow(account: Pick<MadeAccount, 'email'> & Partial<MadeAccount>, past: boolean) {
  const state: Partial<SignIn> = past
    ? { step: 'choose', passwordAt: world.now }
    : { step: 'choose', guarded: true, accountId: account.id }
  const flow = await putFlow(world, { ...signInOf({ id: '', itemId: '', ...account }), ...state })
  const [item] = past ? [account.itemId] : [await onlyItem(account)]
  await act(world, flow, { act: 'choose', item: item ?? '' })
  if (!past) await act(world, flow, { act: 'confirm', address: account.email })
  return flow
}

/** The one choice that a name shows before its password. */
async function onlyItem(account: Pick<MadeAccount, 'email'> & Partial<MadeAccount>): Promise<string> {
  const { itemsForSignIn } = await import('../../src/operations/signing-in/item-choices.ts')
  const state = { ...signInOf({ id: '', itemId: '', ...account }), accountId: account.id }
  return (await itemsForSignIn(world.deps, state))[0]?.id ?? ''
}

/** Signs in on a new browser, by a code to the account's address. */
async function signInByMail({ itemId, email }: MadeAccount): Promise<void> {
  const person = newPerson(world)
  await signIn(person, email)
  await person.submit({ item: itemId })
  await person.submit({ code: await world.readCode(email) })
  expect(await person.isSignedIn()).toBe(true)
}

const noticesTo = async (email: string, title: string) =>
  (await world.inbox(email)).filter(({ subject }) => subject?.includes(title))
const guessedTitle = 'Somebody has your password'
const closedTitle = 'No more codes from new browsers'

describe('an item of which a hundred codes in a row were typed wrong by strangers', () => {
  test('takes not even the right one from them any more, and says so, with what to do', async () => {
    const { account, app } = await owner()
    expect(new Set(await closeApp(account, app))).toEqual(new Set(['totp_wrong']))
    const stranger = newPerson(world)
    await signIn(stranger, account.email)
    expect(wordsOf(stranger.page.text)).toContain('Closed for this browser')
    await stranger.submit({ item: app.itemId })
    expect(stranger.page).toMatchObject({ status: 409, refusal: 'item_closed' })
    expect(wordsOf(stranger.page.text)).toContain('A right code on another browser')
    expect(await typesAppCode(account, app, app.code())).toBe('item_closed')
  })

  test('is found closed by a code that was asked for before', async () => {
    const { account, app } = await owner()
    const before = await putFlow(
      world,
      signInOf(account, { step: 'totp', passwordAt: world.now, itemId: app.itemId }),
    )
    await world.sql`update flow set expires_at = expires_at + interval '9 days' where id = ${before.id}`
    await closeApp(account, app)
    expect(refusalOf(await act(world, before, { act: 'totp', code: app.code() }))).toBe('item_closed')
  })

  test('takes every code from a browser that the account knows, whose right one opens it', async () => {
    const { account, app } = await owner()
    const known = await knownPerson(world, account)
    await world.sql`update account set two_step_at = statement_timestamp() where id = ${account.id}`
    await closeApp(account, app)
    await signIn(known, account.email)
    expect(wordsOf(known.page.text)).not.toContain('Closed for this browser')
    await known.submit({ item: app.itemId })
    await known.submit({ code: wrongCode(app.code(), 500) })
    expect(known.page.refusal).toBe('totp_wrong')
    expect(await typesAppCode(account, app, app.code())).toBe('item_closed')
    await known.submit({ code: app.code() })
    expect(await known.isSignedIn()).toBe(true)
    expect(await typesAppCode(account, app)).toBe('totp_wrong')
  })

  test('stays closed, whatever is tidied up meanwhile', async () => {
    const { account, app } = await owner()
    await closeApp(account, app)
    await world.advance(days(400))
    const house = keepHouse(world.deps.database, world.deps.policy, (fault) => {
      throw fault
    })
    await house.stop()
    expect(await typesAppCode(account, app, app.code())).toBe('item_closed')
  })

  test('closes no other: each is counted by itself', async () => {
    const { account, app } = await owner()
    await closeApp(account, app)
    const other = await giveApp(world, account)
    expect(await typesAppCode(account, other)).toBe('totp_wrong')
    expect(await typesAppCode(account, app)).toBe('item_closed')
  })

  test('may be a recovery code', async () => {
    const { account } = await owner()
    const code = await giveRecoveryCode(world, account)
    const [item] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${account.id} and kind = 'recovery_code'`
    const itemId = item?.id
    const types = async (typed: string) => {
      const state = signInOf(account, { step: 'recovery_code', passwordAt: world.now, itemId })
      const form = { act: 'recovery_code', recovery_code: typed }
      return refusalOf(await act(world, await putFlow(world, state), form))
    }
    const wrong = `${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}`
    for (let day = 0; day < 5; day += 1) {
      for (let guess = 0; guess < 20; guess += 1) expect(await types(wrong)).toBe('recovery_code_wrong')
      await world.advance(aDay)
    }
    expect(await types(code)).toBe('item_closed')
    const [notice] = await noticesTo(account.email, closedTitle)
    expect(notice?.text).toContain('Recovery code')
  })

  test('may be an email address: no further code goes there', async () => {
    const { account } = await owner()
    const waiting = await codeFlow(account, true)
    for (let day = 0; day < 5; day += 1) {
      for (let codes = 0; codes < 4; codes += 1) {
        const flow = await codeFlow(account, true)
        const right = await codeOf(world, flow.id)
        for (let guess = 1; guess <= 5; guess += 1) {
          const refusal = refusalOf(await act(world, flow, { act: 'code', code: wrongCode(right, guess) }))
          expect(refusal).toBe(guess < 5 ? 'code_wrong' : 'code_tries_spent')
        }
      }
      await world.advance(aDay)
    }
    const flow = await putFlow(world, signInOf(account, { step: 'choose', passwordAt: world.now }))
    expect(refusalOf(await act(world, flow, { act: 'choose', item: account.itemId }))).toBe('item_closed')
    const rows = await world.sql`select 1 from verification where subject = ${flow.id}`
    expect(rows).toEqual([])
    await world.sql`update flow set expires_at = expires_at + interval '9 days' where id = ${waiting.id}`
    expect(refusalOf(await act(world, waiting, { act: 'resend' }))).toBe('item_closed')
  })
})

describe('is open again after', () => {
  type One = Awaited<ReturnType<typeof owner>>

  /** A step-up in a session of a browser that the account knows, with each of these in turn. */
  async function stepsUp({ account }: One, proofs: ((person: Person) => Promise<unknown>)[]): Promise<void> {
    const person = await knownPerson(world, account)
    await signIn(person, account.email)
    const home = person.page.path
    for (const prove of proofs) {
      await person.open(`${home}/stepup?for=undo_change&return_to=${home}`)
      await prove(person)
      expect(person.page.refusal).toBeUndefined()
    }
  }
  const byMail =
    ({ account }: One) =>
    async (person: Person) => {
      await person.submit({ item: account.itemId })
      await person.submit({ code: await world.readCode(account.email) })
    }
  const byApp = (app: App) => async (person: Person) => {
    await person.submit({ item: app.itemId })
    await person.submit({ code: app.code() })
  }

  test('a right code in a browser that the account knows', async () => {
    const one = await owner()
    await closeApp(one.account, one.app)
    await stepsUp(one, [byApp(one.app)])
    expect(await typesAppCode(one.account, one.app)).toBe('totp_wrong')
  })

  test('two other items, and no sooner', async () => {
    const one = await owner()
    const other = await giveApp(world, one.account, 'Tablet')
    await closeApp(one.account, one.app)
    await stepsUp(one, [byMail(one)])
    expect(await typesAppCode(one.account, one.app)).toBe('item_closed')
    await world.advance(minutes(11))
    await stepsUp(one, [byMail(one), byApp(other)])
    expect(await typesAppCode(one.account, one.app)).toBe('totp_wrong')
  })

  test('not two of which an open change brought one along', async () => {
    const one = await owner()
    await closeApp(one.account, one.app)
    const person = await knownPerson(world, one.account)
    await signIn(person, one.account.email)
    const home = person.page.path
    await person.open(`${home}/security/add`)
    await byMail(one)(person)
    const contact = `thief${nth}@evil.example`
    await person.submit({ contact })
    await person.submit({ code: await world.readCode(contact) })
    const [added] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${one.account.id} and address = ${contact}`
    await person.open(`${home}/stepup?for=export_activity&return_to=${home}`)
    await person.submit({ item: added?.id ?? '' })
    await person.submit({ code: await world.readCode(contact) })
    expect(person.page.refusal).toBeUndefined()
    expect(await typesAppCode(one.account, one.app)).toBe('item_closed')
  })

  test('not one other item on a new browser, nor the password on a known one', async () => {
    const { account, app } = await owner()
    await closeApp(account, app)
    await signInByMail(account)
    expect(await typesAppCode(account, app)).toBe('item_closed')
    const known = await knownPerson(world, account)
    expect((await signIn(known, account.email)).path).toMatch(/^\/account\//)
    expect(await typesAppCode(account, app)).toBe('item_closed')
  })

  test('a right code of a stranger empties the count of what they typed, and of nothing else', async () => {
    const { account, app } = await owner()
    const other = await giveApp(world, account, 'Tablet')
    for (let guess = 0; guess < 9; guess += 1) await typesAppCode(account, app)
    for (let guess = 0; guess < 9; guess += 1) await typesAppCode(account, other)
    expect(await typesAppCode(account, app, app.code())).toBeUndefined()
    expect(await inARow(account, app.itemId)).toBe(0)
    expect(await inARow(account, other.itemId)).toBe(9)
  })
})

/** How many wrong codes of strangers are counted on an item. */
async function inARow(account: MadeAccount, itemId: string): Promise<number> {
  const { key } = itemKey(world.deps.keyring.current(), account.id, itemId)
  const [log] = await readLogs(world.sql, [{ kind: 'item_codes', key }])
  return log?.failures.length ?? 0
}

describe('in a browser that the account knows', () => {
  /** Ten wrong codes of the app at a time, a quarter of an hour apart. */
  async function guesses(known: Person, account: MadeAccount, app: App, count: number) {
    const told: (string | undefined)[] = []
    for (let guess = 0; guess < count; guess += 1) {
      if (guess % 10 === 0) await world.advance(minutes(16))
      const state = signInOf(account, { step: 'totp', passwordAt: world.now, itemId: app.itemId })
      const flow = await putFlow(world, state, known.browser)
      const form = { act: 'totp', code: wrongCode(app.code(), 500) }
      told.push(refusalOf(await act(world, flow, form, known.browser)))
    }
    return told
  }
  const isKnown = ({ id }: MadeAccount, person: Person) => isKnownBrowser(world.sql, id, person.browser)
  const forgottenTitle = 'A browser was forgotten'
  const knownTitle = 'Wrong codes were typed in your browser'

  test('a hundred wrong codes in a row close an item there, and the browser is forgotten', async () => {
    const { account, app } = await owner()
    const [known, other] = [await knownPerson(world, account), await knownPerson(world, account)]
    expect(new Set(await guesses(known, account, app, 99))).toEqual(new Set(['totp_wrong']))
    expect(await isKnown(account, known)).toBe(true)
    await guesses(known, account, app, 1)
    expect(await isKnown(account, known)).toBe(false)
    const [notice, ...more] = await noticesTo(account.email, forgottenTitle)
    expect(more).toEqual([])
    expect(notice?.text).toContain('Pocket phone')
    await signIn(known, account.email)
    expect(known.page.text).toContain('name="item"')
    expect(await isKnown(account, other)).toBe(true)
    expect(await typesAppCode(account, app)).toBe('totp_wrong')
  })

  test('it stays closed there once the browser is known again, until a right code comes in another', async () => {
    const { account, app } = await owner()
    const [known, other] = [await knownPerson(world, account), await knownPerson(world, account)]
    await guesses(known, account, app, 100)
    await rememberBrowser(world.sql, account.id, known.browser)
    expect(await guesses(known, account, app, 1)).toEqual(['item_closed'])
    await signIn(other, account.email)
    await other.open(`${other.page.path}/stepup?for=export_activity&return_to=${other.page.path}`)
    await other.submit({ item: app.itemId })
    await other.submit({ code: app.code() })
    expect(other.page.refusal).toBeUndefined()
    expect(await guesses(known, account, app, 1)).toEqual(['totp_wrong'])
  })

  test('the owner is told after the fifth, once a day, and a right code begins the count anew', async () => {
    const { account, app } = await owner()
    const known = await knownPerson(world, account)
    await guesses(known, account, app, 4)
    expect(await noticesTo(account.email, knownTitle)).toEqual([])
    await guesses(known, account, app, 6)
    expect(await noticesTo(account.email, knownTitle)).toHaveLength(1)
    await signIn(known, account.email)
    await known.open(`${known.page.path}/stepup?for=export_activity&return_to=${known.page.path}`)
    await known.submit({ item: app.itemId })
    await known.submit({ code: app.code() })
    await world.advance(aDay)
    await guesses(known, account, app, 4)
    expect(await noticesTo(account.email, knownTitle)).toHaveLength(1)
    await guesses(known, account, app, 1)
    expect(await noticesTo(account.email, knownTitle)).toHaveLength(2)
  })

  test('a session’s step-up counts as well, and goes on with anything else', async () => {
    const { account, app } = await owner()
    const known = await knownPerson(world, account)
    await guesses(known, account, app, 95)
    await signIn(known, account.email)
    const home = known.page.path
    await known.open(`${home}/stepup?for=export_activity&return_to=${home}`)
    await known.submit({ item: app.itemId })
    await world.advance(minutes(16))
    for (let guess = 0; guess < 5; guess += 1) await known.submit({ code: wrongCode(app.code(), 500) })
    expect(known.page.refusal).toBe('totp_wrong')
    await known.submit({ code: app.code() })
    expect(known.page.refusal).toBe('item_closed')
    expect(await isKnown(account, known)).toBe(false)
    expect(await known.isSignedIn()).toBe(true)
    await known.open(`${home}/stepup?for=export_activity&return_to=${home}`)
    await known.submit({ item: account.itemId })
    await known.submit({ code: await world.readCode(account.email) })
    expect(known.page.refusal).toBeUndefined()
  })
})

describe('before the password', () => {
  /** Fifty wrong codes by whoever knows no more than the address. */
  async function closeBefore(account: MadeAccount): Promise<void> {
    for (let day = 0; day < 3; day += 1) {
      for (let codes = 0; codes < (day < 2 ? 4 : 2); codes += 1) {
        const flow = await codeFlow(account, false)
        const right = await codeOf(world, flow.id)
        for (let guess = 1; guess <= 5; guess += 1) {
          await act(world, flow, { act: 'code', code: wrongCode(right, guess) })
        }
      }
      await world.advance(aDay)
    }
  }

  test('a closed contact gets no code, and looks like any other and like a name that nobody has', async () => {
    const { account } = await owner()
    await closeBefore(account)
    await world.carried()
    const mailed = (await world.inbox(account.email)).length
    const unknown = { email: account.email.replace('owner', 'other') }
    const [known, none] = [await codeFlow(account, false), await codeFlow(unknown, false)]
    const sent = await world.sql<{ kind: string }>`
      select kind from message where subject in (${known.id}, ${none.id})`
    expect(sent.map(({ kind }) => kind)).toEqual(['decoy', 'decoy'])
    expect(await world.inbox(account.email)).toHaveLength(mailed)
    for (let guess = 0; guess < 6; guess += 1) {
      const [one, two] = [known, none].map((flow) => act(world, flow, { act: 'code', code: '00000000' }))
      const [said, other] = [await one, await two]
      expect(said?.ok && said.value.refusal).toEqual(other?.ok && other.value.refusal)
      expect(said?.ok && said.value.flow.state).toMatchObject({ kind: 'sign_in', step: 'code' })
    }
  })

  test('the right code of one that was sent before is taken for a wrong one, and spends a try', async () => {
    const { account } = await owner()
    const flow = await codeFlow(account, false)
    await world.sql`update flow set expires_at = expires_at + interval '9 days' where id = ${flow.id}`
    await world.sql`
      update verification set expires_at = expires_at + interval '9 days' where subject = ${flow.id}`
    const right = await codeOf(world, flow.id)
    await closeBefore(account)
    const answered = await act(world, flow, { act: 'code', code: right })
    expect(answered.ok && answered.value.refusal).toEqual({ code: 'code_wrong', attemptsLeft: 4 })
  })

  test('it closes nothing to somebody who has the password', async () => {
    const { account } = await owner()
    await closeBefore(account)
    await signInByMail(account)
    const flow = await codeFlow(account, false)
    const code = await codeOf(world, flow.id)
    const answered = await act(world, flow, { act: 'code', code })
    expect(answered).toMatchObject({ value: { refusal: undefined, flow: { state: { step: 'password' } } } })
  })
})

describe('the owner', () => {
  test('is told after the fifth wrong code past the right password that somebody has it, once a day', async () => {
    const { account, app } = await owner()
    for (let guess = 0; guess < 4; guess += 1) await typesAppCode(account, app)
    expect(await noticesTo(account.email, guessedTitle)).toEqual([])
    await typesAppCode(account, app)
    expect(await noticesTo(account.email, guessedTitle)).toHaveLength(1)
    for (let guess = 0; guess < 10; guess += 1) await typesAppCode(account, app)
    const [notice, ...more] = await noticesTo(account.email, guessedTitle)
    expect(more).toEqual([])
    expect(notice?.text).toContain('change your password')
    expect(notice?.text).toContain('https://codes.harbour.test/account')
    expect(notice?.text).not.toContain('/changes/')
    await world.advance(aDay)
    for (let guess = 0; guess < 6; guess += 1) await typesAppCode(account, app)
    expect(await noticesTo(account.email, guessedTitle)).toHaveLength(2)
  })

  test('finds the reference of that message among those that were sent', async () => {
    const { account, app } = await owner()
    for (let guess = 0; guess < 5; guess += 1) await typesAppCode(account, app)
    const [notice] = await noticesTo(account.email, guessedTitle)
    const person = await knownPerson(world, account)
    await signIn(person, account.email)
    await person.open(`${person.page.path}/messages?reference=${notice?.reference}`)
    expect(wordsOf(person.page.text)).toContain(guessedTitle)
  })

  test('hears of no stranger for wrong codes on their own browser, nor for those before the password', async () => {
    const { account, app } = await owner()
    const known = await knownPerson(world, account)
    const state = signInOf(account, { step: 'totp', passwordAt: world.now, itemId: app.itemId })
    const flow = await putFlow(world, state, known.browser)
    for (let guess = 0; guess < 10; guess += 1) {
      const form = { act: 'totp', code: wrongCode(app.code(), 500) }
      expect(refusalOf(await act(world, flow, form, known.browser))).toBe('totp_wrong')
    }
    const before = await codeFlow(account, false)
    for (let guess = 0; guess < 5; guess += 1) await act(world, before, { act: 'code', code: '00000000' })
    expect(await noticesTo(account.email, guessedTitle)).toEqual([])
  })

  test('is told once that an item was closed, with its name, and reads it in the activity', async () => {
    const { account, app } = await owner()
    await closeApp(account, app)
    for (let tries = 0; tries < 5; tries += 1) await typesAppCode(account, app)
    const [notice, ...more] = await noticesTo(account.email, closedTitle)
    expect(more).toEqual([])
    expect(notice?.text).toContain('Pocket phone')
    const rows =
      await world.sql`select 1 from activity where subject = ${account.id} and kind = 'item_closed'`
    expect(rows).toHaveLength(1)
    const person = await knownPerson(world, account)
    await signIn(person, account.email)
    await person.open(`${person.page.path}/password`)
    await person.submit({ item: app.itemId })
    await person.submit({ code: app.code() })
    await closeApp(account, app)
    expect(await noticesTo(account.email, closedTitle)).toHaveLength(2)
  })

  test('can freeze nothing by such a message: it tells of no change', async () => {
    const { account, app } = await owner()
    for (let guess = 0; guess < 5; guess += 1) await typesAppCode(account, app)
    const [notice] = await noticesTo(account.email, guessedTitle)
    const [row] = await world.sql<{ id: string }>`select id from notice where account_id = ${account.id}`
    const token = Buffer.from(`${account.id}${row?.id}`.replaceAll('-', ''), 'hex').toString('base64url')
    const person = newPerson(world)
    await person.open(`/changes/${token}`)
    await person.submit({ reference: notice?.reference ?? '' })
    expect(person.page.refusal).toBe('reference_wrong')
  })
})

describe('of a thousand wrong codes at once a hundred are ever compared', () => {
  /** No daily limit: only the item's own is left to hold them. */
  async function withoutDailyLimits(work: (apart: World, account: MadeAccount) => Promise<void>) {
    const open = { sends: [], failures: [] }
    const policy = withLimits({ ...anySends, email: open, strangers_codes: open })
    const apart = await openWorld({ hurried: true, policy })
    await apart.worker.leave()
    await work(apart, await makeAccount(apart, `${newId()}@example.org`))
    const notices = await apart.sql`select 1 from notice where kind = 'item_closed'`
    expect(notices).toHaveLength(1)
    await apart.close()
  }

  test('of an app, day after day', () =>
    withoutDailyLimits(async (apart, account) => {
      const app = await giveApp(apart, account)
      const told: (string | undefined)[] = []
      for (let day = 0; day < 4; day += 1) {
        const state = signInOf(account, { step: 'totp', passwordAt: apart.now, itemId: app.itemId })
        const answers = await inTurns(250, async () => {
          const flow = await putFlow(apart, state)
          return refusalOf(await act(apart, flow, { act: 'totp', code: wrongCode(app.code(), 500) }))
        })
        told.push(...answers)
        await apart.sql`update message set state = 'withdrawn' where state = 'queued'`
        await apart.advance(aDay)
      }
      expect(told.filter((code) => code === 'totp_wrong')).toHaveLength(100)
      expect(told.filter((code) => code === 'item_closed')).toHaveLength(900)
    }))

  test('of a contact, over any number of verifications', () =>
    withoutDailyLimits(async (apart, account) => {
      const flows = await inTurns(200, async () => {
        const flow = await putFlow(apart, signInOf(account, { step: 'choose', passwordAt: apart.now }))
        await act(apart, flow, { act: 'choose', item: account.itemId })
        return { flow, code: await codeOf(apart, flow.id) }
      })
      const told = await inTurns(1000, async (guess) => {
        const { flow, code } = flows[guess % flows.length]!
        return refusalOf(await act(apart, flow, { act: 'code', code: wrongCode(code, 1 + guess) }))
      })
      const compared = told.filter((code) => code === 'code_wrong' || code === 'code_tries_spent')
      expect(compared).toHaveLength(100)
      expect(told.filter((code) => code === 'item_closed')).toHaveLength(900)
    }))
})
