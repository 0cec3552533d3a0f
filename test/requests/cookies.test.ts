import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../src/secrets/random.ts'
import { sessionTokenOf } from '../../src/secrets/tokens.ts'
import {
  knownPerson,
  livingSessions,
  makeAccount,
  password,
  signIn,
  signInByCode,
} from '../support/accounts.ts'
import { cookieNamed, newPerson, type Person } from '../support/person.ts'
import { openWorld, type World } from '../support/world.ts'

/** Session fixation (S19) and cookies that somebody else put there (S20). */
let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

async function signedIn() {
  nth += 1
  const account = await makeAccount(world, `owner${nth}@example.org`)
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  const home = person.page.path
  const name = cookieNamed(`account-${home.split('/')[2]}`)
  return { account, person, home, name, token: person.cookies.get(name) ?? '' }
}

/** The cookies as a browser sends them. */
const headerOf = (person: Person): string =>
  [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')

/** Whether a request with this cookie header is signed in. */
async function isIn(home: string, cookie: string): Promise<boolean> {
  const answer = await newPerson(world).request(home, { headers: { Cookie: cookie } })
  expect(answer.status).toBeLessThan(500)
  return answer.status === 200
}

test('every sign-in has a token of its own, and the one before is dead', async () => {
  const { account, person, home, name } = await signedIn()
  const seen = new Set<string>()
  for (let times = 0; times < 5; times += 1) {
    const token = person.cookies.get(name) ?? ''
    expect(token).toMatch(/^[\w-]{86}$/)
    expect(seen.has(token)).toBe(false)
    seen.add(token)
    const old = headerOf(person)
    expect(await isIn(home, old)).toBe(true)
    await signIn(person, account.email)
    expect(await isIn(home, old)).toBe(false)
    expect(await livingSessions(world, account.id)).toBe(1)
  }
})

test("a session's cookie that was planted before the sign-in is not the one after", async () => {
  const attacker = await signedIn()
  const victim = await makeAccount(world, 'victim@example.org')
  const person = newPerson(world, { cookies: attacker.person.cookies })
  await signInByCode(world, person, victim.email)
  const home = person.page.path
  expect(home).not.toBe(attacker.home)
  expect(await isIn(home, headerOf(attacker.person))).toBe(false)
  const made = sessionTokenOf(world.deps.keyring.current(), victim.id, newId()).text
  const handle = cookieNamed(`account-${home.split('/')[2]}`)
  person.cookies.set(handle, made)
  expect(await isIn(home, headerOf(person))).toBe(false)
  await signIn(person, victim.email)
  expect(person.cookies.get(handle)).not.toBe(made)
  expect(await isIn(home, headerOf(person))).toBe(true)
})

test("a browser's cookie that was planted opens nothing by itself, before the sign-in or after", async () => {
  const victim = await makeAccount(world, 'planted@example.org')
  const attacker = newPerson(world)
  await attacker.open('/signin')
  const person = newPerson(world, { cookies: attacker.cookies })
  await signInByCode(world, person, victim.email)
  const { path } = person.page
  expect((await attacker.open('/account')).path).toMatch(/^\/signin/)
  expect((await attacker.open(path)).path).toMatch(/^\/signin/)
})

test("a session's cookie is worth nothing in another browser, under another handle, or for another account", async () => {
  const { person, home, name, token } = await signedIn()
  const browser = cookieNamed('browser')
  const mine = person.cookies.get(browser) ?? ''
  const other = newPerson(world)
  await other.open('/signin')
  const theirs = other.cookies.get(browser) ?? ''
  expect(await isIn(home, `${browser}=${mine}; ${name}=${token}`)).toBe(true)
  expect(await isIn(home, `${browser}=${theirs}; ${name}=${token}`)).toBe(false)
  expect(await isIn(home, `${name}=${token}`)).toBe(false)
  const second = await makeAccount(world, `second${nth}@example.org`)
  await signInByCode(world, person, second.email)
  const elsewhere = person.page.path
  const secondName = cookieNamed(`account-${elsewhere.split('/')[2]}`)
  expect(await isIn(elsewhere, `${browser}=${mine}; ${secondName}=${token}`)).toBe(false)
})

test('every bit of the token counts', async () => {
  const { person, home, name, token } = await signedIn()
  const bytes = Buffer.from(token, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit += 7) {
    const turned = Buffer.from(bytes)
    turned[bit >> 3]! ^= 1 << (bit & 7)
    const cookie = headerOf(person).replace(`${name}=${token}`, `${name}=${turned.toString('base64url')}`)
    expect(await isIn(home, cookie), `bit ${bit}`).toBe(false)
  }
})

test('a name that comes twice is refused, whichever comes first', async () => {
  const { person, home, name } = await signedIn()
  const right = headerOf(person)
  const browser = cookieNamed('browser')
  for (const extra of [
    `${name}=x`,
    `${name}=`,
    `${browser}=${'A'.repeat(43)}`,
    `${name}=${person.cookies.get(name)}`,
  ]) {
    expect(await isIn(home, `${extra}; ${right}`), extra).toBe(false)
    expect(await isIn(home, `${right}; ${extra}`), extra).toBe(false)
  }
})

test('cookies that a sibling host can set change nothing', async () => {
  const { person, home, name, token } = await signedIn()
  const right = headerOf(person)
  const bare = name.replace('__Host-', '')
  const tossed = Array.from({ length: 300 }, (_, at) => `tossed${at}=${at}`).join('; ')
  const corpus = [
    tossed,
    `${bare}=x`,
    `browser=${'B'.repeat(43)}`,
    `__host-browser=${'B'.repeat(43)}`,
    `__HOST-${bare}=x`,
    `__Secure-${bare}=x`,
    `$Version=1; ${bare}=x`,
    '$Version=1',
    `$Version="1"; $Path="/"`,
    'a="unclosed',
    'a="x; y="',
    'a=b=c; =d; e; ;;; =',
    `\u00a0${name}=x`,
    `x\u00a0${name}=x`,
    '__proto__=x; constructor=y; toString=z; hasOwnProperty=w',
    `${name}x=y`,
    `x${name}=y`,
    `${name.slice(0, -1)}=y`,
    `${cookieNamed('account-')}=x`,
    `${cookieNamed('account-__proto__')}=${token}`,
    `${cookieNamed('flow')}=../../account`,
    `${cookieNamed('flow')}=00000000-0000-0000-0000-000000000000`,
    `${cookieNamed('invitation')}=%00`,
    `${cookieNamed('language')}=xx; ${cookieNamed('time_zone')}=Not/AZone`,
    `${cookieNamed('language')}=%E0%A4%A; ${cookieNamed('time_zone')}=%E0%A4%A`,
    `theme=${'x'.repeat(4000)}`,
  ]
  for (const extra of corpus) {
    for (const cookie of [`${extra}; ${right}`, `${right}; ${extra}`]) {
      expect(await isIn(home, cookie), extra).toBe(true)
      for (const path of ['/', '/signin', '/signup', '/account', '/help']) {
        const answer = await newPerson(world).request(path, { headers: { Cookie: cookie } })
        expect(answer.status, `${path} ${extra}`).toBeLessThan(500)
        expect(answer.headers.getSetCookie().some((line) => line.startsWith(cookieNamed('browser')))).toBe(
          false,
        )
      }
    }
  }
})

test('names with a space before them that only Unicode knows are other names', async () => {
  const { person, home, name } = await signedIn()
  const right = headerOf(person)
  for (const space of ['\u2000', '\u3000', '\u0085', '\u00a0', '\ufeff', '\v', '\f']) {
    const bytes = Buffer.from(space).toString('latin1')
    for (const before of [bytes, `${bytes}${bytes}`]) {
      const planted = `${before}${name}=x; ${before}${cookieNamed('browser')}=${'B'.repeat(43)}`
      if (/[\v\f]/.test(planted)) continue
      expect(await isIn(home, `${planted}; ${right}`)).toBe(true)
      expect(await isIn(home, `${right}; ${planted}`)).toBe(true)
    }
  }
})

test('a quoted value is no value', async () => {
  const { person, home, name, token } = await signedIn()
  for (const value of [
    `"${token}"`,
    `"${token}`,
    `${token}"`,
    `'${token}'`,
    `${token},`,
    `${token}%3D`,
    `${token}\\`,
  ]) {
    expect(await isIn(home, headerOf(person).replace(token, value)), value).toBe(false)
    expect(
      await isIn(
        home,
        `${cookieNamed('browser')}=${person.cookies.get(cookieNamed('browser'))}; ${name}=${value}`,
      ),
    ).toBe(false)
  }
})

test('a browser that sends nonsense for its own cookie gets a new one', async () => {
  for (const value of ['', 'x', 'A'.repeat(42), 'A'.repeat(44), `"${'A'.repeat(43)}"`, '%41'.repeat(43)]) {
    const answer = await newPerson(world).request('/signin', {
      headers: { Cookie: `${cookieNamed('browser')}=${value}` },
    })
    const [line] = answer.headers.getSetCookie()
    expect(line).toMatch(
      /^__Host-browser=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=34560000$/,
    )
  }
})

test('every cookie is for this host alone, over https, and unseen by scripts', async () => {
  const { account, person } = await signedIn()
  const lines: string[] = []
  await person.open('/signin')
  for (const keep of [{ keep: 'yes' }, {}]) {
    await person.open('/signin')
    const begun = await person.request('/signin', {
      fields: { ...person.form('username').fields, username: account.email, ...keep },
    })
    lines.push(...begun.headers.getSetCookie())
    await person.follow(begun, '/signin')
    const { action, fields } = person.form('password')
    lines.push(...(await person.request(action, { fields: { ...fields, password } })).headers.getSetCookie())
  }
  expect(lines.length).toBeGreaterThanOrEqual(8)
  for (const line of lines) {
    expect(line).toMatch(/^__Host-[\w-]+=[\w-]*; Path=\/; HttpOnly; SameSite=Lax; Secure(; Max-Age=\d+)?$/)
  }
})
