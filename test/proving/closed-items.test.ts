import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SignIn } from '../../src/core/sign-in/sign-in.ts'
import { days } from '../../src/core/time.ts'
import { startScheduledCleanup } from '../../src/operations/administration/scheduled-cleanup.ts'
import { newId } from '../../src/secrets/random.ts'
import { ensureRows } from '../../src/storage/limits.ts'
import { knownPerson, type MadeAccount, makeAccount, signIn } from '../support/accounts.ts'
import { act, codeOf, inTurns, onlyChoice, putFlow, signInOf } from '../support/flows.ts'
import { type App, giveApp, givePasskey, giveRecoveryCode, passkeyOptionsOn } from '../support/items.ts'
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

/** A flow past the password, openly or while guesses are used up, that waits for a code to the contact. */
async function codeFlow(
  account: Pick<MadeAccount, 'email'> & Partial<MadeAccount> & { hasPassword?: boolean },
  past: boolean,
) {
  const hiddenPasswordAt = account.id === undefined || account.hasPassword === false ? undefined : world.now
  const state: Partial<SignIn> = past
    ? { step: 'choose', passwordAt: world.now }
    : { step: 'choose', guarded: true, accountId: account.id, hiddenPasswordAt }
  const flow = await putFlow(world, { ...signInOf({ id: '', itemId: '', ...account }), ...state })
  const [item] = past ? [account.itemId] : [await onlyItem(account)]
  await act(world, flow, { act: 'choose', item: item ?? '' })
  if (!past) await act(world, flow, { act: 'confirm', address: account.email })
  return flow
}

/** The one choice that a name shows before its password. */
async function onlyItem(account: Pick<MadeAccount, 'email'> & Partial<MadeAccount>): Promise<string> {
  const state = { ...signInOf({ id: '', itemId: '', ...account }), accountId: account.id }
  return (await onlyChoice(world, state))?.id ?? ''
}

/** Signs in on a new browser, by a code to the account's address. */
async function signInByMail({ itemId, email }: MadeAccount): Promise<void> {
  const person = newPerson(world)
  await signIn(person, email)
  await person.submit({ item: itemId })
  await person.submit({ code: await world.readCode(email) })
  expect(await person.isSignedIn()).toBe(true)
}

/** Opens a page that asks for a fresh proof, and gives it by a code to the account's address. */
async function stepUpByMail({ itemId, email }: MadeAccount, person: Person): Promise<void> {
  await person.open(`${person.page.path}/password`)
  await person.submit({ item: itemId })
  await person.submit({ code: await world.readCode(email) })
  expect(person.page.refusal).toBeUndefined()
}

const noticesTo = async (email: string, title: string) =>
  (await world.inbox(email)).filter(({ subject }) => subject?.includes(title))
const guessedTitle = 'Somebody has your password'
const closedTitle = 'Too many wrong codes for your account'

describe('an item of which a hundred codes in a row were typed wrong by strangers', () => {
  test('takes not even the right one from them any more, and says so, with what to do', async () => {
    const { account, app } = await owner()
    expect(new Set(await closeApp(account, app))).toEqual(new Set(['totp_wrong']))
    const stranger = newPerson(world)
    await signIn(stranger, account.email)
    expect(wordsOf(stranger.page.text)).toContain('Blocked in this browser')
    await stranger.submit({ item: app.itemId })
    expect(stranger.page).toMatchObject({ status: 409, refusal: 'item_closed' })
    expect(wordsOf(stranger.page.text)).toContain('Use another way here, or sign in on a browser')
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
    expect(wordsOf(known.page.text)).not.toContain('Blocked in this browser')
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
    const forgotten = { kind: 'known_codes', key: Buffer.alloc(32, 7) } as const
    await ensureRows(world.sql, [forgotten])
    await world.advance(days(400))
    const house = startScheduledCleanup(world.deps.database, world.deps.policy, (fault) => {
      throw fault
    })
    const rows = () => world.sql`select 1 from rate_limit where key = ${forgotten.key}`
    await expect.poll(rows, { timeout: 5000 }).toEqual([])
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
  const proofs: Record<string, (one: Awaited<ReturnType<typeof owner>>) => Promise<unknown>> = {
    'another item of the account, on a new browser': ({ account }) => signInByMail(account),
    'a passkey': async ({ account }) => {
      const key = await givePasskey(world, account)
      const person = newPerson(world)
      await signIn(person, account.email)
      await person.submit({ item: key.itemId })
      await person.submit({ credential: key.get(passkeyOptionsOn(person.page)) })
      expect(await person.isSignedIn()).toBe(true)
    },
    'a step-up with another item': async ({ account }) => {
      const person = await knownPerson(world, account)
      await signIn(person, account.email)
      await stepUpByMail(account, person)
    },
  }
  test.each(Object.keys(proofs))('%s', async (name) => {
    const one = await owner()
    await closeApp(one.account, one.app)
    expect(await typesAppCode(one.account, one.app)).toBe('item_closed')
    await proofs[name]?.(one)
    expect(await typesAppCode(one.account, one.app)).toBe('totp_wrong')
  })

  test('nothing that is no proof: a password on a browser that the account knows leaves it closed', async () => {
    const { account, app } = await owner()
    const known = await knownPerson(world, account)
    await closeApp(account, app)
    expect((await signIn(known, account.email)).path).toMatch(/^\/account\//)
    expect(await typesAppCode(account, app)).toBe('item_closed')
  })
})

describe('while guesses at the password are used up', () => {
  /** A hundred wrong codes by whoever has the password. */
  async function closeContact(account: MadeAccount): Promise<void> {
    for (let day = 0; day < 5; day += 1) {
      for (let codes = 0; codes < 4; codes += 1) {
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
    await closeContact(account)
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
    await closeContact(account)
    const answered = await act(world, flow, { act: 'code', code: right })
    expect(answered.ok && answered.value.refusal).toEqual({ code: 'code_wrong', attemptsLeft: 4 })
  })

  test('wrong codes by who has no password close nothing and count on nothing of the account', async () => {
    const { account } = await owner()
    const without = { ...account, hasPassword: false }
    for (let codes = 0; codes < 25; codes += 1) {
      const flow = await codeFlow(without, false)
      for (let guess = 1; guess <= 5; guess += 1) {
        await act(world, flow, { act: 'code', code: `0000000${guess}` })
      }
    }
    await signInByMail(account)
    const flow = await codeFlow(account, false)
    const code = await codeOf(world, flow.id)
    const answered = await act(world, flow, { act: 'code', code })
    expect(answered).toMatchObject({
      value: { refusal: undefined, flow: { state: { kind: 'signed_in' } } },
    })
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

  test('is not told of wrong codes on their own browser, nor of those before the password', async () => {
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
    await stepUpByMail(account, person)
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
