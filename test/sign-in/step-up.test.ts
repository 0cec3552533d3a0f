import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, minutes, seconds } from '../../src/core/time.ts'
import { knownPerson, type MadeAccount, makeAccount, password, signIn } from '../support/accounts.ts'
import { cookieNamed, newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World, wrongCode } from '../support/world.ts'

let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** Somebody signed in with a password alone, on a browser that the account knows. */
async function signedIn(): Promise<{ account: MadeAccount; person: Person; home: string }> {
  nth += 1
  const account = await makeAccount(world, `owner${nth}@example.org`)
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  return { account, person, home: person.page.path }
}

const sessionCookie = (home: string) => cookieNamed(`account-${home.slice('/account/'.length)}`)

/** Chooses the account's first item; the code is then on its way. */
const choose = (person: Person) => person.submit({ item: person.form('item').fields.item! })

describe('before a sensitive act', () => {
  test('the page asks for a proof, and comes back to where one was', async () => {
    const { account, person, home } = await signedIn()
    await person.open(`${home}/password`)
    expect(wordsOf(person.page.text).replaceAll('&#39;', "'")).toContain(
      "You're about to change your password.",
    )
    expect(wordsOf(person.page.text)).toContain('ow••••@example.org')
    await choose(person)
    await person.submit({ code: await world.readCode(account.email) })
    expect(person.page.path).toBe(`${home}/password`)
    await person.submit({ current: password, next: 'nine loud starlings on a wire' })
    expect(person.page.path).toBe(`${home}?done=password`)
  })

  test('the proof counts for ten minutes and no longer', async () => {
    const { account, person, home } = await signedIn()
    await person.open(`${home}/password`)
    await choose(person)
    await person.submit({ code: await world.readCode(account.email) })
    await world.advance(minutes(10) - 1)
    expect((await person.open(`${home}/password`)).path).toBe(`${home}/password`)
    const late = person.form('current', 'next')
    await world.advance(1)
    await person.submit({ current: password, next: 'nine loud starlings on a wire' })
    expect(person.page.path).toContain('/stepup?for=change_password')
    expect(late.action).toBe(`${home}/password`)
    const again = newPerson(world)
    await signIn(again, account.email)
    expect(again.page.status).toBe(200)
  })

  test('a password is no proof, however fresh', async () => {
    const { person, home } = await signedIn()
    expect((await person.open(`${home}/password`)).path).toContain('/stepup')
    const choice = person.form('item')
    await person.follow(
      await person.request(choice.action, { fields: { ...choice.fields, item: 'password' } }),
      choice.action,
    )
    expect(person.page.refusal).toBe('choice_missing')
  })

  test('a wrong code spends a try of five, and the sixth right one comes too late', async () => {
    const { account, person, home } = await signedIn()
    await person.open(`${home}/password`)
    await choose(person)
    const code = await world.readCode(account.email)
    for (let tries = 1; tries <= 5; tries += 1) await person.submit({ code: wrongCode(code, tries) })
    await person.submit({ code })
    expect(person.page.refusal).toBe('code_tries_spent')
    expect((await person.open(`${home}/password`)).path).toContain('/stepup')
  })

  test('the code can be sent again, or something else be chosen', async () => {
    const { account, person, home } = await signedIn()
    await person.open(`${home}/password`)
    await choose(person)
    await world.advance(seconds(31))
    await person.press('resend')
    expect(await world.inbox(account.email)).toHaveLength(2)
    await person.press('other')
    expect(person.page.text).toContain('name="item"')
    await choose(person)
    // The code before ends with the new one: it opens nothing, and is not sent where it wasn't yet.
    expect(
      await world.sql`
        select state from verification where destination = ${account.email} order by created_at`,
    ).toEqual([{ state: 'cancelled' }, { state: 'pending' }])
  })

  test('where it would come back to is a page of the same account, whatever the address says', async () => {
    const { account, person, home } = await signedIn()
    for (const to of ['//evil.example/', '/account', '/signin', '/account/somebodyelse/password']) {
      await person.open(`${home}/stepup?for=change_password&return_to=${encodeURIComponent(to)}`)
      expect(person.form('item').fields.return_to).toBe(home)
    }
    expect((await person.open(`${home}/stepup?for=see_account`)).path).toBe(home)
    expect(await world.inbox(account.email)).toHaveLength(0)
  })
})

describe('a session that has risen', () => {
  test('has a new cookie, and the old one is worth nothing', async () => {
    const { account, person, home } = await signedIn()
    await person.open(`${home}/password`)
    await choose(person)
    const before = person.copy()
    const old = person.cookies.get(sessionCookie(home))
    await person.submit({ code: await world.readCode(account.email) })
    expect(person.cookies.get(sessionCookie(home))).not.toBe(old)
    expect(await person.isSignedIn()).toBe(true)
    expect(await before.isSignedIn()).toBe(false)
    expect((await before.open(`${home}/password`)).path).toContain('/signin')
  })

  test('answers two clicks on its last form alike: both tabs stay signed in, and one try is spent', async () => {
    const { account, person, home } = await signedIn()
    await person.open(`${home}/password`)
    await choose(person)
    const { action, fields } = person.form('code')
    const sent = { fields: { ...fields, code: await world.readCode(account.email) } }
    const other = person.copy()
    const answers = await Promise.all([person.request(action, sent), other.request(action, sent)])
    expect(answers.map((answer) => answer.headers.get('location'))).toEqual([
      `${home}/password`,
      `${home}/password`,
    ])
    expect(other.cookies.get(sessionCookie(home))).toBe(person.cookies.get(sessionCookie(home)))
    expect(await person.isSignedIn()).toBe(true)
  })

  test('answers the last form again, from the cookie of before, for a minute', async () => {
    const { account, person, home } = await signedIn()
    await person.open(`${home}/password`)
    await choose(person)
    const { action, fields } = person.form('code')
    const sent = { fields: { ...fields, code: await world.readCode(account.email) } }
    const behind = person.copy()
    const late = person.copy()
    await person.request(action, sent)
    await behind.request(action, sent)
    expect(await behind.isSignedIn()).toBe(true)
    await world.advance(seconds(61))
    await late.request(action, sent)
    expect(await late.isSignedIn()).toBe(false)
  })

  test('is told apart from one whose browser is the same and whose cookie never was its own', async () => {
    const { account, person, home } = await signedIn()
    await person.open(`${home}/password`)
    await choose(person)
    const { action, fields } = person.form('code')
    const sent = { fields: { ...fields, code: await world.readCode(account.email) } }
    const planted = person.copy()
    const name = sessionCookie(home)
    const token = Buffer.from(planted.cookies.get(name) ?? '', 'base64url')
    token.fill(7, 32)
    planted.cookies.set(name, token.toString('base64url'))
    await person.request(action, sent)
    await planted.request(action, sent)
    expect(await planted.isSignedIn()).toBe(false)
  })

  test('stays signed in for as long as before: its cookie lasts where it lasted', async () => {
    const { account, person, home } = await signedIn()
    await person.open(`${home}/password`)
    await choose(person)
    await person.submit({ code: await world.readCode(account.email) })
    person.closeWindow()
    expect(await person.isSignedIn()).toBe(false)
  })
})

describe('S23: a proof for one account is nothing to another', () => {
  async function twoAccounts() {
    const one = await signedIn()
    const second = await makeAccount(world, `second${nth}@example.org`)
    const { person } = one
    await person.open('/signin')
    await person.submit({ username: second.email })
    await person.submit({ password })
    await choose(person)
    await person.submit({ code: await world.readCode(second.email) })
    return { ...one, second, secondHome: person.page.path }
  }

  test('a step-up of the first account is not found under the second’s address', async () => {
    const { account, person, home, secondHome } = await twoAccounts()
    await world.advance(minutes(11))
    await person.open(`${home}/password`)
    await choose(person)
    const flow = person.page.path
    const { fields } = person.form('code')
    const elsewhere = flow.replace(home, secondHome)
    expect((await person.open(elsewhere)).refusal).toBe('flow_ended')
    const code = await world.readCode(account.email)
    const answer = await person.request(elsewhere, { fields: { ...fields, code } })
    expect(answer.headers.get('countersign-error')).toContain('flow_ended')
    expect((await person.open(`${secondHome}/password`)).path).toContain('/stepup')
  })

  test('the first account’s proof raises the first alone', async () => {
    const { account, person, home, secondHome } = await twoAccounts()
    await world.advance(minutes(11))
    await person.open(`${home}/password`)
    await choose(person)
    await person.submit({ code: await world.readCode(account.email) })
    expect(person.page.path).toBe(`${home}/password`)
    expect((await person.open(`${secondHome}/password`)).path).toContain('/stepup')
  })

  test('an item of the second account can’t be chosen in the first', async () => {
    const { person, home, second } = await twoAccounts()
    await world.advance(minutes(11))
    await person.open(`${home}/password`)
    await person.submit({ item: second.itemId })
    expect(person.page.refusal).toBe('choice_missing')
  })

  test('a step-up that another browser began is not found', async () => {
    const { account, person, home } = await signedIn()
    await person.open(`${home}/password`)
    await choose(person)
    const { action, fields } = person.form('code')
    const code = await world.readCode(account.email)
    const stranger = await knownPerson(world, account)
    await signIn(stranger, account.email)
    await stranger.request(action, { fields: { ...fields, code } })
    expect((await stranger.open(`${stranger.page.path}/password`)).path).toContain('/stepup')
  })
})

test('an item younger than seven days changes no password in an older account', async () => {
  const { account, person, home } = await signedIn()
  await world.advance(days(8))
  await world.sql`update security_info set added_at = ${new Date(world.now - days(1))} where account_id = ${account.id}`
  await signIn(person, account.email)
  await person.open(`${home}/password`)
  expect(wordsOf(person.page.text).replaceAll('&#39;', "'")).toContain("This can't be proved yet")
})
