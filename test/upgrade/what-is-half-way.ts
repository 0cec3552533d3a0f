import { describe, expect, test } from 'vitest'
import type { Person } from '../support/person.ts'
import { cast, type SavedFlow } from './fixture.ts'
import { appCode, type Installed, passkeyAnswer, recoveryCodeOn } from './installed.ts'
import { memberOf, typePassword } from './what-lasts.ts'

/** Going on with one: what its owner does from the page where it was left */
type GoOn = (person: Person, flow: SavedFlow, installed: Installed) => unknown

const isIn = (path: RegExp) => (person: Person) => {
  expect(person.page.refusal).toBeUndefined()
  expect(person.page.path).toMatch(path)
}
const signedIn = isIn(/^\/account\/[\w-]+$/)
/** A step-up leads back to where it was asked for. */
const backAtSecurity = isIn(/^\/account\/[\w-]+\/security(\?|$)/)

const memberIn = ({ member }: SavedFlow) => memberOf(member ?? '')
const typeCode: GoOn = (person, { code }) => person.submit({ code: code ?? '' })
const typeAppCode: GoOn = (person, flow) => person.submit({ code: appCode(memberIn(flow).seed ?? '') })
const usePasskey: GoOn = (person, flow, installed) =>
  person.submit({ credential: passkeyAnswer(installed, memberIn(flow), person.page) })
const chooseApp: GoOn = async (person, flow, installed) => {
  await person.submit({ item: memberIn(flow).items.totp ?? '' })
  await typeAppCode(person, flow, installed)
}
const typeRecoveryCode: GoOn = async (person, flow) => {
  await person.submit({ recovery_code: memberIn(flow).recoveryCode ?? '' })
  expect(recoveryCodeOn(person.page)).not.toBe('')
  await person.press('saved')
}
/** The code that took the place of the used one is still shown, until its owner has it. */
const keepRecoveryCode: GoOn = async (person, flow) => {
  expect(recoveryCodeOn(person.page)).toBe(memberIn(flow).recoveryCode)
  await person.press('saved')
}
const typePasswordHere: GoOn = (person) => person.submit({ password: cast.password })
const readMail: GoOn = async (person, flow, installed) =>
  person.submit({ code: await installed.readCode(memberIn(flow).email) })

const decides: GoOn = async (person) => {
  await person.press('decide')
  isOver(person)
}
/** The page of a flow that waits for nothing any more: it says what came of it and asks nothing. */
function isOver(person: Person): void {
  expect([person.page.status, person.page.refusal]).toEqual([200, undefined])
  expect(person.page.forms.some(({ fields }) => 'revision' in fields)).toBe(false)
}

const then =
  (...all: GoOn[]): GoOn =>
  async (person, flow, installed) => {
    for (const one of all) await one(person, flow, installed)
  }

/** Each flow that the installation was left with, by its name in cast.json, and how it goes on. */
const goOn: Record<string, GoOn> = {
  'sign-up-code': then(typeCode, typePasswordHere, signedIn),
  'sign-up-taken': async (person) => {
    expect((await person.submit({ code: '123456' })).refusal).toBe('code_wrong')
  },
  'sign-up-password': then(typePasswordHere, signedIn),

  'sign-in-password': then(typePasswordHere, chooseApp, signedIn),
  'sign-in-nobody': async (person) => {
    expect((await person.submit({ password: cast.password })).refusal).toBe('sign_in_wrong')
  },
  'sign-in-choose': then(chooseApp, signedIn),
  'sign-in-code': then(typeCode, signedIn),
  'sign-in-resent': then(typeCode, signedIn),
  'sign-in-text': then(typeCode, signedIn),
  'sign-in-queued': then(readMail, signedIn),
  'sign-in-totp': then(typeAppCode, signedIn),
  'sign-in-passkey': then(usePasskey, signedIn),
  'sign-in-recovery-code': then(typeRecoveryCode, signedIn),
  'sign-in-kept': then(keepRecoveryCode, signedIn),
  // A code no longer comes before the password: such a sign-in begins again with the password, and nothing of it is lost.
  'guarded-choose': beginsWithPassword,
  'guarded-confirm': beginsWithPassword,
  'guarded-code': beginsWithPassword,
  'guarded-password': beginsWithPassword,
  'guarded-nobody': beginsWithPassword,

  'step-up-choose': then(chooseApp, backAtSecurity),
  'step-up-code': then(typeCode, backAtSecurity),
  'step-up-password': then(typePasswordHere, backAtSecurity),
  'step-up-totp': then(typeAppCode, backAtSecurity),
  'step-up-passkey': then(usePasskey, backAtSecurity),
  'step-up-recovery-code': then(typeRecoveryCode, backAtSecurity),
  'step-up-kept': then(keepRecoveryCode, backAtSecurity),

  'prove-mail': then(typeCode, backAtSecurity),
  'prove-text': then(typeCode, backAtSecurity),
  'prove-own': then(typeCode, backAtSecurity),

  'undoing-choose': then(chooseApp, decides),
  'undoing-confirm': then(
    (person, flow) => person.submit({ address: memberIn(flow).phone }),
    async (person, flow, installed) =>
      person.submit({ code: await installed.readCode(memberIn(flow).phone) }),
    decides,
  ),
  'undoing-code': then(typeCode, decides),
  'undoing-totp': then(typeAppCode, decides),
  'undoing-passkey': then(usePasskey, decides),
  'undoing-recovery-code': then(typeRecoveryCode, decides),
  'undoing-kept': then(keepRecoveryCode, decides),
  'undoing-decide': decides,
  'stop-choose': then(chooseApp, decides),
  'stop-password': then(typePasswordHere, decides),

  // What had ended stays ended.
  'over-undone': isOver,
  'over-announced': isOver,
  'over-stopped': isOver,
  'over-stepped-up': backAtSecurity,
  'over-proved': backAtSecurity,
  'over-signed-up': isIn(/^\/account/),
}

/** What is under way for minutes, or in one browser only: it outlives an upgrade of the program, and no move. */
export function whatIsHalfWay(installed: () => Installed): void {
  describe('a flow of before', () => {
    test.each(Object.entries(goOn))('goes on from the step where it was left: %s', async (name, on) => {
      const flow = cast.flows[name] as SavedFlow
      const person = installed().person(flow)
      await person.open(flow.path)
      await on(person, flow, installed())
    })

    test('is found in no other browser', async () => {
      for (const { path } of Object.values(cast.flows)) {
        if (path === undefined) continue
        const { status, refusal, path: end } = await installed().person().open(path)
        expect([path, status === 410 ? refusal : end.split('?')[0]]).toEqual([
          path,
          status === 410 ? 'flow_ended' : '/signin',
        ])
      }
    })

    test('of every kind and step goes on in a test', () => {
      const started = Object.keys(cast.flows).filter((name) => cast.flows[name]?.path !== undefined)
      expect(Object.keys(goOn).sort()).toEqual(started.sort())
    })
  })

  describe('a browser of before', () => {
    test('is still signed in', async () => {
      for (const { home, browser } of ['plain', 'fresh', 'administrator'].map(memberOf)) {
        const person = installed().person(browser)
        expect((await person.open(home)).path).toBe(home)
      }
    })

    test('has two accounts; signing out of one leaves the other', async () => {
      const { homes, browser } = cast.sideBySide
      const person = installed().person(browser)
      for (const home of homes) expect((await person.open(home)).path).toBe(home)
      await person.submit({ form: person.form('form').fields.form ?? '' })
      expect((await person.open(homes.at(-1) ?? '')).path).toMatch(/^\/signin/)
      expect((await person.open(homes[0] ?? '')).path).toBe(homes[0])
    })

    test('that is trusted is asked for no second proof', async () => {
      const member = memberOf('trusted')
      const person = installed().person(member.browser)
      await person.open(member.home)
      await person.submit({ form: person.form('form').fields.form ?? '' })
      await typePassword(person, member)
      signedIn(person)
    })

    test('that an account never saw finds its closed app still closed', async () => {
      const member = memberOf('closed-app')
      const stranger = installed().person()
      await typePassword(stranger, member)
      expect((await stranger.submit({ item: member.items.totp ?? '' })).refusal).toBe('item_closed')
    })
  })

  test('guesses of before count: a code comes before the password', async () => {
    const person = installed().person()
    await typePassword(person, memberOf('guessed'))
    expect(person.page.refusal).toBeUndefined()
    await person.submit({ item: memberOf('guessed').items.email ?? '' })
    expect(person.form('address').fields.address).toBe('')
  })

  test('a code of before is ended by the reference in its mail', async () => {
    const { path, reference, browser, signIn, code } = cast.report
    const reader = installed().person()
    await reader.open(path)
    await reader.submit({ reference })
    expect(reader.page.refusal).toBeUndefined()
    const stranger = installed().person(browser)
    await stranger.open(signIn)
    expect((await stranger.submit({ code })).refusal).toBe('verification_cancelled')
  })

  describe('an application’s pending code of before', () => {
    const { token, verifications, codes } = cast.api
    const check = (name: string, code: string) =>
      installed().api(token, `/${verifications[name]}/attempts`, { code })
    const wrong = (code = '') => (code.startsWith('1') ? '2' : '1') + code.slice(1)

    test('has the tries that were left, and works once', async () => {
      expect((await check('pending', wrong(codes.pending))).body).toMatchObject({ attempts_left: 3 })
      expect((await check('pending', codes.pending ?? '')).body).toMatchObject({ status: 'approved' })
      expect((await check('pending', codes.pending ?? '')).body.code).toBe('code_used')
      expect((await check('pending-text', codes['pending-text'] ?? '')).status).toBe(200)
    })

    test('is sent where that was still to be done', async () => {
      expect((await check('queued', await installed().readCode('queued@example.net'))).status).toBe(200)
      expect((await check('deferred', await installed().readCode('deferred@example.net'))).status).toBe(200)
    })

    test('is given again for its Idempotency-Key', async () => {
      const to = { email: 'repeated@example.net' }
      const headers = { 'Idempotency-Key': 'order 41' }
      const again = await installed().api(token, '', { to, reference: 'repeated' }, headers)
      expect(again).toMatchObject({ status: 201, body: { id: verifications.repeated } })
      const other = await installed().api(token, '', { to, reference: 'other' }, headers)
      expect(other.body.code).toBe('idempotency_key_reused')
      expect((await check('repeated', codes.repeated ?? '')).status).toBe(200)
    })
  })
}

async function beginsWithPassword(person: Person): Promise<void> {
  expect(person.form('password').action).toMatch(/^\/signin\//)
}
