import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { days, hours, minutes } from '../../src/core/time.ts'
import { endOthers } from '../../src/operations/activity/signed-in-browsers.ts'
import { makeRecoveryCode, recoveryCodeForm } from '../../src/operations/security-info/make-recovery-code.ts'
import { requestPasskey, signInByPasskey } from '../../src/operations/sign-in/passkey-sign-in.ts'
import { openSession, readSession } from '../../src/operations/sign-in/sessions.ts'
import { stepUpFlowId } from '../../src/operations/sign-in/step-up.ts'
import {
  knownPerson,
  livingSessions,
  type MadeAccount,
  makeAccount,
  password,
  signIn,
} from '../support/accounts.ts'
import { putFlow, sourceOf } from '../support/flows.ts'
import { giveApp, givePasskey, giveTwoStep, passkeyOptionsOn } from '../support/items.ts'
import { cookieNamed, newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, publicUrl, type World } from '../support/world.ts'

let world: World
let nth = 0
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

type Owner = { account: MadeAccount; person: Person; home: string }

async function owner(): Promise<Owner> {
  nth += 1
  const account = await makeAccount(world, `stale${nth}@example.org`)
  await world.advance(days(8))
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  return { account, person, home: person.page.path }
}

/** Signed in to the same account in another browser. */
async function another({ account }: Owner): Promise<Person> {
  const person = await knownPerson(world, account)
  await signIn(person, account.email)
  return person
}

const sessionIn = async (person: Person, home: string) => {
  const handle = home.split('/').at(-1) ?? ''
  const cookie = person.cookies.get(cookieNamed(`account-${handle}`)) ?? ''
  const session = await readSession(world.deps, cookie, person.browser, handle)
  if (session === undefined) throw new Error('Nobody is signed in there.')
  return session
}

const codeHash = async ({ id }: MadeAccount) =>
  (
    await world.sql<{ hash: string }>`
      select encode(code_hash, 'hex') as hash from security_info
      where account_id = ${id} and kind = 'recovery_code'`
  )[0]?.hash

describe('a session that is ended while its form is under way', () => {
  test('a form whose last bytes come after "sign out everywhere" does nothing', async () => {
    const one = await owner()
    const thief = await another(one)
    const home = thief.page.path
    await thief.open(`${home}/sessions`)
    const { action, fields } = thief.form('form', 'session')
    const text = new URLSearchParams({ ...fields, session: 'others' }).toString()
    const slow = Promise.withResolvers<void>()
    const body = new ReadableStream({
      async start(out) {
        out.enqueue(new TextEncoder().encode(text.slice(0, 10)))
        await slow.promise
        out.enqueue(new TextEncoder().encode(text.slice(10)))
        out.close()
      },
    })
    const headers = {
      Host: new URL(publicUrl).host,
      Accept: 'text/html',
      'Sec-Fetch-Site': 'same-origin',
      Origin: publicUrl,
      'Content-Type': 'application/x-www-form-urlencoded',
      Cookie: [...thief.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    }
    const sending = world.app.request(
      publicUrl + action,
      { method: 'POST', headers, body, duplex: 'half' } as RequestInit,
      { incoming: { socket: { remoteAddress: thief.ip } } },
    )
    const [session, requester] = [await sessionIn(one.person, one.home), sourceOf(one.person.browser)]
    await endOthers(world.deps, session, requester, world.now)
    slow.resolve()
    const answer = await sending
    expect(answer.headers.get('location')).toContain('/signin')
    expect(await one.person.isSignedIn()).toBe(true)
  })

  test('a change that it had begun is not made', async () => {
    const one = await owner()
    const thief = await another(one)
    const session = await sessionIn(thief, thief.page.path)
    await endOthers(
      world.deps,
      await sessionIn(one.person, one.home),
      sourceOf(one.person.browser),
      world.now,
    )
    const form = recoveryCodeForm(world.now)
    const made = await makeRecoveryCode(world.deps, session, form, sourceOf(thief.browser), world.now)
    expect(made).toMatchObject({ ok: false, refusal: { code: 'form_stale' } })
    expect(await codeHash(one.account)).toBeUndefined()
    await endOthers(world.deps, session, sourceOf(thief.browser), world.now)
    expect(await one.person.isSignedIn()).toBe(true)
  })

  test('a sign-in that was gone through before opens none after', async () => {
    const one = await owner()
    const before = await livingSessions(world, one.account.id)
    const late = newPerson(world)
    await late.open('/signin')
    const done = {
      kind: 'signed_in' as const,
      accountId: one.account.id,
      proofs: [{ kind: 'email_code' as const, at: world.now, itemId: one.account.itemId }],
      trust: true,
      keep: false,
      returnTo: undefined,
      at: world.now,
    }
    const flow = await putFlow(world, done, late.browser)
    await world.advance(1000)
    await endOthers(
      world.deps,
      await sessionIn(one.person, one.home),
      sourceOf(one.person.browser),
      world.now,
    )
    const opened = await openSession(world.deps, sourceOf(late.browser), flow.id, done, world.now)
    expect(opened).toBe('outdated')
    expect(await livingSessions(world, one.account.id)).toBe(before)
  })
})

test('the id of a step-up is nobody’s to choose: what it sends goes when its time comes, and nothing else', async () => {
  const one = await owner()
  const session = await sessionIn(one.person, one.home)
  expect(stepUpFlowId(world.deps, session, one.account.id)).not.toBe(one.account.id)
  await one.person.open(`${one.home}/stepup?for=add_item`)
  const begin = one.person.form('flow')
  await one.person.follow(
    await one.person.request(begin.action, {
      fields: { ...begin.fields, flow: one.account.id, item: one.account.itemId },
    }),
    begin.action,
  )
  expect(one.person.page.path).not.toContain(one.account.id)
  const [asked] = await world.sql<{ count: number }>`
    select count(*)::int as count from verification where subject = ${one.account.id}`
  expect(asked?.count).toBe(0)
})

describe('two-step verification', () => {
  test('that is on makes no new recovery code unseen', async () => {
    const one = await owner()
    await giveApp(world, one.account)
    await one.person.open(`${one.home}/security/two-step/on`)
    await one.person.submit({ item: one.account.itemId })
    await one.person.submit({ code: await world.readCode(one.account.email) })
    const first = one.person.form('make')
    await one.person.submit({ make: first.fields.make ?? '' })
    const hash = await codeHash(one.account)
    expect(hash).toBeDefined()
    await world.advance(minutes(1))
    const another = { ...first.fields, make: recoveryCodeForm(world.now) }
    const again = await one.person.request(first.action, { fields: another })
    expect(again.headers.get('countersign-error')).toContain('form_stale')
    expect(await codeHash(one.account)).toBe(hash)
    const same = await one.person.request(first.action, { fields: first.fields })
    expect(await same.text()).toContain('digits-shown')
  })

  test('is not turned off over a password that is too short to be alone', async () => {
    const one = await owner()
    await giveApp(world, one.account)
    await giveTwoStep(world, one.account)
    await one.person.open(`${one.home}/password`)
    await one.person.submit({ item: one.account.itemId })
    await one.person.submit({ code: await world.readCode(one.account.email) })
    await one.person.submit({ current: password, next: 'gull7lamp' })
    await one.person.open(`${one.home}/security/two-step/off`)
    expect(wordsOf(one.person.page.text)).toContain('A longer password comes first')
    const form = one.person.page.forms[0]?.fields.form ?? (await formOf(one))
    const answer = await one.person.request(`${one.home}/security/two-step/off`, { fields: { form } })
    expect(answer.headers.get('countersign-error')).toContain('password_short')
    await one.person.open(`${one.home}/password?leads_to=two_step_off`)
    expect((await one.person.submit({ current: 'gull7lamp', next: 'gull8lamp' })).refusal).toBe(
      'password_short',
    )
    await one.person.submit({ current: 'gull7lamp', next: 'nine loud starlings on a wire' })
    expect(one.person.page.path).toBe(`${one.home}/security/two-step/off`)
    await one.person.submit({})
    expect(one.person.page.path).toContain('done=off')
  })

  const formOf = async ({ person, home }: Owner) =>
    (await person.open(`${home}/sessions`)).forms[0]?.fields.form ?? ''
})

describe('what is refused is told to the account', () => {
  const causes = async ({ id }: MadeAccount) =>
    (
      await world.sql<{ kind: string; cause: string }>`
        select kind, detail->>'cause' as cause from activity
        where subject = ${id} and application_id is null and detail ? 'cause' order by at, id`
    ).map(({ kind, cause }) => `${kind} ${cause}`)

  test('a copied passkey whose counter went back, and one that is no right answer', async () => {
    const one = await owner()
    const key = await givePasskey(world, one.account)
    const stranger = newPerson(world)
    await stranger.open('/signin')
    const options = passkeyOptionsOn(stranger.page)
    const { fields } = stranger.form('offer')
    const credential = key.get({ ...options, challenge: 'another' })
    const answer = await stranger.request('/signin/passkey', { fields: { ...fields, credential } })
    expect(answer.headers.get('countersign-error')).toContain('passkey_refused')
    expect(await causes(one.account)).toEqual(['sign_in_refused passkey_refused'])
  })

  test('a wrong proof before a sensitive act, and a wrong password before another is chosen', async () => {
    const one = await owner()
    await one.person.open(`${one.home}/password`)
    await one.person.submit({ item: one.account.itemId })
    const code = await world.readCode(one.account.email)
    await one.person.submit({ code: code === '000000' ? '000001' : '000000' })
    await one.person.submit({ code })
    await one.person.submit({ current: 'something else entirely', next: 'nine loud starlings on a wire' })
    expect(one.person.page.refusal).toBe('password_wrong')
    expect((await causes(one.account)).sort()).toEqual([
      'proof_refused code_wrong',
      'proof_refused password_wrong',
    ])
    await one.person.open(`${one.home}/activity`)
    expect(wordsOf(one.person.page.text)).toContain('A proof failed in your account')
  })
})

test('a passkey’s proof is dated by the database, whatever the clock of the process that took it', async () => {
  const one = await owner()
  const key = await givePasskey(world, one.account)
  const requester = sourceOf(one.person.browser)
  const ahead = world.now + hours(1)
  const { offer, options } = requestPasskey(world.deps, requester, ahead)
  const credential = key.get(options)
  const signedIn = await signInByPasskey(
    world.deps,
    { offer, credential, keep: false, returnTo: undefined },
    { requester, now: ahead },
  )
  expect(signedIn.ok && signedIn.value.state.proofs[0]?.at).toBe(world.now)
})

test('a notice’s page with nothing typed spends no try, however often a scanner presses its button', async () => {
  const one = await owner()
  const thief = newPerson(world)
  await signIn(thief, one.account.email)
  await thief.submit({ item: one.account.itemId })
  await thief.submit({ code: await world.readCode(one.account.email) })
  const notice = (await world.inbox(one.account.email)).findLast(({ code }) => code === '')
  const path = /https:\/\/codes\.harbour\.test(\/changes\/[\w-]{43})/.exec(notice?.text ?? '')?.[1] ?? ''
  const scanner = newPerson(world)
  await scanner.open(path)
  for (const reference of ['', ' ', '1', 'your reference here', '', '', '', '', '', '', '', '']) {
    expect((await scanner.submit({ reference })).refusal).toBe('reference_wrong')
  }
  expect((await scanner.submit({ reference: notice?.reference ?? '' })).refusal).toBeUndefined()
})
