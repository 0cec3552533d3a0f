import { hash } from '@node-rs/argon2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Email } from '../../src/core/address.ts'
import type { FlowState } from '../../src/core/flows/flow.ts'
import type { FlowForm } from '../../src/core/proving/proving.ts'
import type { SignUp } from '../../src/core/sign-in/sign-up.ts'
import { ownApplicationId } from '../../src/operations/proving/codes.ts'
import { openSession } from '../../src/operations/sign-in/sessions.ts'
import { newCode, newId, newReference } from '../../src/secrets/random.ts'
import { sealBound } from '../../src/secrets/sealed-code.ts'
import { type MadeAccount, makeAccount, password } from '../support/accounts.ts'
import {
  act,
  codeOf,
  type HeldFlow,
  inTurns,
  newBrowser,
  putFlow,
  signInOf,
  sourceOf,
} from '../support/flows.ts'
import { openWorld, policyForStories, type World, wrongCode } from '../support/world.ts'

/**
 * A walk over the steps of signing up and in (S10): from every state a flow can stand in, every ordered pair and triple
 * of forms, some of them sent to somebody else's flow, from somebody else's browser, or with what belongs to somebody
 * else's. However they are ordered, a session exists only where its own flow was gone through, by its own browser.
 *
 * What a flow has proved is kept count of here by what was in the forms alone, whatever the service made of them.
 */
let world: World
let accounts: MadeAccount[]
const othersPassword = 'another harbour, 9 terns'
const everything = process.env.FAULTS === 'full'

beforeAll(async () => {
  const open = { sends: [], failures: [] }
  const { quota } = policyForStories.limits
  world = await openWorld({
    hurried: true,
    policy: {
      ...policyForStories,
      limits: {
        email: open,
        phone: open,
        ip: open,
        network: open,
        browser: open,
        quota,
        strangers_codes: open,
        known_codes: open,
        item_codes: open,
        strangers_passwords: open,
        known_passwords: open,
        sign_ins: open,
        sign_up_codes: open,
      },
      code: { ...policyForStories.code, sends: 50, resendGaps: [0] },
    },
  })
  await world.worker.leave()
  accounts = await inTurns(20, (nth) => makeAccount(world, `owner${nth}@example.org`))
  const others = await hash(othersPassword, { algorithm: 2, memoryCost: 8, timeCost: 1, parallelism: 1 })
  const odd = accounts.filter((_, nth) => nth % 2 === 1).map((account) => account.id)
  await world.sql`update account set password_hash = ${others} where id = any(${odd}::uuid[])`
})
afterAll(() => world.close())

/** What has truly been sent to a flow from its own browser. */
type Walked = HeldFlow & {
  accountId: string | undefined
  email: string
  mayEnd: boolean
  codeProved: boolean
  passwordProved: boolean
  password: (typed: string) => boolean
}

const states = {
  'a password to type': (mine) => signInOf(mine),
  'a contact to choose, past the password': (mine) =>
    signInOf(mine, { step: 'choose', passwordAt: world.now }),
  'a contact to choose, before the password': (mine) => signInOf(mine, { step: 'choose', guarded: true }),
  'a hint to complete': (mine) => signInOf(mine, { step: 'confirm', guarded: true, itemId: mine.itemId }),
  'a code to type, past the password': (mine, verificationId) =>
    signInOf(mine, { step: 'code', passwordAt: world.now, itemId: mine.itemId, verificationId }),
  'a code to type, before the password': (mine, verificationId) =>
    signInOf(mine, { step: 'code', guarded: true, itemId: mine.itemId, verificationId }),
  'a code to type, with a password that was compared': (mine, verificationId) =>
    signInOf(mine, {
      step: 'code',
      guarded: true,
      hiddenPasswordAt: world.now,
      itemId: mine.itemId,
      verificationId,
    }),
  'a new address to prove': (_, verificationId) =>
    signUpOf({ step: 'code', verificationId, addressInUse: false }),
  'a taken address to prove': (_, verificationId) =>
    signUpOf({ step: 'code', verificationId, addressInUse: true }),
  'a first password to choose': () => signUpOf({ step: 'new_password', provenAt: world.now }),
} satisfies Record<string, (mine: MadeAccount, verificationId: string) => FlowState>
type StateName = keyof typeof states
const stateNames = Object.keys(states) as StateName[]

const signUpOf = (changes: Partial<SignUp>): SignUp => ({
  kind: 'sign_up',
  step: 'code',
  addressInUse: false,
  email: `new-${newId()}@example.org` as Email,
  invitation: undefined,
  returnTo: undefined,
  ...changes,
})

/** Each form that a page of a flow can send, with what may stand in it. */
type Asked = { target: Walked; other: Walked; mine: MadeAccount; theirs: MadeAccount }
const forms: ((asked: Asked) => FlowForm | Promise<FlowForm>)[] = [
  () => ({ act: 'password', password }),
  () => ({ act: 'password', password: othersPassword }),
  () => ({ act: 'password', password: 'short' }),
  async ({ target }) => ({ act: 'code', code: await livingCode(target) }),
  async ({ other }) => ({ act: 'code', code: await livingCode(other) }),
  async ({ target }) => ({ act: 'code', code: wrongCode(await livingCode(target)) }),
  ({ mine }) => ({ act: 'choose', item: mine.itemId }),
  ({ theirs }) => ({ act: 'choose', item: theirs.itemId }),
  ({ mine }) => ({ act: 'confirm', address: mine.email }),
  ({ theirs }) => ({ act: 'confirm', address: theirs.email }),
  () => ({ act: 'resend' }),
  () => ({ act: 'other' }),
  () => ({ act: 'back' }),
  () => ({
    act: 'signed_in',
    kind: 'signed_in',
    step: 'done',
    accountId: accounts[0]?.id ?? '',
    passwordAt: '1',
  }),
]
const livingCode = (flow: Walked): Promise<string> => codeOf(world, flow.id).catch(() => '000000')

/** One form of a sequence: which, to whose flow, and from whose browser. */
type Move = { form: number; swapped: 'nothing' | 'flow' | 'browser' | 'both' }
const swaps: Move['swapped'][] = ['nothing', 'flow', 'browser', 'both']

async function begin(name: StateName, mine: MadeAccount): Promise<Walked> {
  const verificationId = newId()
  const state = states[name](mine, verificationId)
  const flow = await putFlow(world, state, newBrowser())
  const signsUp = state.kind === 'sign_up'
  if (state.step === 'code')
    await putCode(flow.id, verificationId, signsUp ? state.email : mine.email, state.kind)
  const own = accounts.indexOf(mine) % 2 === 1 ? othersPassword : password
  return {
    ...flow,
    accountId: signsUp ? undefined : mine.id,
    email: signsUp ? state.email : mine.email,
    mayEnd: name !== 'a taken address to prove',
    codeProved: signsUp ? state.step === 'new_password' : state.second !== undefined,
    passwordProved: signsUp ? false : (state.passwordAt ?? state.hiddenPasswordAt) !== undefined,
    password: signsUp ? (typed) => typed.length >= 15 : (typed) => typed === own,
  }
}

async function putCode(
  flowId: string,
  id: string,
  to: string,
  purpose: 'sign_in' | 'sign_up',
): Promise<void> {
  const { current } = world.deps.keyring.current()
  const code = newCode(6)
  await world.deps.verificationSql.issue(world.sql, [], {
    subject: flowId,
    id,
    applicationId: ownApplicationId,
    purpose,
    channel: 'email',
    destination: to,
    destinationKey: Buffer.from(id),
    locale: 'en',
    reference: undefined,
    messageReference: newReference(),
    requestHash: undefined,
    codeLength: 6,
    codeKey: current.id,
    codeMac: current.codeMac(id, code),
    sealedCode: current.seal(code, sealBound(id, to)),
    tries: 5,
    lifetime: world.deps.policy.code.lifetime,
    messageId: newId(),
    messageKind: 'code',
    activityId: newId(),
  })
}

/** Plays one sequence, and notes whose flow each session came of, by its browser. */
async function play(
  name: StateName,
  moves: readonly Move[],
  nth: number,
  opened: Map<string, Walked>,
): Promise<void> {
  const mine = accounts[nth % accounts.length]!
  const theirs = accounts[(nth + 1) % accounts.length]!
  const own = await begin(name, mine)
  const foreign = await begin('a code to type, past the password', theirs)
  for (const { form, swapped } of moves) {
    const [target, other] = swapped === 'flow' || swapped === 'both' ? [foreign, own] : [own, foreign]
    const browser = swapped === 'browser' || swapped === 'both' ? other.browser : target.browser
    const sent = await forms[form]!({ target, other, mine, theirs })
    if (browser === target.browser) {
      if (sent.password !== undefined && target.password(sent.password)) target.passwordProved = true
      if (sent.code !== undefined && sent.code !== '000000' && sent.code === (await livingCode(target)))
        target.codeProved = true
    }
    const answered = await act(world, target, sent, browser)
    if (!answered.ok || answered.value.flow.state.kind !== 'signed_in') continue
    const { flow } = answered.value
    const session = await openSession(
      world.deps,
      sourceOf(browser),
      flow.id,
      answered.value.flow.state as never,
      flow.now,
    )
    if (typeof session === 'object') opened.set(browser.toString('hex'), target)
  }
}

const triples = (): [StateName, Move[]][] => {
  let seed = 1
  const swap = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return swaps[Math.max(0, ((seed >> 8) % 8) - 4)]!
  }
  return stateNames.flatMap((name) =>
    forms.flatMap((_, a) =>
      forms.flatMap((_, b) =>
        forms.map((_, c): [StateName, Move[]] => [
          name,
          [a, b, c].map((form) => ({ form, swapped: swap() })),
        ]),
      ),
    ),
  )
}
const pairs = (swapped: readonly Move['swapped'][]): [StateName, Move[]][] =>
  stateNames.flatMap((name) =>
    forms.flatMap((_, a) =>
      forms.flatMap((_, b) =>
        swapped.flatMap((first) =>
          swapped.map((second): [StateName, Move[]] => [
            name,
            [
              { form: a, swapped: first },
              { form: b, swapped: second },
            ],
          ]),
        ),
      ),
    ),
  )

const all = [...triples(), ...pairs(everything ? swaps : ['nothing'])]
const sequences = process.env.WALK ? all.filter((_, nth) => nth % Number(process.env.WALK) === 0) : all

test(`in ${sequences.length} sequences of forms no session comes to be but by its own whole flow`, async () => {
  if (!process.env.WALK) expect(sequences.length).toBeGreaterThanOrEqual(everything ? 48_000 : 20_000)
  const opened = new Map<string, Walked>()
  await inTurns(sequences.length, (nth) => play(...sequences[nth]!, nth, opened))
  const sessions = await world.sql<{ browser: Buffer; account_id: string; name: string }>`
    select s.browser, s.account_id, u.name from session s join account_username u on u.account_id = s.account_id`
  const wrong = sessions.filter(({ browser, account_id, name }) => {
    const flow = opened.get(browser.toString('hex'))
    if (flow === undefined || !flow.mayEnd || !flow.codeProved || !flow.passwordProved) return true
    return flow.accountId === undefined ? name !== flow.email : account_id !== flow.accountId
  })
  expect(wrong).toEqual([])
  expect(sessions.length).toBe(opened.size)
  const [made] = await world.sql<{ count: number }>`select count(*)::int as count from account`
  const signedUp = [...opened.values()].filter((flow) => flow.accountId === undefined)
  expect(made?.count).toBe(accounts.length + signedUp.length)
  expect(signedUp.length).toBeGreaterThan(0)
  expect(sessions.length).toBeGreaterThan(sequences.length / 200)
}, 600_000)
