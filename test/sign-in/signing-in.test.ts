import { afterAll, beforeAll, expect, test } from 'vitest'
import { repeatedFor } from '../../src/core/flows/flow.ts'
import { days, hours, minutes, seconds } from '../../src/core/time.ts'
import { eraseSeeds } from '../../src/storage/flow.ts'
import {
  knownPerson,
  livingSessions,
  type MadeAccount,
  makeAccount,
  password,
  signIn,
  signInByCode,
  signUp,
  stepUp,
} from '../support/accounts.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World, wrongCode } from '../support/world.ts'

let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** A new account, and somebody on the page that waits for its code, on a browser it doesn't know. */
async function waiting(): Promise<{ account: MadeAccount; person: Person; code: string }> {
  const account = await anAccount()
  const person = newPerson(world)
  await signIn(person, account.email)
  await person.submit({ item: account.itemId })
  return { account, person, code: await world.readCode(account.email) }
}

function anAccount(): Promise<MadeAccount> {
  nth += 1
  return makeAccount(world, `owner${nth}@example.org`)
}

test('on a browser that the account knows, name and password are enough, and no code is sent', async () => {
  const ana = newPerson(world)
  await signUp(world, ana, 'ana@example.org')
  await ana.open(ana.page.path)
  await ana.submit({ form: ana.form('form').fields.form! })
  const mails = (await world.inbox('ana@example.org')).length
  expect((await signIn(ana, 'ana@example.org')).path).toMatch(/^\/account\/[\w-]{12}$/)
  expect(await world.inbox('ana@example.org')).toHaveLength(mails)
})

test('on a browser that it does not know a code is asked for, once', async () => {
  const { account, person, code } = await waiting()
  expect(code).toMatch(/^\d{6}$/)
  expect(await person.isSignedIn()).toBe(false)
  expect((await person.submit({ code })).path).toMatch(/^\/account\//)
  await person.open('/account')
  await person.submit({ form: person.form('form').fields.form! })
  expect((await signIn(person, account.email)).path).toMatch(/^\/account\//)
})

test('a browser is known for ninety days after its last sign-in', async () => {
  const account = await anAccount()
  const person = await knownPerson(world, account)
  await world.advance(days(90) - 1)
  expect((await signIn(person, account.email)).path).toMatch(/^\/account\//)
  const other = await knownPerson(world, account)
  await world.advance(days(90))
  expect((await signIn(other, account.email)).path).toMatch(/^\/signin\//)
})

test('a code typed into the password box gets its own answer and is no wrong password', async () => {
  const account = await anAccount()
  const person = newPerson(world)
  await person.open('/signin')
  await person.submit({ username: account.email })
  for (let times = 0; times < 12; times += 1) {
    const answer = await person.submit({ password: '483 921' })
    expect(answer).toMatchObject({ status: 422, refusal: 'password_is_code' })
  }
  await person.submit({ password })
  expect(person.form('item').fields.item).toBe(account.itemId)
})

test('a wrong password and a name that nobody has get the same answer', async () => {
  const account = await anAccount()
  for (const email of [account.email, 'nobody@example.org']) {
    const person = newPerson(world)
    await person.open('/signin')
    await person.submit({ username: email })
    expect(await person.submit({ password: 'not the password' })).toMatchObject({
      status: 422,
      refusal: 'sign_in_wrong',
    })
  }
})

test('what is no address is no name', async () => {
  const person = newPerson(world)
  await person.open('/signin')
  const answer = await person.submit({ username: 'ana' })
  expect(answer).toMatchObject({ status: 422, refusal: 'username_malformed' })
  expect(answer.text).toContain('value="ana"')
})

test('a wrong code says how many tries are left, and the fifth is the last', async () => {
  const { person, code } = await waiting()
  for (const left of [4, 3, 2, 1]) {
    const wrong = await person.submit({ code: wrongCode(code, left) })
    expect(wrong).toMatchObject({ status: 422, refusal: 'code_wrong' })
    expect(wrong.headers.get('countersign-error')).toContain(`attempts_left=${left}`)
  }
  expect((await person.submit({ code: wrongCode(code, 9) })).refusal).toBe('code_tries_spent')
  expect((await person.submit({ code })).refusal).toBe('code_tries_spent')
})

test('an expired code says that it has expired, and another way on is still there', async () => {
  const { account, person, code } = await waiting()
  await world.advance(minutes(10))
  expect((await person.submit({ code })).refusal).toBe('code_expired')
  await person.press('other')
  await person.submit({ item: account.itemId })
  expect((await person.submit({ code: await world.readCode(account.email) })).path).toMatch(/^\/account\//)
})

/** A page that stays open in a window of its own while the person goes on in another. */
function otherWindow(person: Person) {
  const { action, fields } = person.form('code')
  return async (typed: Record<string, string>) =>
    person.follow(await person.request(action, { fields: { ...fields, ...typed } }), action)
}

test('a code that was used in another window says so, and when', async () => {
  const { person, code } = await waiting()
  const window = otherWindow(person)
  await person.submit({ code })
  const usedAt = world.now
  await world.advance(minutes(2))
  const again = await window({ code })
  expect(again).toMatchObject({ status: 409, refusal: 'code_used' })
  expect(again.headers.get('countersign-error')).toContain(new Date(usedAt).toISOString())
  expect((await window({ code: wrongCode(code) })).refusal).toBe('flow_ended')
})

test('a code that was used for another sign-in of this browser says so, and of another browser only that it is wrong', async () => {
  const { account, person, code } = await waiting()
  const elsewhere = newPerson(world)
  await signIn(elsewhere, account.email)
  await elsewhere.submit({ item: account.itemId })
  const first = otherWindow(person)
  await signInByCode(world, person, account.email)
  const used = await world.readCode(account.email)
  expect(used).not.toBe(code)
  expect((await first({ code: used })).refusal).toBe('code_used')
  expect((await elsewhere.submit({ code: used })).refusal).toBe('code_wrong')
})

test('once another contact was chosen, the code before says by which it was replaced, and spends a try like any other', async () => {
  const { account, person, code } = await waiting()
  await world.advance(minutes(2))
  await person.press('other')
  await person.submit({ item: account.itemId })
  const newer = await world.readCode(account.email)
  const replaced = await person.submit({ code })
  expect(replaced).toMatchObject({ status: 422, refusal: 'code_replaced' })
  const field = replaced.headers.get('countersign-error')
  expect(field).toContain(`replaced_at="${new Date(world.now).toISOString()}"`)
  expect(field).toContain('attempts_left=4')
  expect(wordsOf(replaced.text)).toMatch(/replaced by one sent at \d/)
  expect((await person.submit({ code: wrongCode(newer) })).refusal).toBe('code_wrong')
  expect((await person.submit({ code: newer })).path).toMatch(/^\/account\//)
})

test('the code before is told as replaced on a page that was left open, which then shows where the sign-in stands', async () => {
  const { account, person, code } = await waiting()
  const window = otherWindow(person)
  await person.press('other')
  await person.submit({ item: account.itemId })
  expect((await window({ code })).refusal).toBe('code_replaced')
  const newer = await world.readCode(account.email)
  expect((await window({ code: newer })).refusal).toBe('step_elsewhere')
  expect((await person.submit({ code: newer })).path).toMatch(/^\/account\//)
})

test('a code that ran out beside its newer one is told as replaced', async () => {
  const { account, person, code } = await waiting()
  await world.advance(minutes(7))
  await person.press('resend')
  const newer = await world.readCode(account.email)
  expect(newer).not.toBe(code)
  await world.advance(minutes(3))
  expect((await person.submit({ code })).refusal).toBe('code_replaced')
  expect((await person.submit({ code: newer })).path).toMatch(/^\/account\//)
})

test('while another contact is being chosen, the code that was sent still works, by going back to it', async () => {
  const { person, code } = await waiting()
  await person.press('other')
  await person.press('back')
  expect((await person.submit({ code })).path).toMatch(/^\/account\//)
})

test('the living codes of one browser are never compared with a guess at another', async () => {
  const { account, person, code } = await waiting()
  await signIn(person, account.email)
  await person.submit({ item: account.itemId })
  expect((await person.submit({ code })).refusal).toBe('code_wrong')
  await world.advance(minutes(10))
  const { account: other, person: again } = await waiting()
  expect(other.id).not.toBe(account.id)
  expect((await again.submit({ code })).refusal).toBe('code_wrong')
  await signIn(person, account.email)
  await person.submit({ item: account.itemId })
  expect((await person.submit({ code })).refusal).toBe('code_expired')
})

test('in signing up too, a code of this browser that was used says so', async () => {
  const person = newPerson(world)
  await signUp(world, person, 'twice-1@example.org')
  const used = await world.readCode('twice-1@example.org')
  await person.open('/signup')
  await person.submit({ email: 'twice-2@example.org' })
  expect((await person.submit({ code: used })).refusal).toBe('code_used')
})

test('the code of one sign-in is worth nothing in another', async () => {
  const first = await waiting()
  const second = newPerson(world)
  await signIn(second, first.account.email)
  await second.submit({ item: first.account.itemId })
  const other = await world.readCode(first.account.email)
  if (other !== first.code) expect((await second.submit({ code: first.code })).refusal).toBe('code_wrong')
  expect((await second.submit({ code: other })).path).toMatch(/^\/account\//)
})

test('"I don\'t have a code" sends the same code again, after 30, 60 and 120 seconds, four times in all', async () => {
  const { account, person, code } = await waiting()
  for (const gap of [seconds(30), seconds(60), seconds(120)]) {
    await world.advance(gap - 1)
    expect(await person.press('resend')).toMatchObject({ status: 429, refusal: 'resend_too_soon' })
    await world.advance(1)
    expect((await person.press('resend')).refusal).toBeUndefined()
  }
  await world.advance(seconds(120))
  expect((await person.press('resend')).refusal).toBe('resends_spent')
  expect((await world.inbox(account.email)).map((mail) => mail.code)).toEqual([code, code, code, code])
  expect((await person.submit({ code })).path).toMatch(/^\/account\//)
})

test('a window that was closed is found again from the sign-in page, at the step where it was', async () => {
  const { account, person, code } = await waiting()
  person.closeWindow()
  const found = await person.open('/signin')
  expect(wordsOf(found.text)).toContain(account.email)
  const href = /href="(\/signin\/[0-9a-f-]{36})"/.exec(found.text)?.[1] ?? ''
  await person.open(href)
  expect((await person.submit({ code })).path).toMatch(/^\/account\//)
  expect((await person.open('/signin')).text).not.toContain(href)
})

test('a sign-in is given up after an hour', async () => {
  const { person } = await waiting()
  const { path } = person.page
  await world.advance(hours(1) - 1)
  expect((await person.open(path)).status).toBe(200)
  await world.advance(1)
  expect(await person.open(path)).toMatchObject({ status: 410, refusal: 'flow_ended' })
})

test('another browser finds nothing under the address of a sign-in', async () => {
  const { person } = await waiting()
  const stranger = newPerson(world)
  await stranger.open('/signin')
  expect(await stranger.open(person.page.path)).toMatchObject({ status: 410, refusal: 'flow_ended' })
})

test('a double click on a wrong code spends one try, and both answers are the same', async () => {
  const { person, code } = await waiting()
  const typed = { code: wrongCode(code) }
  const [first, second] = await Promise.all([person.submit(typed), person.submit(typed)])
  const told = (answer: { text: string }) =>
    answer.text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '')
  expect(told(first)).toBe(told(second))
  expect(first.headers.get('countersign-error')).toContain('attempts_left=4')
  expect((await person.submit({ code })).path).toMatch(/^\/account\//)
})

test('a double click on the right code signs in once: both answers end signed in, one session lives', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { account, person, code } = await waiting()
    const both = await Promise.all([person.submit({ code }), person.submit({ code })])
    expect(both.map((page) => page.path.slice(0, 9))).toEqual(['/account/', '/account/'])
    expect(await livingSessions(world, account.id)).toBe(1)
    expect(await person.isSignedIn()).toBe(true)
  }
})

test('whichever answer to a double click comes last, the browser is left with a living session', async () => {
  const { account, person, code } = await waiting()
  const { action, fields } = person.form('code')
  const send = () => person.copy().request(action, { fields: { ...fields, code } })
  const answers = await Promise.all([send(), send(), send()])
  for (const answer of answers) {
    const browser = person.copy()
    await browser.follow(answer, action)
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value !== '') browser.cookies.set(name, value)
    }
    expect(await browser.isSignedIn()).toBe(true)
  }
  expect(await livingSessions(world, account.id)).toBe(1)
})

test("of what a session's token was made of nothing is left once its last form is no longer answered again", async () => {
  const { account, person, code } = await waiting()
  const window = otherWindow(person)
  await person.submit({ code })
  const seeds = async () => {
    const [row] = await world.sql<{ count: number }>`
      select count(*)::int as count from flow where state ? 'seed' and state->>'accountId' = ${account.id}`
    return row?.count
  }
  await eraseSeeds(world.sql, repeatedFor)
  expect(await seeds()).toBe(1)
  expect((await window({ code })).path).toMatch(/^\/account\//)
  await world.advance(repeatedFor + 1)
  await eraseSeeds(world.sql, repeatedFor)
  expect(await seeds()).toBe(0)
  expect((await window({ code })).refusal).toBe('code_used')
  expect(await person.isSignedIn()).toBe(true)
})

test('the back button after a step leads to where the sign-in stands, and says so', async () => {
  const account = await anAccount()
  const person = newPerson(world)
  await person.open('/signin')
  await person.submit({ username: account.email })
  const { action, fields } = person.form('password')
  await person.submit({ password })
  await person.submit({ item: account.itemId })
  const back = await person.follow(await person.request(action, { fields: { ...fields, password } }), action)
  expect(back).toMatchObject({ status: 409, refusal: 'step_elsewhere' })
  expect((await person.submit({ code: await world.readCode(account.email) })).path).toMatch(/^\/account\//)
})

test('a password that was proved before it was changed is worth nothing after', async () => {
  const { account, person, code } = await waiting()
  const owner = await knownPerson(world, account)
  await signIn(owner, account.email)
  await stepUp(world, owner, `${owner.page.path}/password`, account.email)
  await world.advance(1)
  await owner.submit({ current: password, next: 'a new one by the harbour wall' })
  expect(owner.page.path).toContain('done=password')
  await person.submit({ code })
  expect(await person.isSignedIn()).toBe(false)
  expect(person.page.refusal).toBe('flow_ended')
  expect(await livingSessions(world, account.id)).toBe(1)
})

test('once signed out, sending the last form again does not sign in again', async () => {
  const { account, person, code } = await waiting()
  const { action, fields } = person.form('code')
  await person.submit({ code })
  await person.submit({ form: person.form('form').fields.form! })
  expect(await livingSessions(world, account.id)).toBe(0)
  const again = await person.follow(await person.request(action, { fields: { ...fields, code } }), action)
  expect(again.refusal).toBe('code_used')
  expect(await livingSessions(world, account.id)).toBe(0)
})

test('keeping signed in outlives the window, and otherwise the window ends it', async () => {
  const account = await anAccount()
  for (const [more, kept] of [
    [{ keep: 'yes' }, true],
    [{}, false],
  ] as const) {
    const person = newPerson(world)
    await signInByCode(world, person, account.email, more)
    person.closeWindow()
    expect(await person.isSignedIn()).toBe(kept)
  }
})

test.for([
  ['/account', '/account'],
  ['/help/errors?x=1', '/help/errors?x=1'],
  ['https://evil.example/', '/account/'],
  ['//evil.example', '/account/'],
  ['/\\evil.example', '/account/'],
])('signing in with a return path %s ends at %s', async ([asked, end]) => {
  const account = await anAccount()
  const person = await knownPerson(world, account)
  await person.open(`/signin?return_to=${encodeURIComponent(asked!)}`)
  await person.submit({ username: account.email })
  const { action, fields } = person.form('password')
  const answer = await person.request(action, { fields: { ...fields, password } })
  expect(answer.headers.get('location')?.slice(0, end!.length)).toBe(end)
})
