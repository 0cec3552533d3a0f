import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StepUp } from '../../src/core/sign-in/step-up-flow.ts'
import { seconds } from '../../src/core/time.ts'
import { formToken } from '../../src/secrets/tokens.ts'
import { livingSessions, type MadeAccount } from '../support/accounts.ts'
import { putFlow, signInOf } from '../support/flows.ts'
import {
  appOf,
  giveApp,
  givePasskey,
  giveRecoveryCode,
  giveTwoStep,
  passkeyOptionsOn,
} from '../support/items.ts'
import { newPerson, type Person } from '../support/person.ts'
import {
  atOnce,
  expectOneWins,
  knownBrowser,
  oldAccount,
  refusalOf,
  seenFrom,
  signedInTab,
  startTwoWorlds,
  type Tab,
  type TwoWorlds,
} from './people.ts'

/** What proves somebody, many times at once over two processes (S16, and S3 and S34 for what is not a mailed code). */
let worlds: TwoWorlds

beforeAll(async () => {
  worlds = await startTwoWorlds()
}, 120_000)
afterAll(async () => {
  await worlds?.close()
  expect(worlds?.servers.faults()).toBe('')
})

/** A form of a flow, ready to be sent from a browser: as its page would have shown it. */
type Ready = { person: Person; path: string; fields: Record<string, string> }

const send = ({ person, path, fields }: Ready, typed: Record<string, string>): Promise<Response> =>
  person.request(path, { fields: { ...fields, ...typed } })

const fieldsOf = (person: Person, flowId: string, act: string) => ({
  act,
  form: formToken(worlds.both.deps.keyring.current(), person.browser, `flow ${flowId}`),
  revision: '0',
})

/** A sign-in past its password, on a browser that the account knows: each has guesses of its own, so that all are compared. */
async function atSecondProof(
  account: MadeAccount,
  step: 'totp' | 'recovery_code',
  itemId: string,
): Promise<Ready> {
  const person = await knownBrowser(worlds.both, account)
  const state = signInOf(account, { step, passwordAt: worlds.both.now, twoStep: true, itemId })
  const { id } = await putFlow(worlds.both, state, person.browser)
  return { person, path: `/signin/${id}`, fields: fieldsOf(person, id, step) }
}

/** A step-up of a tab that waits for a code of the app. */
async function atStepUp(
  { person, home, sessionId }: Tab,
  account: MadeAccount,
  itemId: string,
): Promise<Ready> {
  const state: StepUp = {
    kind: 'step_up',
    accountId: account.id,
    sessionId,
    act: 'change_password',
    step: 'totp',
    itemId,
    verificationId: undefined,
    returnTo: `${home}/password`,
  }
  const { id } = await putFlow(worlds.both, state, person.browser)
  return { person, path: `${home}/stepup/${id}`, fields: fieldsOf(person, id, 'totp') }
}

const inTens = async <Value>(count: number, work: (nth: number) => Promise<Value>): Promise<Value[]> => {
  const all: Value[] = []
  while (all.length < count) all.push(...(await atOnce(Math.min(10, count - all.length), work)))
  return all
}

describe('S16: a code of an authenticator app', () => {
  test('of 200 at once over two processes one is let in, and for 120 seconds nobody else', async () => {
    const account = await oldAccount(worlds.both)
    const app = await giveApp(worlds.both, account)
    await giveTwoStep(worlds.both, account)
    const ready = await inTens(200, () => atSecondProof(account, 'totp', app.itemId))
    const late = await inTens(26, () => atSecondProof(account, 'totp', app.itemId))
    const [before, code] = [app.code(-1), app.code()]
    expectOneWins(await Promise.all(ready.map((one) => send(one, { code }))), 'totp_used')
    for (let at = 0; at <= 120; at += 10) {
      for (const replayed of [code, before]) {
        const refusal = refusalOf(await send(late.pop()!, { code: replayed }))
        expect(['totp_used', 'totp_wrong'], `after ${at} seconds`).toContain(refusal)
      }
      await worlds.advance(seconds(10))
    }
    expect(await livingSessions(worlds.both, account.id)).toBe(1)
    // It was the code that was refused, not the app: its next one is right.
    const next = await atSecondProof(account, 'totp', app.itemId)
    expect((await send(next, { code: app.code() })).status).toBe(303)
  })

  test('is used once, whether to sign in or before a sensitive act, all at once', async () => {
    const account = await oldAccount(worlds.both)
    const app = await giveApp(worlds.both, account)
    await giveTwoStep(worlds.both, account)
    const signIns = await inTens(20, () => atSecondProof(account, 'totp', app.itemId))
    const tabs = await inTens(20, () => signedInTab(worlds.both, account))
    const stepUps = await inTens(20, (nth) => atStepUp(tabs[nth % 20]!, account, app.itemId))
    const code = app.code()
    const forms = signIns.flatMap((one, nth) => [one, stepUps[nth]!])
    expectOneWins(await Promise.all(forms.map((one) => send(one, { code }))), 'totp_used')
  })

  test('that set the app up at one process signs nobody in at the other', async () => {
    const account = await oldAccount(worlds.both)
    const { person, home } = await signedInTab(worlds.here, account)
    await person.open(`${home}/security/totp`)
    const seed = /<bdo[^>]*class="digits-shown long"[^>]*>([A-Z2-7 ]+)</.exec(person.page.text)?.[1]
    const app = appOf(worlds.both, '', (seed ?? '').replaceAll(' ', ''))
    const code = app.code()
    await person.submit({ code })
    const [item] = await worlds.both.sql<{ id: string }>`
      select id from security_info where account_id = ${account.id} and kind = 'totp'`
    for (const ground of [worlds.there, worlds.here]) {
      const { person: browser, ...ready } = await atSecondProof(account, 'totp', item!.id)
      const answer = await send({ ...ready, person: seenFrom(ground, browser) }, { code })
      expect(refusalOf(answer)).toBe('totp_used')
    }
    await worlds.advance(seconds(30))
    expect((await send(await atSecondProof(account, 'totp', item!.id), { code: app.code() })).status).toBe(
      303,
    )
  })
})

describe('a recovery code', () => {
  const shownOn = (html: string): string =>
    /[A-Z2-7]{5}(-[A-Z2-7]{5}){4}/.exec(html)?.[0].replaceAll('-', '') ?? ''

  test('of 200 at once over two processes one is taken, and the one code that takes its place works', async () => {
    const account = await oldAccount(worlds.both)
    const code = await giveRecoveryCode(worlds.both, account)
    const [item] = await worlds.both.sql<{ id: string }>`
      select id from security_info where account_id = ${account.id} and kind = 'recovery_code'`
    const ready = await inTens(200, () => atSecondProof(account, 'recovery_code', item!.id))
    const answers = await Promise.all(ready.map((one) => send(one, { recovery_code: code })))
    expectOneWins(answers, 'recovery_code_wrong')
    const taken = ready[answers.findIndex(({ status }) => status === 303)]!
    const shown = await Promise.all(
      [worlds.here, worlds.there].map((ground) => seenFrom(ground, taken.person).open(taken.path)),
    )
    const [next, same] = shown.map(({ text }) => shownOn(text))
    expect(next).toHaveLength(25)
    expect(same).toBe(next)
    const others = await inTens(40, () => atSecondProof(account, 'recovery_code', item!.id))
    const again = await Promise.all(
      others.map((one, nth) => send(one, { recovery_code: nth % 2 === 0 ? next! : code })),
    )
    expectOneWins(again, 'recovery_code_wrong')
  })

  test('made by one form at both processes at once is one code, and both answers show it', async () => {
    for (let round = 0; round < 5; round += 1) {
      const account = await oldAccount(worlds.both)
      const { person, home } = await signedInTab(worlds.here, account)
      await person.open(`${home}/security/recovery-code`)
      const { action, fields } = person.form('make')
      const tabs = [person, seenFrom(worlds.there, person)]
      const texts = await Promise.all(
        [...tabs, ...tabs].map(async (tab) => (await tab.request(action, { fields })).text()),
      )
      const codes = new Set(texts.map(shownOn))
      expect(codes.size).toBe(1)
      const [item] = await worlds.both.sql<{ id: string }>`
        select id from security_info where account_id = ${account.id} and kind = 'recovery_code'`
      const ready = await atSecondProof(account, 'recovery_code', item!.id)
      const answer = await send(ready, { recovery_code: [...codes][0]! })
      expect(answer.status).toBe(303)
    }
  })
})

describe('a passkey', () => {
  async function atSignIn() {
    const person = newPerson(worlds.both)
    await person.open('/signin')
    return { person, options: passkeyOptionsOn(person.page), fields: person.form('offer').fields }
  }

  test('of 200 answers to one challenge at once over two processes one is let in', async () => {
    const account = await oldAccount(worlds.both)
    const key = await givePasskey(worlds.both, account, { eligible: true })
    const { person, options, fields } = await atSignIn()
    // One that never counts: nothing but the challenge tells the second from the first.
    const credential = key.get(options, { counter: 0, eligible: true, backedUp: true })
    const answers = await atOnce(200, () =>
      person.request('/signin/passkey', { fields: { ...fields, credential } }),
    )
    expectOneWins(answers, 'passkey_refused')
    const sequential = await person.request('/signin/passkey', { fields: { ...fields, credential } })
    expect(refusalOf(sequential)).toBe('passkey_refused')
    expect(await livingSessions(worlds.both, account.id)).toBe(1)
  })

  test('of 50 copies of one authenticator at once, each with a challenge of its own and the same counter, one is let in', async () => {
    const account = await oldAccount(worlds.both)
    const key = await givePasskey(worlds.both, account)
    const asked = await inTens(50, atSignIn)
    const answers = await Promise.all(
      asked.map(({ person, options, fields }) =>
        person.request('/signin/passkey', {
          fields: { ...fields, credential: key.get(options, { counter: 7 }) },
        }),
      ),
    )
    expectOneWins(answers, 'passkey_refused')
    expect(await livingSessions(worlds.both, account.id)).toBe(1)
  })
})
