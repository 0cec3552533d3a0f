import { afterAll, beforeAll, expect, test } from 'vitest'
import { minutes, seconds } from '../../src/core/time.ts'
import { callers } from '../../src/operations/flows/callers.ts'
import { answerFlow } from '../../src/operations/proving/answer-flow.ts'
import type { SignedInSession } from '../../src/operations/requester.ts'
import { beginConfirmation, beginContact } from '../../src/operations/security-info/contacts.ts'
import { beginStepUp } from '../../src/operations/sign-in/step-up.ts'
import { newId } from '../../src/secrets/random.ts'
import { insertContact } from '../../src/storage/security-info.ts'
import { type MadeAccount, makeAccount, sessionWithoutPage } from '../support/accounts.ts'
import { act, codeOf, newBrowser, putFlow, signInOf, sourceOf } from '../support/flows.ts'
import { openWorld, policyForStories, type World } from '../support/world.ts'

/** A mailed code is for one flow alone (S39), and for ten minutes (S40), whatever it was asked for. */
let world: World
const everything = process.env.FAULTS === 'full'

beforeAll(async () => {
  const open = { sends: [], failures: [] }
  const { limits } = policyForStories
  const all = Object.keys(limits).map((name) => [name, name === 'quota' ? limits.quota : open])
  world = await openWorld({ hurried: true, policy: { ...policyForStories, limits: Object.fromEntries(all) } })
  await world.worker.leave()
})
afterAll(() => world.close())

/** A page that waits for a code: of what, and what typing one there comes to. */
type Waiting = { of: string; code: string; type(code: string): Promise<string> }

type Answered = { ok: boolean; refusal?: { code: string }; value?: { refusal: { code: string } | undefined } }
const outcomeOf = (answered: Answered): string =>
  (answered.ok ? answered.value?.refusal?.code : answered.refusal?.code) ?? 'taken'

async function signingIn(account: MadeAccount): Promise<Waiting> {
  const flow = await putFlow(world, signInOf(account, { step: 'choose', passwordAt: world.now }))
  await act(world, flow, { act: 'choose', item: account.itemId })
  return {
    of: 'signing in',
    code: await codeOf(world, flow.id),
    type: async (code) => outcomeOf(await act(world, flow, { act: 'code', code })),
  }
}

async function steppingUp(account: MadeAccount, browser = newBrowser()): Promise<Waiting> {
  const [id, session] = [newId(), await sessionWithoutPage(world, account.id)]
  const begun = { flowId: id, act: 'change_password' as const, returnTo: '/', choice: account.itemId }
  await beginStepUp(world.deps, session, begun, sourceOf(browser))
  let revision = 1
  return {
    of: 'a step-up',
    code: await codeOf(world, id),
    async type(code) {
      const form = { act: 'code', code }
      const sent = { flowId: id, revision, form, requester: sourceOf(browser), session }
      const answered = await answerFlow(world.deps, [callers.step_up], sent)
      revision += 1
      return outcomeOf(answered)
    },
  }
}

async function proving(
  of: string,
  account: MadeAccount,
  begin: (s: SignedInSession, b: Buffer) => ReturnType<typeof beginContact>,
): Promise<Waiting> {
  const [session, browser] = [await sessionWithoutPage(world, account.id), newBrowser()]
  const begun = await begin(session, browser)
  if (!begun.ok) throw new Error(`Nothing was sent: ${begun.refusal.code}`)
  let revision = 1
  return {
    of,
    code: await codeOf(world, begun.value),
    async type(code) {
      const form = { act: 'code', code }
      const sent = { flowId: begun.value, revision, form, requester: sourceOf(browser), session }
      const answered = await answerFlow(world.deps, [callers.prove_contact], sent)
      revision += 1
      return outcomeOf(answered)
    },
  }
}

const begins = { formId: undefined, returnTo: '/' }

const adding = (account: MadeAccount): Promise<Waiting> =>
  proving('adding a contact', account, (session, browser) =>
    beginContact(world.deps, session, `new-${newId()}@example.org`, begins, sourceOf(browser)),
  )

async function confirming(account: MadeAccount): Promise<Waiting> {
  const id = newId()
  const contact = { id, kind: 'email', address: `also-${id}@example.org`, provenAt: world.now } as const
  await insertContact(world.sql, account.id, contact)
  return proving('confirming a contact', account, (session, browser) =>
    beginConfirmation(world.deps, session, id, begins, sourceOf(browser)),
  )
}

/** Everything that may wait for a code at once: of one account and of another, on browsers of their own. */
async function allWaiting(): Promise<Waiting[]> {
  const [mine, theirs] = await Promise.all(
    [0, 1].map(() => makeAccount(world, `owner-${newId()}@example.org`)),
  )
  return Promise.all([
    signingIn(mine!),
    steppingUp(mine!),
    adding(mine!),
    confirming(mine!),
    signingIn(theirs!),
    steppingUp(theirs!),
  ])
}

const crossings = everything ? 10_000 : 600
test(`S39: a code typed where another is waited for opens nothing: of ${crossings}, none`, async () => {
  let tried = 0
  for (const outcomes = new Set<string>(); tried < crossings; ) {
    const all = await allWaiting()
    const codes = all.map(({ code }) => code)
    await Promise.all(
      all.map(async (place, at) => {
        // Five tries, and five codes of others: the last wrong one is the last try.
        for (const [nth, code] of codes.entries()) {
          if (nth === at || code === place.code) continue
          const outcome = await place.type(code)
          outcomes.add(outcome)
          expect(['code_wrong', 'code_tries_spent'], `${all[nth]?.of} for ${place.of}`).toContain(outcome)
          tried += 1
        }
      }),
    )
  }
}, 300_000)

test('each code is right where it is waited for', async () => {
  for (const place of await allWaiting())
    expect([place.of, await place.type(place.code)]).toEqual([place.of, 'taken'])
})

test('S40: a code is right at 9:59, and at 10:01 no more, whatever it was asked for', async () => {
  const [early, late] = [await allWaiting(), await allWaiting()]
  await world.advance(minutes(10) - seconds(1))
  for (const place of early) expect([place.of, await place.type(place.code)]).toEqual([place.of, 'taken'])
  await world.advance(seconds(2))
  for (const place of late) {
    expect([place.of, await place.type(place.code)]).toEqual([place.of, 'code_expired'])
  }
})
