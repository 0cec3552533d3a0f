import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Proof } from '../../src/core/proving/proof.ts'
import type { SignIn } from '../../src/core/sign-in/sign-in.ts'
import { type Strength, strengthOf } from '../../src/core/sign-in/strength.ts'
import { days, minutes, seconds } from '../../src/core/time.ts'
import { callers } from '../../src/operations/flows/callers.ts'
import { prove } from '../../src/operations/proving/prove.ts'
import { openSealedCode } from '../../src/operations/proving/prove-recovery-code.ts'
import { newId } from '../../src/secrets/random.ts'
import { claimStep } from '../../src/storage/flow.ts'
import { insertContact } from '../../src/storage/security-info.ts'
import {
  knownPerson,
  livingSessions,
  type MadeAccount,
  makeAccount,
  password,
  signIn,
} from '../support/accounts.ts'
import { act, type HeldFlow, inTurns, putFlow, signInOf, sourceOf } from '../support/flows.ts'
import { giveApp, givePasskey, giveRecoveryCode, giveTwoStep, passkeyOptionsOn } from '../support/items.ts'
import { newPerson, type Person, wordsOf } from '../support/person.ts'
import { openWorld, type World, wrongCode } from '../support/world.ts'

let world: World
let nth = 0

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

async function owner(): Promise<MadeAccount> {
  nth += 1
  return makeAccount(world, `second${nth}@example.org`)
}

/** An account with an authenticator app and two-step verification, and a browser that it knows. */
async function twoStepOwner() {
  const account = await owner()
  const app = await giveApp(world, account)
  await giveTwoStep(world, account)
  return { account, app, person: await knownPerson(world, account) }
}

const choose = (person: Person, item: string) => person.submit({ item })

async function proofsOf(account: MadeAccount): Promise<Proof[]> {
  const [row] = await world.sql<{ proofs: Proof[] }>`
    select proofs from session where account_id = ${account.id} and ended_at is null order by created_at desc limit 1`
  return row?.proofs ?? []
}

describe('two-step verification', () => {
  test('asks for a second proof also on a browser that the account knows', async () => {
    const { account, app, person } = await twoStepOwner()
    await signIn(person, account.email)
    expect(wordsOf(person.page.text)).toContain('Two-step verification is on')
    expect(await person.isSignedIn()).toBe(false)
    await choose(person, app.itemId)
    await person.submit({ code: app.code() })
    expect(await person.isSignedIn()).toBe(true)
    expect(await proofsOf(account)).toEqual([
      { kind: 'totp', at: world.now, itemId: app.itemId },
      { kind: 'password', at: world.now },
    ])
  })

  test('takes a code to a contact as the second proof, and records that it was mail', async () => {
    const { account, person } = await twoStepOwner()
    await signIn(person, account.email)
    await choose(person, account.itemId)
    await person.submit({ code: await world.readCode(account.email) })
    expect(await person.isSignedIn()).toBe(true)
    expect((await proofsOf(account)).map((proof) => proof.kind)).toEqual(['email_code', 'password'])
  })

  test('without it a browser that the account knows is asked for nothing, whatever else the account has', async () => {
    const account = await owner()
    await giveApp(world, account)
    const person = await knownPerson(world, account)
    await signIn(person, account.email)
    expect(await person.isSignedIn()).toBe(true)
  })

  test('what an account can prove is not shown before its password: a stranger learns nothing by it', async () => {
    const { account } = await twoStepOwner()
    await giveRecoveryCode(world, account)
    const flow = await putFlow(world, signInOf(account, { step: 'choose', guarded: true }))
    const answered = await act(world, flow, { act: 'choose', item: (await giveApp(world, account)).itemId })
    expect(answered.ok && answered.value.refusal).toEqual({ code: 'choice_missing' })
  })
})

describe('an authenticator app', () => {
  const atCode = async () => {
    const made = await twoStepOwner()
    await signIn(made.person, made.account.email)
    await choose(made.person, made.app.itemId)
    return made
  }

  test.each([-1, 0, 1])('takes the code that is %d steps of 30 seconds away', async (steps) => {
    const { app, person } = await atCode()
    await person.submit({ code: app.code(steps) })
    expect(await person.isSignedIn()).toBe(true)
  })

  test.each([-2, 2])('refuses the code that is %d steps away', async (steps) => {
    const { app, person } = await atCode()
    await person.submit({ code: app.code(steps) })
    expect(person.page.refusal).toBe('totp_wrong')
    expect(await person.isSignedIn()).toBe(false)
  })

  test('a code works once: for two minutes it is refused, and so is every one before it', async () => {
    const { account, app, person } = await atCode()
    const [before, used] = [app.code(-1), app.code()]
    await person.submit({ code: used })
    for (const code of [used, before]) {
      for (const wait of [0, 20, 40, 60]) {
        const again = await knownPerson(world, account)
        await signIn(again, account.email)
        await choose(again, app.itemId)
        await world.advance(seconds(wait === 0 ? 0 : 20))
        await again.submit({ code })
        expect(['totp_used', 'totp_wrong']).toContain(again.page.refusal)
        expect(await again.isSignedIn()).toBe(false)
      }
    }
  })

  test('of two hundred at once with the right code one is let in', async () => {
    const { account, app } = await twoStepOwner()
    const state = signInOf(account, {
      step: 'totp',
      passwordAt: world.now,
      twoStep: true,
      itemId: app.itemId,
    })
    const flows = await inTurns(200, () => putFlow(world, state))
    const code = app.code()
    const answers = await Promise.all(flows.map((flow) => act(world, flow, { act: 'totp', code })))
    const inside = answers.filter((answer) => answer.ok && answer.value.flow.state.kind === 'signed_in')
    expect(inside).toHaveLength(1)
  })

  test('wrong codes are limited like those of messages: ten from a known browser, then it waits', async () => {
    const { app, person } = await atCode()
    const refusals: (string | undefined)[] = []
    for (let guesses = 0; guesses < 11; guesses += 1) {
      await person.submit({ code: wrongCode(app.code(), 500 + guesses) })
      refusals.push(person.page.refusal)
    }
    expect(refusals).toEqual([...Array(10).fill('totp_wrong'), 'wrong_codes_limit'])
    await person.submit({ code: app.code() })
    expect(person.page.refusal).toBe('wrong_codes_limit')
    await world.advance(minutes(15))
    await person.submit({ code: app.code() })
    expect(await person.isSignedIn()).toBe(true)
  })

  test('twenty wrong codes a day from all strangers together, and codes by mail share them', async () => {
    const { account, app } = await twoStepOwner()
    const state = signInOf(account, {
      step: 'totp',
      passwordAt: world.now,
      twoStep: true,
      itemId: app.itemId,
    })
    const refusals = await inTurns(30, async (n) => {
      const answer = await act(world, await putFlow(world, state), {
        act: 'totp',
        code: wrongCode(app.code(), 1000 + n),
      })
      return answer.ok ? answer.value.refusal?.code : undefined
    })
    expect(refusals.filter((code) => code === 'totp_wrong')).toHaveLength(20)
    expect(refusals.filter((code) => code === 'wrong_codes_limit')).toHaveLength(10)
  })

  test('what is no six digits is told so and counts nothing', async () => {
    const { app, person } = await atCode()
    for (let tries = 0; tries < 12; tries += 1) await person.submit({ code: 'one two three' })
    expect(person.page.refusal).toBe('code_malformed')
    const [half, rest] = [app.code().slice(0, 3), app.code().slice(3)]
    await person.submit({ code: ` ${half}-${rest} ` })
    expect(await person.isSignedIn()).toBe(true)
  })

  test("another account's app proves nothing here", async () => {
    const { app, person } = await atCode()
    const other = await twoStepOwner()
    await signIn(person, other.account.email)
    await choose(person, app.itemId)
    expect(person.page.refusal).toBe('choice_missing')
  })

  test('its seed lies nowhere in clear', async () => {
    const { app } = await twoStepOwner()
    const [row] = await world.sql<{ all: string }>`
      select string_agg(row_to_json(s)::text, '') as all from security_info s`
    expect(row?.all).not.toContain(app.seed)
    expect(row?.all).not.toContain(Buffer.from(app.seed).toString('hex'))
  })
})

describe('a recovery code', () => {
  const atCode = async () => {
    const made = await twoStepOwner()
    const code = await giveRecoveryCode(world, made.account)
    await signIn(made.person, made.account.email)
    const choice = /value="([0-9a-f-]{36})"[^>]*><b>Recovery code/.exec(made.person.page.text)?.[1] ?? ''
    await choose(made.person, choice)
    return { ...made, code }
  }
  const shownOn = (person: Person) =>
    /[A-Z2-7]{5}(-[A-Z2-7]{5}){4}/.exec(person.page.text)?.[0].replaceAll('-', '') ?? ''

  test('signs in once, and the one that takes its place is shown before anything goes on', async () => {
    const { account, person, code } = await atCode()
    await person.submit({ recovery_code: code.toLowerCase().replace(/(.{5})/g, '$1 ') })
    const next = shownOn(person)
    expect(next).toHaveLength(25)
    expect(next).not.toBe(code)
    expect(await person.isSignedIn()).toBe(false)
    await person.open(person.page.path)
    expect(shownOn(person)).toBe(next)
    await person.press('saved')
    expect(await person.isSignedIn()).toBe(true)
    expect(person.page.text).not.toContain(next.slice(0, 5))
    expect((await proofsOf(account)).map((proof) => proof.kind)).toEqual(['recovery_code', 'password'])

    const again = await knownPerson(world, account)
    await signIn(again, account.email)
    const choice = /value="([0-9a-f-]{36})"[^>]*><b>Recovery code/.exec(again.page.text)?.[1] ?? ''
    await choose(again, choice)
    await again.submit({ recovery_code: code })
    expect(again.page.refusal).toBe('recovery_code_wrong')
    await again.submit({ recovery_code: next })
    await again.press('saved')
    expect(await again.isSignedIn()).toBe(true)
  })

  /** A sign-in that waits for the recovery code, without pages around it. */
  const waiting = async (account: MadeAccount) => {
    const [item] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${account.id} and kind = 'recovery_code'`
    const itemId = item?.id ?? ''
    const state = signInOf(account, { step: 'recovery_code', passwordAt: world.now, twoStep: true, itemId })
    return putFlow(world, state)
  }

  /** Uses the code and dies before the flow could keep what takes its place: the page stands where it stood. */
  const useAndDie = async (flow: HeldFlow, code: string) => {
    const claimed = await claimStep(world.sql, flow.id, flow.browser, flow.revision)
    if (claimed === undefined) throw new Error('The flow has gone on.')
    const form = { act: 'recovery_code', recovery_code: code }
    const requester = sourceOf(flow.browser)
    const request = { flowId: flow.id, state: claimed.state as SignIn, requester, now: claimed.now }
    const step = await prove(world.deps, callers.sign_in, request, form)
    expect(step.refusal).toBeUndefined()
    flow.revision += 1
  }

  const nextOf = (flow: HeldFlow, answered: Awaited<ReturnType<typeof act>>): string => {
    const state = answered.ok ? answered.value.flow.state : undefined
    const sealed = state?.kind === 'sign_in' ? state.replacement?.sealedCode : undefined
    if (sealed === undefined) throw new Error('No code was shown.')
    return openSealedCode(world.deps, flow.id, sealed)
  }

  test('that was used when everything stopped: the same form, sent again, shows the one that took its place', async () => {
    const { account } = await twoStepOwner()
    const code = await giveRecoveryCode(world, account)
    const flow = await waiting(account)
    await useAndDie(flow, code)
    const told = await world.sql`select 1 from change where account_id = ${account.id}`
    const answered = await act(world, flow, { act: 'recovery_code', recovery_code: code })
    expect(answered.ok && answered.value.refusal).toBeUndefined()
    expect(await world.sql`select 1 from change where account_id = ${account.id}`).toEqual(told)

    const later = await waiting(account)
    const next = nextOf(flow, answered)
    const proved = await act(world, later, { act: 'recovery_code', recovery_code: next })
    expect(proved.ok && proved.value.refusal).toBeUndefined()
  })

  test('that was used when everything stopped is used: in any other sign-in it is refused', async () => {
    const { account } = await twoStepOwner()
    const code = await giveRecoveryCode(world, account)
    const flow = await waiting(account)
    await useAndDie(flow, code)
    const elsewhere = await act(world, await waiting(account), { act: 'recovery_code', recovery_code: code })
    expect(elsewhere.ok && elsewhere.value.refusal?.code).toBe('recovery_code_wrong')
  })

  test('that was used when everything stopped is dead once another was made', async () => {
    const { account } = await twoStepOwner()
    const code = await giveRecoveryCode(world, account)
    const flow = await waiting(account)
    await useAndDie(flow, code)
    await world.advance(1)
    await giveRecoveryCode(world, account)
    const answered = await act(world, flow, { act: 'recovery_code', recovery_code: code })
    expect(answered.ok && answered.value.refusal?.code).toBe('recovery_code_wrong')
  })

  test('of two hundred at once one is let in', async () => {
    const { account } = await twoStepOwner()
    const code = await giveRecoveryCode(world, account)
    const flows = await inTurns(200, () => waiting(account))
    const answers = await Promise.all(
      flows.map((flow) => act(world, flow, { act: 'recovery_code', recovery_code: code })),
    )
    const taken = answers.filter((answer) => answer.ok && answer.value.refusal === undefined)
    expect(taken).toHaveLength(1)
  })

  test('is kept as a hash, and guessing at it is limited', async () => {
    const { person, code } = await atCode()
    const [row] = await world.sql<{ all: string }>`
      select string_agg(row_to_json(s)::text, '') as all from security_info s`
    expect(row?.all).not.toContain(code)
    for (let guesses = 0; guesses < 11; guesses += 1) {
      await person.submit({ recovery_code: `${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}` })
    }
    expect(person.page.refusal).toBe('wrong_codes_limit')
  })
})

describe('a browser that is trusted', () => {
  const trusting = async () => {
    const made = await twoStepOwner()
    await signIn(made.person, made.account.email)
    await choose(made.person, made.app.itemId)
    made.person.form('code').fields.trust = 'yes'
    await made.person.submit({ code: made.app.code() })
    expect(await made.person.isSignedIn()).toBe(true)
    return made
  }
  const asksAgain = async (person: Person, account: MadeAccount) => {
    await signIn(person, account.email)
    return person.page.text.includes('name="item"')
  }

  test('is not asked again, and only the password is on record', async () => {
    const { account, person } = await trusting()
    expect(await asksAgain(person, account)).toBe(false)
    expect(await proofsOf(account)).toEqual([{ kind: 'password', at: world.now }])
  })

  test('is asked again after 60 days without a sign-in, and using it keeps it', async () => {
    const { account, person } = await trusting()
    await world.advance(days(59))
    expect(await asksAgain(person, account)).toBe(false)
    await world.advance(days(59))
    expect(await asksAgain(person, account)).toBe(false)
    await world.advance(days(60))
    expect(await asksAgain(person, account)).toBe(true)
    // The trust that has lapsed is not brought back by a sign-in that asked.
    await choose(person, account.itemId)
    await person.submit({ code: await world.readCode(account.email) })
    expect(await asksAgain(person, account)).toBe(true)
  })

  test('is not what was ticked beside a proof that was wrong, before another was chosen', async () => {
    const { account, app, person } = await twoStepOwner()
    const recoveryCode = await giveRecoveryCode(world, account)
    await signIn(person, account.email)
    const choice = /value="([0-9a-f-]{36})"[^>]*><b>Recovery code/.exec(person.page.text)?.[1] ?? ''
    await choose(person, app.itemId)
    const form = person.form('code')
    const fields = { ...form.fields, code: wrongCode(app.code(), 77), trust: 'yes' }
    await person.follow(await person.request(form.action, { fields }), form.action)
    await person.press('other')
    await choose(person, choice)
    await person.submit({ recovery_code: recoveryCode })
    await person.press('saved')
    expect(await person.isSignedIn()).toBe(true)
    expect(await asksAgain(person, account)).toBe(true)
  })

  test('is nothing to another browser, and nothing without the password', async () => {
    const { account, person } = await trusting()
    expect(await asksAgain(newPerson(world), account)).toBe(true)
    const stolen = person.copy()
    await stolen.open('/signin')
    await stolen.submit({ username: account.email })
    await stolen.submit({ password: 'not the right one at all' })
    expect(stolen.page.refusal).toBe('sign_in_wrong')
  })

  test('never stands for a proof before a sensitive act', async () => {
    const { account, person } = await trusting()
    await world.advance(minutes(11))
    await asksAgain(person, account)
    await person.open(`${person.page.path}/password`)
    expect(person.page.path).toContain('/stepup?for=change_password')
  })

  test('can be asked for while a mailed code is typed too, and what was ticked stays ticked where the code was wrong', async () => {
    const { account, person } = await twoStepOwner()
    await signIn(person, account.email)
    await choose(person, account.itemId)
    const code = await world.readCode(account.email)
    person.form('code').fields.trust = 'yes'
    await person.submit({ code: wrongCode(code) })
    expect(person.page.text).toMatch(/name="trust"[^>]* checked/)
    person.form('code').fields.trust = 'yes'
    await person.submit({ code })
    expect(await asksAgain(person, account)).toBe(false)
  })

  test('is trusted no more once its owner signs out everywhere', async () => {
    const { account, person } = await trusting()
    await person.open(`${person.page.path}/sessions`)
    const { action, fields } = person.form('form')
    await person.request(action, { fields: { ...fields, act: 'everywhere' } })
    expect(await livingSessions(world, account.id)).toBe(0)
    expect(await asksAgain(person, account)).toBe(true)
  })

  test('is trusted no more once the password is changed', async () => {
    const { account, app, person } = await trusting()
    await person.open(`${person.page.path}/password`)
    if (person.page.path.includes('/stepup')) {
      await choose(person, app.itemId)
      await world.advance(seconds(30))
      await person.submit({ code: app.code() })
    }
    const next = 'four grey herons 12'
    await person.submit({ current: password, next })
    expect(person.page.refusal).toBeUndefined()
    await person.open('/signin')
    await person.submit({ username: account.email })
    await person.submit({ password: next })
    expect(person.page.text).toContain('name="item"')
  })
})

describe('S25: what a sign-in proved is told as it was, and promoted by nothing', () => {
  const ways: [string, Partial<Strength>][] = [
    ['email', { acr: 'aal1', amr: ['pwd'], phishingResistant: false }],
    ['phone', { acr: 'aal2', amr: ['otp', 'sms', 'pwd', 'mfa'], restricted: true, phishingResistant: false }],
    ['totp', { acr: 'aal2', amr: ['otp', 'pwd', 'mfa'], restricted: false, phishingResistant: false }],
    ['passkey', { acr: 'aal2', phishingResistant: true }],
    ['passkey_touch', { acr: 'aal2', amr: ['pop', 'pwd', 'mfa'], phishingResistant: true }],
    ['recovery_code', { acr: 'aal1', amr: ['pwd'], phishingResistant: false }],
    ['trusted', { acr: 'aal1', amr: ['pwd'], phishingResistant: false }],
  ]

  test.each(ways)('by %s', async (way, strength) => {
    const { account, app, person } = await twoStepOwner()
    const key = await givePasskey(world, account)
    const recoveryCode = await giveRecoveryCode(world, account)
    const phone = {
      id: newId(),
      kind: 'phone',
      address: `+4474001234${10 + nth}`,
      provenAt: world.now,
    } as const
    await insertContact(world.sql, account.id, phone)
    const [recovery] = await world.sql<{ id: string }>`
      select id from security_info where account_id = ${account.id} and kind = 'recovery_code'`
    if (way === 'trusted') {
      await world.sql`
        update known_browser set trusted_at = statement_timestamp(), trust_used_at = statement_timestamp()
        where account_id = ${account.id}`
    }
    await signIn(person, account.email)
    const prove: Record<string, () => Promise<unknown>> = {
      async email() {
        await choose(person, account.itemId)
        await person.submit({ code: await world.readCode(account.email) })
      },
      async phone() {
        await choose(person, phone.id)
        await person.submit({ code: await world.readCode(phone.address) })
      },
      async totp() {
        await choose(person, app.itemId)
        await person.submit({ code: app.code() })
      },
      async passkey() {
        await choose(person, key.itemId)
        await person.submit({ credential: key.get(passkeyOptionsOn(person.page)) })
      },
      async passkey_touch() {
        await choose(person, key.itemId)
        await person.submit({ credential: key.get(passkeyOptionsOn(person.page), { verified: false }) })
      },
      async recovery_code() {
        await choose(person, recovery?.id ?? '')
        await person.submit({ recovery_code: recoveryCode })
        await person.press('saved')
      },
    }
    await prove[way]?.()
    expect(await person.isSignedIn()).toBe(true)
    expect(strengthOf(await proofsOf(account))).toMatchObject(strength)
  })
})

describe('before a sensitive act', () => {
  test('an authenticator app, a passkey and a recovery code are each a proof', async () => {
    const account = await owner()
    const [app, key] = [await giveApp(world, account), await givePasskey(world, account)]
    const code = await giveRecoveryCode(world, account)
    const person = await knownPerson(world, account)
    const ways: Record<string, () => Promise<unknown>> = {
      totp: async () => {
        await choose(person, app.itemId)
        return person.submit({ code: app.code() })
      },
      passkey: async () => {
        await choose(person, key.itemId)
        return person.submit({ credential: key.get(passkeyOptionsOn(person.page)) })
      },
      recovery_code: async () => {
        const choice = /value="([0-9a-f-]{36})"[^>]*><b>Recovery code/.exec(person.page.text)?.[1] ?? ''
        await choose(person, choice)
        await person.submit({ recovery_code: code })
        return person.press('saved')
      },
    }
    for (const [kind, prove] of Object.entries(ways)) {
      await signIn(person, account.email)
      const home = person.page.path
      await person.open(`${home}/password`)
      expect(person.page.path).toContain('/stepup')
      await prove()
      expect([kind, person.page.refusal, person.page.path]).toEqual([kind, undefined, `${home}/password`])
      expect((await proofsOf(account)).map((proof) => proof.kind)).toContain(kind)
      await world.advance(minutes(11))
    }
    expect(await livingSessions(world, account.id)).toBe(1)
  })
})

test('on a browser that the account does not know, two-step or not, the same ways are offered past the password', async () => {
  const account = await owner()
  const app = await giveApp(world, account)
  const person = newPerson(world)
  await signIn(person, account.email)
  expect(wordsOf(person.page.text)).toContain('Pocket phone')
  await choose(person, app.itemId)
  expect(person.page.text).not.toContain('name="trust"')
  await person.submit({ code: app.code() })
  expect(await person.isSignedIn()).toBe(true)
})
