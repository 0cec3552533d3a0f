import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, hours, minutes, seconds } from '../../src/core/time.ts'
import { knownPerson, type MadeAccount, makeAccount, password, signIn } from '../support/accounts.ts'
import { newAuthenticator } from '../support/authenticator.ts'
import { appOf, giveApp, giveTwoStep, passkeyOptionsOn } from '../support/items.ts'
import { cookieNamed, newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World, wrongCode } from '../support/world.ts'

let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

/** Somebody signed in who has just proved their address, so that nothing is asked for first. */
async function provedOwner(more: (account: MadeAccount) => Promise<unknown> = async () => {}) {
  nth += 1
  const account = await makeAccount(world, `setup${nth}@example.org`)
  await more(account)
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  if (person.page.text.includes('name="item"')) await proveByMail(person, account)
  const home = person.page.path
  await person.open(`${home}/security/two-step/off`)
  if (person.page.path.includes('/stepup')) await proveByMail(person, account)
  return { account, person, home }
}

async function proveByMail(person: Person, account: MadeAccount) {
  await person.submit({ item: account.itemId })
  await person.submit({ code: await world.readCode(account.email) })
}

const kindsOf = async (account: MadeAccount): Promise<string[]> =>
  (
    await world.sql<{ kind: string }>`
      select kind from security_info where account_id = ${account.id} order by added_at, kind`
  ).map(({ kind }) => kind)

/** The key that stands on the page for those who can't scan. */
const keyOn = (person: Person): string =>
  /<bdo[^>]*class="digits-shown long"[^>]*>([A-Z2-7 ]+)</.exec(person.page.text)?.[1]?.replaceAll(' ', '') ??
  ''

const codeOn = (person: Person): string =>
  /[A-Z2-7]{5}(-[A-Z2-7]{5}){4}/.exec(person.page.text)?.[0].replaceAll('-', '') ?? ''

describe('an authenticator app', () => {
  test('is drawn as a QR code and as a key, and counts once it has shown a right code', async () => {
    const { account, person, home } = await provedOwner()
    await person.open(`${home}/security/totp`)
    expect(person.page.text).toMatch(/<svg class="qr"/)
    const app = appOf(world, '', keyOn(person))
    expect(person.page.text).toContain(`otpauth://totp/Harbour:`)
    await person.submit({ name: 'Old phone', code: wrongCode(app.code()) })
    expect(person.page.refusal).toBe('totp_wrong')
    expect(await kindsOf(account)).toEqual(['email'])
    expect(keyOn(person)).toBe(app.seed)
    expect(person.page.text).toContain('value="Old phone"')
    await person.submit({ code: app.code() })
    expect(await kindsOf(account)).toEqual(['email', 'totp'])
    expect(await world.inbox(account.email)).toContainEqual(
      expect.objectContaining({ text: expect.stringContaining('Old phone') }),
    )
  })

  test('a reload shows the same key, also in another tab, until it is taken up or an hour old', async () => {
    const { account, person, home } = await provedOwner()
    await person.open(`${home}/security/totp`)
    const scanned = keyOn(person)
    const tab = await (await person.request(`${home}/security/totp`)).text()
    expect(tab).toContain(`secret=${scanned}`)
    await world.advance(minutes(9))
    await person.open(`${home}/security/totp`)
    expect(keyOn(person)).toBe(scanned)
    await person.submit({ code: appOf(world, '', scanned).code() })
    expect(await kindsOf(account)).toEqual(['email', 'totp'])

    await person.open(`${home}/security/totp`)
    const second = keyOn(person)
    expect(second).not.toBe(scanned)
    await world.advance(hours(1))
    await person.open(`${home}/security/totp`)
    if (person.page.path.includes('/stepup')) await proveByMail(person, account)
    expect(keyOn(person)).toHaveLength(32)
    expect(keyOn(person)).not.toBe(second)
  })

  test('another session is offered another key, whatever cookie it brings', async () => {
    const { account, person, home } = await provedOwner()
    await person.open(`${home}/security/totp`)
    const [first, name = ''] = [keyOn(person), cookieNamed(`totp-${home.split('/')[2]}`)]
    const elsewhere = await knownPerson(world, account)
    await signIn(elsewhere, account.email)
    const otherHome = elsewhere.page.path
    elsewhere.cookies.set(cookieNamed(`totp-${otherHome.split('/')[2]}`), person.cookies.get(name) ?? '')
    await elsewhere.open(`${otherHome}/security/totp`)
    if (elsewhere.page.path.includes('/stepup')) await proveByMail(elsewhere, account)
    expect(keyOn(elsewhere)).toHaveLength(32)
    expect(keyOn(elsewhere)).not.toBe(first)
  })

  test('two of one account have labels that differ', async () => {
    const { account, person, home } = await provedOwner()
    const labels: (string | undefined)[] = []
    for (let apps = 0; apps < 3; apps += 1) {
      await person.open(`${home}/security/totp`)
      labels.push(decodeURIComponent(/otpauth:\/\/totp\/([^?"]*)/.exec(person.page.text)?.[1] ?? ''))
      await person.submit({ code: appOf(world, '', keyOn(person)).code() })
    }
    expect(await kindsOf(account)).toEqual(['email', 'totp', 'totp', 'totp'])
    expect(labels[0]).toBe(`Harbour:${account.email}`)
    expect(labels[1]).toMatch(/^Harbour:setup\d+@example\.org \([0-9a-f]{4}\)$/)
    expect(new Set(labels).size).toBe(3)
    const names = await world.sql<{ name: string }>`
      select name from security_info where account_id = ${account.id} and kind = 'totp'`
    expect(new Set(names.map(({ name }) => name)).size).toBe(3)
  })

  test('the code that set it up signs nobody in', async () => {
    const { account, person, home } = await provedOwner()
    await person.open(`${home}/security/totp`)
    const app = appOf(world, '', keyOn(person))
    const code = app.code()
    await person.submit({ code })
    const [item] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${account.id} and kind = 'totp'`
    const stranger = newPerson(world)
    await signIn(stranger, account.email)
    await stranger.submit({ item: item?.id ?? '' })
    await stranger.submit({ code })
    expect(stranger.page.refusal).toBe('totp_used')
    await world.advance(seconds(30))
    await stranger.submit({ code: app.code() })
    expect(await stranger.isSignedIn()).toBe(true)
  })

  test('a form sent twice adds it once; one of another account, or an hour old, adds nothing', async () => {
    const { account, person, home } = await provedOwner()
    const other = await provedOwner()
    await person.open(`${home}/security/totp`)
    const app = appOf(world, '', keyOn(person))
    const { action, fields } = person.form('sealed')
    const sent = { fields: { ...fields, code: app.code() } }
    await Promise.all([person.request(action, sent), person.request(action, sent)])
    expect(await kindsOf(account)).toEqual(['email', 'totp'])

    await other.person.open(`${other.home}/security/totp`)
    await other.person.submit({ sealed: fields.sealed ?? '', code: app.code() })
    expect(other.person.page.refusal).toBe('form_stale')
    expect(await kindsOf(other.account)).toEqual(['email'])

    await other.person.open(`${other.home}/security/totp`)
    const late = other.person.form('sealed')
    await world.advance(hours(1))
    await other.person.open(`${other.home}/security/totp`)
    if (other.person.page.path.includes('/stepup')) await proveByMail(other.person, other.account)
    await other.person.submit({ sealed: late.fields.sealed ?? '', code: '000000' })
    expect(other.person.page.refusal).toBe('form_stale')
  })
})

describe('a passkey', () => {
  test('is made for the account, and signs in alone from then on', async () => {
    const { account, person, home } = await provedOwner()
    await person.open(`${home}/security/passkey`)
    const key = newAuthenticator()
    const options = passkeyOptionsOn(person.page)
    expect(options).toMatchObject({ attestation: 'none', rp: { id: 'codes.harbour.test', name: 'Harbour' } })
    await person.submit({ credential: key.create(options), name: 'Key on my ring' })
    expect(await kindsOf(account)).toEqual(['email', 'passkey'])

    await person.open(`${home}/security/passkey`)
    expect(passkeyOptionsOn(person.page).excludeCredentials).toEqual([
      { type: 'public-key', id: key.id, transports: ['usb', 'nfc'] },
    ])
    const stranger = newPerson(world)
    await stranger.open('/signin')
    const { fields } = stranger.form('offer')
    const credential = key.get(passkeyOptionsOn(stranger.page))
    await stranger.follow(
      await stranger.request('/signin/passkey', { fields: { ...fields, credential } }),
      '/signin/passkey',
    )
    expect(await stranger.isSignedIn()).toBe(true)
    const [session] = await world.sql<{ proofs: object[] }>`
      select proofs from session where account_id = ${account.id} order by created_at desc, id limit 2`
    expect(session).toBeDefined()
  })

  test.each([
    ['another origin', { origin: 'https://codes.harbour.test.evil.example' }],
    ['plain http', { origin: 'http://codes.harbour.test' }],
    ['another port', { origin: 'https://codes.harbour.test:8443' }],
    ['another relying party', { rpId: 'harbour.test' }],
    ["another site's frame", { crossOrigin: true }],
    ["another site's frame, named", { topOrigin: 'https://evil.example' }],
    ['an assertion in its place', { type: 'webauthn.get' }],
    ['nobody present', { present: false }],
  ])('is refused where it says %s', async (_, said) => {
    const { account, person, home } = await provedOwner()
    await person.open(`${home}/security/passkey`)
    await person.submit({ credential: newAuthenticator().create(passkeyOptionsOn(person.page), said) })
    expect(person.page.refusal).toBe('passkey_refused')
    expect(await kindsOf(account)).toEqual(['email'])
  })

  test("is refused for another form's challenge, and made once for its own", async () => {
    const { account, person, home } = await provedOwner()
    await person.open(`${home}/security/passkey`)
    const before = passkeyOptionsOn(person.page)
    await person.open(`${home}/security/passkey`)
    await person.submit({ credential: newAuthenticator().create(before) })
    expect(person.page.refusal).toBe('passkey_refused')
    const { action, fields } = person.form('offer')
    const [key, other] = [newAuthenticator(), newAuthenticator()]
    const options = passkeyOptionsOn(person.page)
    const send = (credential: string) => person.request(action, { fields: { ...fields, credential } })
    const answers = await Promise.all([send(key.create(options)), send(key.create(options))])
    expect(answers.map((answer) => answer.status)).toEqual([303, 303])
    expect((await send(other.create(options))).headers.get('countersign-error')).toMatch(/^passkey_known/)
    expect(await kindsOf(account)).toEqual(['email', 'passkey'])
  })

  test.each(['', '{}', 'null', '[1]', '"x"', '{"id":"a","rawId":"a","type":"public-key"}', 'x'.repeat(9000)])(
    'what is none is refused: %s',
    async (credential) => {
      const { person, home } = await provedOwner()
      await person.open(`${home}/security/passkey`)
      await person.submit({ credential })
      expect(person.page.refusal).toBe('passkey_refused')
    },
  )

  test('and an app can be given another name', async () => {
    const { account, person, home } = await provedOwner((made) => giveApp(world, made, 'First name'))
    const [item] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${account.id} and kind = 'totp'`
    await person.open(`${home}/security/items/${item?.id}/name`)
    await person.submit({ name: `  Kitchen\u202e tablet ${'x'.repeat(60)}` })
    const [renamed] = await world.sql<{ name: string }>`select name from security_info where id = ${item?.id}`
    expect(renamed?.name).toBe(`Kitchen tablet ${'x'.repeat(25)}`)
    await person.open(`${home}/security/items/${account.itemId}/name`)
    expect(person.page.status).toBe(404)
  })
})

describe('a recovery code', () => {
  test('is shown once; a new one kills the old, and every contact is told', async () => {
    const { account, person, home } = await provedOwner()
    await person.open(`${home}/security/recovery-code`)
    await person.submit({ make: person.form('make').fields.make ?? '' })
    const first = codeOn(person)
    expect(first).toHaveLength(25)
    await world.advance(seconds(1))
    await person.open(`${home}/security/recovery-code`)
    expect(wordsOf(person.page.text)).toContain('You have one already')
    expect(codeOn(person)).toBe('')
    await person.submit({ make: person.form('make').fields.make ?? '' })
    const second = codeOn(person)
    expect(second).not.toBe(first)
    expect(await kindsOf(account)).toEqual(['email', 'recovery_code'])
    const told = (await world.inbox(account.email)).filter(({ text }) => text.includes('recovery code'))
    expect(told).toHaveLength(2)

    const [item] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${account.id} and kind = 'recovery_code'`
    await giveTwoStep(world, account)
    const other = newPerson(world)
    await signIn(other, account.email)
    await other.submit({ item: item?.id ?? '' })
    await other.submit({ recovery_code: first })
    expect(other.page.refusal).toBe('recovery_code_wrong')
    await other.submit({ recovery_code: second })
    await other.press('saved')
    expect(await other.isSignedIn()).toBe(true)
  })

  test('a double click shows the code that works both times; a page from before it makes none', async () => {
    const { person, home } = await provedOwner()
    await person.open(`${home}/security/recovery-code`)
    const early = person.form('make')
    await world.advance(seconds(1))
    await person.open(`${home}/security/recovery-code`)
    const { action, fields } = person.form('make')
    const send = async () => (await person.request(action, { fields })).text()
    const texts = await Promise.all([send(), send()])
    const codes = texts.map((text) => /[A-Z2-7]{5}(-[A-Z2-7]{5}){4}/.exec(text)?.[0])
    expect(codes[0]).toBeDefined()
    expect(codes[0]).toBe(codes[1])
    await world.advance(seconds(1))
    const stale = await person.request(early.action, { fields: early.fields })
    expect(stale.headers.get('countersign-error')).toMatch(/^form_stale/)
  })

  test('is made by no form that says it is of tomorrow: that one would never be older than the code there is', async () => {
    const { person, home } = await provedOwner()
    await person.open(`${home}/security/recovery-code`)
    const { action, fields } = person.form('make')
    const make = fields.make?.replace(/\d{13}$/, String(world.now + days(1))) ?? ''
    const answer = await person.request(action, { fields: { ...fields, make } })
    expect(answer.headers.get('countersign-error')).toMatch(/^form_stale/)
  })
})

describe('two-step verification', () => {
  test('needs two kinds, one of them a contact', async () => {
    const { person, home } = await provedOwner()
    await person.open(`${home}/security/two-step`)
    expect(wordsOf(person.page.text)).toContain('security info of two kinds')
    await person.open(`${home}/security/two-step/on`)
    expect(person.page.path).toBe(`${home}/security/two-step`)
  })

  test('is turned on with a recovery code, told to every contact, and asks from then on', async () => {
    const { account, person, home } = await provedOwner((made) => giveApp(world, made))
    await person.open(`${home}/security/two-step/on`)
    await person.submit({ make: person.form('make').fields.make ?? '' })
    expect(codeOn(person)).toHaveLength(25)
    await person.open(`${home}/security/two-step`)
    expect(wordsOf(person.page.text)).toContain('since 1 June 2026')
    await world.carried()
    expect((await world.inbox(account.email)).at(-1)?.text).toMatch(/two-step verification/i)
    await signIn(person, account.email)
    expect(person.page.text).toContain('name="item"')
    expect(wordsOf(person.page.text)).toContain('Recovery code')
  })

  test('turned on again where it is on, it makes no recovery code that nobody is told of', async () => {
    const { account, person, home } = await provedOwner((made) => giveApp(world, made))
    await person.open(`${home}/security/two-step/on`)
    const { action, fields } = person.form('make')
    await giveTwoStep(world, account)
    await world.advance(seconds(1))
    await person.open(`${home}/security/two-step/on`)
    expect(person.page.path).toBe(`${home}/security/two-step`)
    const again = await person.request(action, { fields })
    expect(again.headers.get('countersign-error')).toContain('form_stale')
    const codes = await world.sql`
      select 1 from security_info where account_id = ${account.id} and kind = 'recovery_code'`
    expect(codes).toEqual([])
  })

  test('of two who turn it on and take its second kind away at once, it is never on with one kind', async () => {
    const { account, person, home } = await provedOwner((made) => giveApp(world, made))
    await person.open(`${home}/security/two-step/on`)
    await world.sql`delete from security_info where account_id = ${account.id} and kind = 'totp'`
    await person.submit({ make: person.form('make').fields.make ?? '' })
    expect(person.page.refusal).toBe('two_step_kinds')
    const [row] = await world.sql<{ on: boolean }>`
      select two_step_at is not null as on from account where id = ${account.id}`
    expect(row?.on).toBe(false)
    expect(await kindsOf(account)).toEqual(['email'])
  })

  test('allows a password of eight characters, and asks for fifteen without', async () => {
    const change = async (person: Person, home: string) => {
      await person.open(`${home}/password`)
      expect(person.page.path).toBe(`${home}/password`)
      return person.submit({ current: password, next: 'kelp 9 ü' })
    }
    const one = await provedOwner()
    expect((await change(one.person, one.home)).refusal).toBe('password_short')
    const two = await provedOwner(async (made) => {
      await giveApp(world, made)
      await giveTwoStep(world, made)
    })
    await two.person.open(`${two.home}/password`)
    expect(wordsOf(two.person.page.text)).toContain('At least 8 characters')
    expect((await change(two.person, two.home)).refusal).toBeUndefined()
  })

  test('turned off, it asks no more, no browser is trusted any more, and every contact is told', async () => {
    const { account, person, home } = await provedOwner(async (made) => {
      await giveApp(world, made)
      await giveTwoStep(world, made)
    })
    await world.sql`update known_browser set trusted_at = now(), trust_used_at = now() where account_id = ${account.id}`
    await person.open(`${home}/security/two-step/off`)
    await person.submit({})
    expect(person.page.path).toBe(`${home}/security/two-step?done=off`)
    const [row] = await world.sql<{ trusted: number }>`
      select count(trusted_at)::int as trusted from known_browser where account_id = ${account.id}`
    expect(row?.trusted).toBe(0)
    await signIn(person, account.email)
    expect(await person.isSignedIn()).toBe(true)
  })
})

describe('two-step verification that was turned on', () => {
  const older = async () => {
    nth += 1
    const account = await makeAccount(world, `setup${nth}@example.org`)
    const app = await giveApp(world, account)
    await world.advance(days(30))
    const person = await knownPerson(world, account)
    await signIn(person, account.email)
    const home = person.page.path
    await person.open(`${home}/security/two-step/on`)
    await proveByMail(person, account)
    await person.submit({ make: person.form('make').fields.make ?? '' })
    const [change] = await world.sql<{ id: string }>`
      select id from change where account_id = ${account.id} and kind = 'two_step_on'`
    await world.advance(minutes(1))
    return { account, app, person, undo: `${home}/security/changes/${change?.id}/undo` }
  }
  const isOn = async (account: MadeAccount) => {
    const [row] = await world.sql<{ on: boolean }>`
      select two_step_at is not null as on from account where id = ${account.id}`
    return row?.on
  }

  test('is undone by an old contact alone in a session too only once that was announced for seven days', async () => {
    const { account, app, person, undo } = await older()
    await person.open(undo)
    expect(wordsOf(person.page.text)).toContain('Ask for it')
    await person.submit({})
    expect(person.page.path).toContain('done=announced')
    expect(await isOn(account)).toBe(true)
    await world.advance(days(7) - minutes(1))
    await signIn(person, account.email)
    await person.submit({ item: app.itemId })
    await person.submit({ code: app.code() })
    await world.advance(minutes(11))
    await person.open(undo)
    await proveByMail(person, account)
    await person.submit({})
    expect(await isOn(account)).toBe(false)
  })

  test('is undone at once by an app from before it', async () => {
    const { account, app, person, undo } = await older()
    await world.advance(minutes(11))
    await person.open(undo)
    if (!person.page.path.includes('/stepup'))
      await person.open(`${person.page.path.split('/security')[0]}/stepup?for=undo_change`)
    await person.submit({ item: app.itemId })
    await person.submit({ code: app.code() })
    await person.open(undo)
    await person.submit({})
    expect(await isOn(account)).toBe(false)
  })
})

describe('the list of trusted browsers', () => {
  test('shows each with since when, takes one or all away, and none of another account', async () => {
    const made = await provedOwner(async (account) => {
      await giveApp(world, account)
      await giveTwoStep(world, account)
    })
    const { account, person, home } = made
    const others = [await knownPerson(world, account), await knownPerson(world, account)]
    const stranger = await provedOwner()
    await world.sql`
      update known_browser set trusted_at = statement_timestamp(), trust_used_at = statement_timestamp()
      where account_id in (${account.id}, ${stranger.account.id})`
    await world.advance(minutes(1))
    await person.open(`${home}/trusted-browsers`)
    const keys = person.page.forms.map(({ fields }) => fields.browser).filter((key) => key !== undefined)
    expect(keys).toHaveLength(4)
    await stranger.person.open(`${stranger.home}/trusted-browsers`)
    await stranger.person.submit({ browser: keys[0] ?? '' })
    await person.open(`${home}/trusted-browsers`)
    expect(person.page.forms.filter(({ fields }) => fields.browser !== undefined)).toHaveLength(4)

    await signIn(others[0]!, account.email)
    expect(await others[0]!.isSignedIn()).toBe(true)
    await person.open(`${home}/trusted-browsers`)
    await person.submit({ browser: 'all' })
    expect(wordsOf(person.page.text)).toContain('There are none')
    await signIn(others[1]!, account.email)
    expect(await others[1]!.isSignedIn()).toBe(false)
  })

  test('one that nobody used for 60 days is not among them', async () => {
    const { account, person } = await provedOwner(async (made) => {
      await giveApp(world, made)
      await giveTwoStep(world, made)
    })
    await world.sql`
      update known_browser set trusted_at = statement_timestamp(), trust_used_at = statement_timestamp()
      where account_id = ${account.id}`
    await world.advance(days(60))
    await signIn(person, account.email)
    await proveByMail(person, account)
    await person.open(`${person.page.path}/trusted-browsers`)
    expect(wordsOf(person.page.text)).toContain('There are none')
  })
})
