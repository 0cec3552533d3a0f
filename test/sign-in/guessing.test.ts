import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LimitKey } from '../../src/core/limits.ts'
import { days, hours, minutes, seconds } from '../../src/core/time.ts'
import { notifyOfGuessing } from '../../src/operations/changes/notify-of-guessing.ts'
import { networksOf } from '../../src/operations/networks.ts'
import {
  knownPerson,
  livingSessions,
  type MadeAccount,
  makeAccount,
  password,
  signIn,
  signInByCode,
} from '../support/accounts.ts'
import { act, codeOf, inTurns, putFlow, signInOf } from '../support/flows.ts'
import { newPerson, type Page, type Person } from '../support/person.ts'
import { openWorld, policyForStories, type World, withLimits, wrongCode } from '../support/world.ts'

let world: World
/** Sends are not what is counted here. */
const anySends = (kind: 'email' | 'ip' | 'network' | 'browser') => ({
  [kind]: { ...policyForStories.limits[kind], sends: [] },
})

beforeAll(async () => {
  const limits = { ...anySends('email'), ...anySends('ip'), ...anySends('network'), ...anySends('browser') }
  world = await openWorld({ policy: withLimits(limits) })
})
afterAll(() => world.close())

/** Ten thousand a day where there is time for it. */
const guessesAnHour = process.env.FAULTS === 'full' ? 410 : 70

/** One guess by a browser that was never seen, from an address of its own or a given one. */
async function strangerGuesses(email: string, typed = 'not the password', ip?: string): Promise<Page> {
  const stranger = newPerson(world, ip === undefined ? {} : { ip })
  await stranger.open('/signin')
  await stranger.submit({ username: email })
  return stranger.submit({ password: typed })
}

/** While guesses are used up: the contact, its hidden part, the code. */
async function proveContact(person: Person, account: MadeAccount): Promise<Page> {
  await person.submit({ item: account.itemId })
  await person.submit({ address: account.email })
  const code = await world.readCode(account.email)
  expect(code).toMatch(/^\d{8}$/)
  return person.submit({ code })
}

test('strangers share ten wrong passwords an hour; then the answer comes with a code', async () => {
  const account = await makeAccount(world, 'ana@example.org')
  for (let guess = 0; guess < 10; guess += 1) {
    expect((await strangerGuesses(account.email)).refusal).toBe('sign_in_wrong')
  }
  const eleventh = await strangerGuesses(account.email, password)
  expect(eleventh).toMatchObject({ status: 200, refusal: undefined })
  expect(eleventh.forms.some((form) => 'item' in form.fields)).toBe(true)

  const owner = newPerson(world)
  await signIn(owner, account.email)
  expect((await proveContact(owner, account)).path).toMatch(/^\/account\//)

  await world.advance(hours(1))
  expect((await strangerGuesses(account.email)).refusal).toBe('sign_in_wrong')
})

test('while guesses are used up a wrong password sends nothing and looks like a right one', async () => {
  const account = await makeAccount(world, 'ada@example.org')
  for (let guess = 0; guess < 10; guess += 1) await strangerGuesses(account.email)
  const [right, wrong] = [newPerson(world), newPerson(world)]
  const pages: string[][] = [[], []]
  for (const [nth, [person, typed]] of [[right, password] as const, [wrong, 'not it'] as const].entries()) {
    await person.open('/signin')
    await person.submit({ username: account.email })
    const seen = [await person.submit({ password: typed })]
    seen.push(await person.submit({ item: account.itemId }), await person.submit({ address: account.email }))
    seen.push(await person.submit({ code: '00000000' }))
    pages[nth] = seen.map(({ status, refusal, text }) => `${status} ${refusal} ${masked(text)}`)
  }
  expect(pages[0]).toEqual(pages[1])
  await world.carried()
  const mails = (await world.inbox(account.email)).filter(({ text }) => /\d{4} ?\d{4}/.test(text ?? ''))
  expect(mails).toHaveLength(1)
})

/** What differs from one flow to the next, whoever it is for. */
const masked = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/value="[\w-]{20,}"/g, 'TOKEN')
    .replaceAll(/\b[A-Za-z0-9]{3}-[A-Za-z0-9]{2}\b/g, 'REFERENCE')
    .replaceAll(/seen=[^"]*/g, 'SEEN')

test('owners hear once a day that strangers guess at their password', async () => {
  const account = await makeAccount(world, 'abe@example.org')
  const notices = async () =>
    (await world.inbox(account.email)).filter(({ subject }) =>
      subject?.includes('Somebody is trying passwords'),
    )
  for (let guess = 0; guess < 10; guess += 1) await strangerGuesses(account.email)
  await notifyOfGuessing(world.deps.database)
  expect(await notices()).toHaveLength(0)
  for (let guess = 0; guess < 5; guess += 1) await strangerGuesses(account.email)
  await strangerGuesses('nobody-at-all@example.org')
  await notifyOfGuessing(world.deps.database)
  await notifyOfGuessing(world.deps.database)
  await world.carried()
  expect(await notices()).toHaveLength(1)
  for (let guess = 0; guess < 15; guess += 1) await strangerGuesses(account.email)
  await notifyOfGuessing(world.deps.database)
  await world.carried()
  expect(await notices()).toHaveLength(1)
  await world.advance(days(1))
  for (let guess = 0; guess < 15; guess += 1) await strangerGuesses(account.email)
  await notifyOfGuessing(world.deps.database)
  await world.carried()
  expect(await notices()).toHaveLength(2)
})

test('a known browser has ten wrong passwords in a quarter of an hour of its own', async () => {
  const account = await makeAccount(world, 'bea@example.org')
  const owner = await knownPerson(world, account)
  await owner.open('/signin')
  await owner.submit({ username: account.email })
  for (let guess = 0; guess < 10; guess += 1) {
    expect((await owner.submit({ password: 'forgotten' })).refusal).toBe('sign_in_wrong')
  }
  const limited = await owner.submit({ password })
  expect(limited).toMatchObject({ status: 429, refusal: 'passwords_limit' })
  expect(limited.headers.get('retry-after')).toBe('900')
  expect((await strangerGuesses(account.email)).refusal).toBe('sign_in_wrong')
  await world.advance(minutes(15))
  expect((await owner.submit({ password })).path).toMatch(/^\/account\//)
})

test('a wrong password counts once, a right one never', async () => {
  const account = await makeAccount(world, 'cem@example.org')
  const owner = await knownPerson(world, account)
  for (let times = 0; times < 30; times += 1) {
    expect((await signIn(owner, account.email)).path).toMatch(/^\/account\//)
  }
})

test('one network address has fifty guesses an hour, whatever the names', async () => {
  const ip = '198.51.100.7'
  for (let name = 0; name < 5; name += 1) {
    const { email } = await makeAccount(world, `name${name}@example.org`)
    for (let guess = 0; guess < 10; guess += 1) {
      expect((await strangerGuesses(email, 'x', ip)).refusal).toBe('sign_in_wrong')
    }
  }
  const limited = await strangerGuesses('another@example.org', 'x', ip)
  expect(limited).toMatchObject({ status: 429, refusal: 'passwords_limit' })
  expect((await strangerGuesses('another@example.org', 'x', '198.51.100.8')).refusal).toBe('sign_in_wrong')
})

test('guesses from the same network address never keep out a browser that the account knows', async () => {
  const account = await makeAccount(world, 'dia@example.org')
  const known = await knownPerson(world, account)
  const owner = newPerson(world, { cookies: known.cookies, ip: '198.51.100.20' })
  for (let guess = 0; guess < 50; guess += 1) await strangerGuesses('nobody@example.org', '123456', owner.ip)
  expect((await strangerGuesses(account.email, 'x', owner.ip)).refusal).toBe('passwords_limit')
  expect((await signIn(owner, account.email)).path).toMatch(/^\/account\//)
})

test('wrong codes by who has no password keep nobody out of a new browser', async () => {
  const account = await makeAccount(world, 'eli@example.org')
  for (let guess = 0; guess < 10; guess += 1) await strangerGuesses(account.email)
  for (let flow = 0; flow < 12; flow += 1) {
    const stranger = newPerson(world)
    await stranger.open('/signin')
    await stranger.submit({ username: account.email })
    await stranger.submit({ password: 'not it' })
    await stranger.submit({ item: account.itemId })
    await stranger.submit({ address: account.email })
    for (let guess = 1; guess <= 5; guess += 1) {
      const answer = await stranger.submit({ code: `0000000${guess}` })
      expect(answer.refusal).toBe(guess < 5 ? 'code_wrong' : 'code_tries_spent')
    }
  }
  const owner = newPerson(world)
  await signIn(owner, account.email)
  expect((await proveContact(owner, account)).path).toMatch(/^\/account\//)
})

test("wrong codes for sign-ups with somebody's address do not keep its owner from signing in elsewhere", async () => {
  const account = await makeAccount(world, 'fay@example.org')
  for (let flow = 0; flow < 5; flow += 1) {
    const stranger = newPerson(world)
    await stranger.open('/signup')
    await stranger.submit({ email: account.email })
    for (let guess = 0; guess < 5; guess += 1) await stranger.submit({ code: `00000${guess}` })
  }
  await signInByCode(world, newPerson(world), account.email)
  expect(await livingSessions(world, account.id)).toBe(1)
})

test('with the right password, a thousand flows at once have twenty wrong codes a day compared, and the right one is refused after', async () => {
  const { email } = policyForStories.limits
  // Wrong codes for one destination are limited as well: here only the account's own limit is left to hold them.
  for (const failures of [[], email.failures]) {
    const limits = { ...anySends('ip'), ...anySends('network'), ...anySends('browser') }
    const apart = await openWorld({
      hurried: true,
      policy: withLimits({ ...limits, email: { sends: [], failures } }),
    })
    await guessInFlows(apart)
    await apart.close()
  }
})

async function guessInFlows(world: World): Promise<void> {
  const account = await makeAccount(world, 'gil@example.org')
  await world.worker.leave()
  const proved = signInOf(account, { step: 'choose', passwordAt: world.now })
  const flows = await inTurns(1000, async () => {
    const flow = await putFlow(world, proved)
    expect(await act(world, flow, { act: 'choose', item: account.itemId })).toMatchObject({ ok: true })
    return { flow, code: await codeOf(world, flow.id) }
  })
  const told = await inTurns(1500, async (nth) => {
    const { flow, code } = flows[nth % flows.length]!
    const answered = await act(world, flow, { act: 'code', code: wrongCode(code, 1 + nth) })
    return answered.ok ? answered.value.refusal?.code : 'none'
  })
  expect(told.filter((code) => code === 'code_wrong' || code === 'code_tries_spent')).toHaveLength(20)
  expect(told.filter((code) => code === 'wrong_codes_limit')).toHaveLength(1480)
  const { flow, code } = flows.at(-1)!
  expect(await act(world, flow, { act: 'code', code })).toMatchObject({
    value: { refusal: { code: 'wrong_codes_limit' } },
  })
  await world.sql`update message set state = 'withdrawn' where state = 'queued'`
  world.worker.comeBack()
  const owner = await knownPerson(world, account)
  expect((await signIn(owner, account.email)).path).toMatch(/^\/account\//)
}

test('asking for new codes gives no more tries: twenty wrong codes a day are compared over any number of them', async () => {
  const account = await makeAccount(world, 'hal@example.org')
  const attacker = newPerson(world)
  await signIn(attacker, account.email)
  let compared = 0
  for (let renewal = 0; renewal < 20; renewal += 1) {
    await attacker.submit({ item: account.itemId })
    const code = await world.readCode(account.email)
    for (let guess = 1; guess <= 4; guess += 1) {
      if ((await attacker.submit({ code: wrongCode(code, guess) })).refusal === 'code_wrong') compared += 1
    }
    await attacker.press('other')
  }
  expect(compared).toBe(20)
})

test('one code has five tries, however it is sent again', async () => {
  const account = await makeAccount(world, 'ida@example.org')
  const attacker = newPerson(world)
  await signIn(attacker, account.email)
  await attacker.submit({ item: account.itemId })
  const code = await world.readCode(account.email)
  let compared = 0
  for (const wait of [30, 60, 120, 240]) {
    for (let guess = 1; guess <= 3; guess += 1) {
      const { refusal } = await attacker.submit({ code: wrongCode(code, wait + guess) })
      if (refusal === 'code_wrong' || (refusal === 'code_tries_spent' && compared < 5)) compared += 1
    }
    await world.advance(seconds(wait))
    // The button is gone once no try is left; what it sent can be sent all the same.
    const { action, fields } = attacker.form('code')
    const again = await attacker.request(action, { fields: { ...fields, act: 'resend' } })
    await attacker.follow(again, action)
  }
  expect(compared).toBe(5)
})

test(`${24 * (guessesAnHour + 10)} wrong passwords from five hundred addresses in a day lock the owner out nowhere`, async () => {
  const account = await makeAccount(world, 'jon@example.org')
  const known = await knownPerson(world, account)
  const before = world.now
  const ring = world.deps.keyring.current()
  const strangers: LimitKey = {
    kind: 'strangers_passwords',
    key: ring.lookupHash('strangers passwords', account.id),
  }
  const from = (nth: number): LimitKey => ({
    kind: 'ip',
    key: ring.lookupHash('page ip', networksOf(`203.0.${113 + (nth % 2)}.${Math.floor(nth / 2) % 250}`).host),
  })
  let compared = 0
  for (let hour = 0; hour < 24; hour += 1) {
    for (let nth = 0; nth < guessesAnHour; nth += 1) {
      const taken = await world.deps.guessSql.take(world.sql, [strangers, from(hour * guessesAnHour + nth)])
      if (taken !== 'limited') compared += 1
    }
    const real = await inTurns(10, (nth) => strangerGuesses(account.email, 'x', `203.0.113.${nth}`))
    compared += real.filter((page) => page.refusal === 'sign_in_wrong').length
    await world.advance(hours(1) + 1)
  }
  expect(compared).toBe(240)
  expect(world.now - before).toBeGreaterThanOrEqual(days(1))
  for (let guess = 0; guess < 11; guess += 1) await strangerGuesses(account.email)

  for (let times = 0; times < 100; times += 1) {
    expect((await signIn(known, account.email)).path).toMatch(/^\/account\//)
  }
  const elsewhere = newPerson(world)
  await signIn(elsewhere, account.email)
  expect((await proveContact(elsewhere, account)).path).toMatch(/^\/account\//)
})
