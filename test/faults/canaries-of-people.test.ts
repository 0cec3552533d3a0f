import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { HOTP, Secret } from 'otpauth'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { newAuthenticator } from '../support/authenticator.ts'
import { freePort, startCountersign, temporaryFolder, untilServing } from '../support/countersign.ts'
import { passkeyOptionsOn } from '../support/items.ts'
import { openNetwork } from '../support/network.ts'
import { cookieNamed, newPerson, type Person, type Sent } from '../support/person.ts'
import { openSmtpSink } from '../support/smtp-sink.ts'
import { publicUrl, wrongCode } from '../support/world.ts'
import { alone, type Canary, columnsOf, filesOf, sightings, text, written } from './canary.ts'
import { writePolicy } from './installation.ts'

const email = `owner-${randomBytes(6).toString('hex')}@people.test`
const passwords = ['lantern over 9 wharves', 'quite another one, 41 gulls']

/** A service of its own process with its own database, one person who uses it, and all that it sends and answers. */
async function startService() {
  const dataDir = join(temporaryFolder(), 'data')
  const sink = await openSmtpSink()
  onTestFinished(sink.close)
  const [port, metricsPort] = [await freePort(), await freePort()]
  const service = startCountersign(['serve'], {
    DATA_DIR: dataDir,
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    PUBLIC_URL: publicUrl,
    TRUSTED_PROXIES: '127.0.0.1',
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
    MAIL_FROM: 'codes@countersign.test',
    POLICY_FILE: writePolicy(dataDir.replace(/data$/, '')),
    LOG_LEVEL: 'trace',
  })
  await untilServing(`http://127.0.0.1:${port}`, 30_000, service)
  const network = openNetwork()
  onTestFinished(network.close)
  const visited: string[] = []
  const pages: { url: string; body: string; headers: Headers }[] = []
  const { request } = network.at(() => port)
  const app = {
    async request(...asked: Parameters<typeof request>): Promise<Response> {
      const answer = await request(...asked)
      visited.push(asked[0], answer.headers.get('location') ?? '')
      pages.push({ url: asked[0], body: await answer.clone().text(), headers: answer.headers })
      return answer
    },
  }
  const mailsOf = (to: string) =>
    Promise.all(
      sink.received
        .filter((mail) => mail.to[0] === to)
        .map(async ({ raw }) => (await simpleParser(raw)).text ?? ''),
    )
  return { service, dataDir, metricsPort, app, visited, pages, mailsOf }
}

type Service = Awaited<ReturnType<typeof startService>>

/** What only the person may know, as it comes up on their way. */
function openSecrets() {
  const secrets: Canary[] = []
  return {
    secrets,
    digits(what: string, code: string) {
      const half = code.length / 2
      secrets.push(
        alone(what, code),
        text(`${what}, in two groups`, `${code.slice(0, half)} ${code.slice(half)}`),
      )
    },
    words(what: string, words: string) {
      secrets.push(text(what, words))
    },
    bytes(what: string, bytes: Buffer) {
      secrets.push(...written(what, bytes))
    },
  }
}

test('nothing that proves a person, or that only they were told, is found in tables, data files, logs, metrics or addresses', async () => {
  const started = await startService()
  const { service, dataDir, app, mailsOf, visited, pages } = started
  const { secrets, digits, words, bytes } = openSecrets()
  const person = newPerson({ app })
  let codes = 0

  /** The next code that comes by mail. */
  async function nextCode(): Promise<string> {
    const code = await vi.waitFor(
      async () => {
        const all = (await mailsOf(email)).flatMap(
          (mail) => /^\s*(\d{3,4}) (\d{3,4})\s*$/m.exec(mail)?.slice(1, 3).join('') ?? [],
        )
        expect(all.length).toBeGreaterThan(codes)
        return all[codes]!
      },
      { timeout: 20_000, interval: 20 },
    )
    codes += 1
    digits('a mailed code', code)
    digits('a mailed code that was typed wrong', wrongCode(code))
    return code
  }
  const choose = (label: string) => {
    const item = new RegExp(`value="([0-9a-f-]{36})"[^>]*><b>${label}`).exec(person.page.text)?.[1]
    return person.submit({ item: item ?? '' })
  }
  const recoveryCodeShown = (): string => {
    const shown = /[A-Z2-7]{5}(-[A-Z2-7]{5}){4}/.exec(person.page.text)?.[0] ?? ''
    expect(shown).toHaveLength(29)
    words('a recovery code, in groups', shown)
    words('a recovery code', shown.replaceAll('-', ''))
    return shown
  }
  const noteCookies = () => {
    for (const [name, value] of person.cookies) {
      if (!/^__Host-(browser|account-)/.test(name)) continue
      words(`the cookie ${name.slice(7, 15)}`, value)
      bytes('the secret in a cookie', Buffer.from(value, 'base64url').subarray(-32))
    }
  }

  for (const password of passwords) words('a password', password)

  // An account; a step-up by mail; an app, a passkey, two-step verification.
  await person.open('/signup')
  await person.submit({ email })
  const first = await nextCode()
  await person.submit({ code: wrongCode(first) })
  await person.submit({ code: first })
  await person.submit({ password: passwords[0]! })
  const home = person.page.path
  noteCookies()
  const after = encodeURIComponent(`${home}/security/totp`)
  await person.open(`${home}/stepup?for=set_up_totp&return_to=${after}`)
  await person.submit({ item: person.form('item').fields.item ?? '' })
  const stepUp = await nextCode()
  await person.submit({ code: wrongCode(stepUp) })
  await person.submit({ code: stepUp })
  noteCookies()
  expect(person.page.path).toBe(`${home}/security/totp`)
  const [, grouped = ''] =
    /<bdo[^>]*class="digits-shown long"[^>]*>([A-Z2-7 ]+)</.exec(person.page.text) ?? []
  const seed = grouped.replaceAll(' ', '')
  words('the seed of an app', seed)
  words('the seed of an app, in groups', grouped)
  bytes('the seed of an app', Buffer.from(Secret.fromBase32(seed).bytes))
  const step = Math.floor(Date.now() / 30_000)
  const codeAt = (ahead: number) => HOTP.generate({ secret: Secret.fromBase32(seed), counter: step + ahead })
  for (const ahead of [-1, 0, 1]) digits('a code of the app', codeAt(ahead))
  await person.submit({ code: codeAt(0) })

  await person.open(`${home}/security/passkey`)
  const key = newAuthenticator()
  const making = passkeyOptionsOn(person.page)
  bytes("a passkey's challenge", Buffer.from(making.challenge, 'base64url'))
  await person.submit({ credential: key.create(making) })
  await person.open(`${home}/security/two-step/on`)
  await person.submit({ make: person.form('make').fields.make ?? '' })
  const recoveryCode = recoveryCodeShown()

  // In again: a wrong code of the app, a right one with trust asked for; the recovery code; the passkey alone.
  const signIn = async (password: string) => {
    await person.open('/signin')
    await person.submit({ username: email })
    await person.submit({ password })
  }
  await signIn(passwords[0]!)
  await choose('Code from an authenticator app')
  await person.submit({ code: wrongCode(codeAt(0)) })
  await person.press('other')
  await choose('Recovery code')
  await person.submit({ recovery_code: recoveryCode })
  recoveryCodeShown()
  await person.press('saved')
  noteCookies()
  const byPasskey = async (): Promise<string> => {
    await person.open('/signin')
    const asked = passkeyOptionsOn(person.page)
    bytes("a passkey's challenge", Buffer.from(asked.challenge, 'base64url'))
    const { fields } = person.form('offer')
    const credential = key.get(asked)
    await person.follow(
      await person.request('/signin/passkey', { fields: { ...fields, credential } }),
      '/signin/passkey',
    )
    expect(await person.isSignedIn()).toBe(true)
    noteCookies()
    return credential
  }
  const credential = await byPasskey()
  await person.open(`${home}/password`)
  await person.submit({ current: passwords[0]!, next: passwords[1]! })
  expect(person.page.path).toContain('done=password')

  // What was told to the owner, and what it takes to stop it.
  const notice = await vi.waitFor(
    async () =>
      (await mailsOf(email)).findLast((mail) => mail.includes('/changes/')) ??
      Promise.reject(new Error('none')),
    { timeout: 20_000 },
  )
  const path = /\/changes\/([\w-]{43})/.exec(notice)?.[0] ?? ''
  const reference = /\b[2-8a-fhjkmnp-tv-z]{3}-[2-8a-fhjkmnp-tv-z]{2}\b/.exec(notice)?.[0] ?? ''
  const reader = newPerson({ app })
  await reader.open(path)
  await reader.submit({ reference: 'AAA-AA' })
  await reader.submit({ reference })
  // That ended the session which the change was made in.
  await byPasskey()
  await misplaceEverything(person, home, [recoveryCode, seed, stepUp, passwords[1]!, credential])

  const token = text("a notice's link", path.split('/')[2] ?? '')
  const printed = [token, text("a notice's reference", reference)]
  await expectNowhere(started, secrets, printed)
  const own = visited.filter((url) => !url.includes('misplaced'))
  expect(sightings([['addresses', Buffer.from(own.join('\n'))]], secrets)).toEqual([])
  // Whatever shows one of them is kept by nobody on the way.
  const showing = pages.filter(
    ({ url, body }) => !url.includes('misplaced') && sightings([['', Buffer.from(body)]], secrets).length > 0,
  )
  expect(showing.length).toBeGreaterThan(4)
  for (const { url, headers } of showing) {
    expect([url, headers.get('cache-control')]).toEqual([url, 'no-store'])
    // Within our own pages it is how a form is known to come from one of them, where a browser says nothing else.
    expect(['no-referrer', 'same-origin'], url).toContain(headers.get('referrer-policy'))
  }

  async function expectNowhere(from: Service, all: readonly Canary[], links: readonly Canary[]) {
    const metrics = Buffer.from(await (await fetch(`http://127.0.0.1:${from.metricsPort}/metrics`)).text())
    const { connection } = JSON.parse(readFileSync(join(dataDir, 'running.json'), 'utf8'))
    const columns = await columnsOf(connection)
    await expectOpensNothing(connection, person, home)
    const whileRunning = filesOf(join(dataDir, 'postgres'))
    service.kill('SIGTERM')
    const { stdout, stderr } = await service.ended
    const logs = [
      ['standard output', Buffer.from(stdout)],
      ['standard error', Buffer.from(stderr)],
      ['/metrics', metrics],
    ] as const
    expect(stdout.length).toBeGreaterThan(10_000)
    expect(all.length).toBeGreaterThan(60)
    expect(sightings(logs, [...all, ...links, text('the address', email)])).toEqual([])
    expect(sightings(columns, [...all, links[0]!])).toEqual([])
    expect(sightings([...whileRunning, ...filesOf(join(dataDir, 'postgres'))], [...all, links[0]!])).toEqual(
      [],
    )
    // The search finds what is there: the address in its column and in the files.
    const there = [text('the address', email)]
    expect(sightings(columns, there)).toContain('the address in security_info.address')
    expect(sightings(whileRunning, there).length).toBeGreaterThan(0)
  }
})

/** Secrets typed where they don't belong: into addresses, other fields, cookies and headers. */
async function misplaceEverything(person: Person, home: string, secrets: readonly string[]): Promise<void> {
  const { form } = (await person.open(home)).forms.find(({ fields }) => 'form' in fields)?.fields ?? {}
  for (const secret of secrets) {
    const query = encodeURIComponent(secret)
    const sents: [string, Sent][] = [
      [`/misplaced/${query}?code=${query}`, {}],
      [`${home}?misplaced=${query}`, {}],
      [`/signin?misplaced=${query}`, { fields: { username: secret } }],
      [`${home}/security/items/${query}?misplaced`, {}],
      [`${home}/security/totp?misplaced`, { fields: { form: form ?? '', code: secret, sealed: secret } }],
      [`${home}/security/recovery-code?misplaced`, { fields: { form: form ?? '', make: secret } }],
      [`${home}/stepup/${query}?misplaced`, { fields: { code: secret } }],
      [`/changes/${query}?misplaced`, { fields: { reference: secret } }],
      ['/signin/passkey?misplaced', { fields: { credential: secret } }],
      ['/?misplaced', { headers: { Cookie: `${cookieNamed('browser')}=${query}`, 'X-Misplaced': query } }],
      ['/?misplaced', { headers: { 'User-Agent': query, 'Accept-Language': query } }],
    ]
    for (const [path, sent] of sents)
      expect((await person.copy().request(path, sent)).status).toBeLessThan(500)
  }
}

/** S42: what the tables hold of sessions and browsers, sent as if it were the cookies themselves, opens nothing. */
async function expectOpensNothing(connection: pg.ClientConfig, person: Person, home: string): Promise<void> {
  const client = new pg.Client(connection)
  await client.connect()
  const { rows } = await client.query<{
    account_id: string
    id: string
    secret_hash: Buffer
    browser: Buffer
  }>('select account_id, id, secret_hash, browser from session where ended_at is null')
  await client.end()
  const name = cookieNamed(`account-${home.split('/')[2]}`)
  const right = person.cookies.get(cookieNamed('browser'))
  expect(rows.length).toBeGreaterThan(0)
  expect(await person.isSignedIn()).toBe(true)
  for (const row of rows) {
    const ids = Buffer.from(`${row.account_id}${row.id}`.replaceAll('-', ''), 'hex')
    const cookie = Buffer.concat([ids, row.secret_hash]).toString('base64url')
    for (const browser of [row.browser.toString('base64url'), right]) {
      const Cookie = `${cookieNamed('browser')}=${browser}; ${name}=${cookie}`
      const answer = await person.request(home, { headers: { Cookie } })
      expect(answer.headers.get('location')).toMatch(/^\/signin/)
    }
  }
}
