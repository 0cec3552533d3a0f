import { type FlowState, flowLasts } from '../../src/core/flows/flow.ts'
import type { FlowForm, ItemChoice } from '../../src/core/proving/proving.ts'
import type { SignIn } from '../../src/core/sign-in/sign-in.ts'
import { callers } from '../../src/operations/flows/callers.ts'
import { answerFlow } from '../../src/operations/proving/answer-flow.ts'
import { offerSignIn } from '../../src/operations/sign-in/sign-in-offer.ts'
import { newId } from '../../src/secrets/random.ts'
import { sealBound } from '../../src/secrets/sealed-code.ts'
import { hashToken, newBrowserToken } from '../../src/secrets/tokens.ts'
import { insertFlow } from '../../src/storage/flow.ts'
import type { MadeAccount } from './accounts.ts'
import { type Ground, publicUrl, type World } from './world.ts'

/** Flows without pages around them: for what is done thousands of times. */
export type HeldFlow = { id: string; browser: Buffer; revision: number }

export async function putFlow(
  world: Pick<Ground, 'sql'>,
  state: FlowState,
  browser = newBrowser(),
): Promise<HeldFlow> {
  const id = newId()
  await insertFlow(world.sql, { id, browser, state, lasts: flowLasts })
  return { id, browser, revision: 0 }
}

export const newBrowser = (): Buffer => hashToken(newBrowserToken())

/** A sign-in as it begins, or further on. */
export const signInOf = (account: MadeAccount, changes: Partial<SignIn> = {}): SignIn => ({
  kind: 'sign_in',
  step: 'account_password',
  username: account.email,
  accountId: account.id,
  guarded: false,
  passwordAt: undefined,
  second: undefined,
  twoStep: false,
  trust: false,
  keep: false,
  returnTo: undefined,
  ...changes,
})

export const sourceOf = (browser: Buffer, ip = '192.0.2.77') => ({
  browser,
  ip,
  userAgent: undefined,
  locale: 'en' as const,
  origin: publicUrl,
})

/** The one contact that a name shows before its password. */
export async function onlyChoice(world: World, state: SignIn): Promise<ItemChoice | undefined> {
  const request = { flowId: newId(), state, requester: sourceOf(newBrowser()), now: world.now }
  return (await offerSignIn(world.deps, request)).choices[0]
}

/** One form, as its route has it done. */
export async function act(world: World, flow: HeldFlow, form: FlowForm, browser = flow.browser) {
  const { id: flowId, revision } = flow
  const served = [callers.sign_in, callers.sign_up]
  const answered = await answerFlow(world.deps, served, {
    flowId,
    revision,
    form,
    requester: sourceOf(browser),
  })
  if (answered.ok) flow.revision += 1
  return answered
}

/** The code that a flow waits for, opened by the key ring: for messages that nobody carries. */
export async function codeOf(world: World, flowId: string): Promise<string> {
  const [row] = await world.sql<{ id: string; destination: string; code_key: string; sealed_code: Buffer }>`
    select id, destination, code_key, sealed_code from verification
    where subject = ${flowId} and sealed_code is not null order by created_at desc limit 1`
  if (row === undefined) throw new Error('The flow waits for no code.')
  const key = world.deps.keyring.current().find(row.code_key)
  return key?.open(row.sealed_code, sealBound(row.id, row.destination)) ?? ''
}

/** So many things done, a few at a time: no more than the pool has connections. */
export async function inTurns<Value>(count: number, work: (nth: number) => Promise<Value>): Promise<Value[]> {
  const done: Value[] = []
  let next = 0
  const worker = async () => {
    for (let nth = next++; nth < count; nth = next++) done[nth] = await work(nth)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  return done
}
