import type { Child } from 'hono/jsx'
import { hintOf, parseEmail } from '../../../core/address.ts'
import type { OpenFlow } from '../../../core/flows/flow.ts'
import type { Refusal } from '../../../core/refusal.ts'
import type { SignIn } from '../../../core/sign-in/sign-in.ts'
import type { SignUp } from '../../../core/sign-in/sign-up.ts'
import { translate } from '../../../locales/catalogue.ts'
import type { FlowView } from '../../../operations/proving/answer-flow.ts'
import { offerSignIn } from '../../../operations/sign-in/sign-in-offer.ts'
import type { Answering } from '../../exchange/exchange.ts'
import { TrustBox } from '../components/trust-box.tsx'
import { Way } from '../components/ways.tsx'
import type { PagesContext } from '../frame/pages-context.ts'
import type { Visit } from '../frame/visit.ts'
import { type FlowStep, flowStep, provingPage, showFlowPage } from '../proving/flow-page.tsx'
import { ChoosePage, ConfirmPage, NewPasswordPage, PasswordPage } from './sign-in-pages.tsx'

/** A flow on the way to a session, as this browser sees it. */
export type Entry = {
  visit: Visit
  flow: FlowView<SignIn | SignUp>
  refusal?: Refusal | undefined
  chosen?: string | undefined
}

export const isEntry = (flow: FlowView | undefined): flow is FlowView<SignIn | SignUp> =>
  flow?.state.kind === 'sign_in' || flow?.state.kind === 'sign_up'

export const pathOf = ({ id, state }: FlowView<OpenFlow>): string =>
  `/${state.kind === 'sign_up' ? 'signup' : 'signin'}/${id}`

/** Shows where a flow stands: the step is in the flow, never in the address, so none can be skipped. */
export async function showEntry(given: PagesContext, c: Answering, entry: Entry): Promise<Response> {
  const { visit, flow, refusal } = entry
  const step = flowStep(given, visit, flow, { here: pathOf(flow), refusal })
  const { state } = flow
  const page =
    state.kind === 'sign_up'
      ? await signUpStep(given, c, { ...flow, state }, step)
      : await signInStep(given, c, { ...entry, flow: { ...flow, state } }, step)
  return showFlowPage(c, given, page, refusal)
}

async function signUpStep(
  given: PagesContext,
  c: Answering,
  flow: FlowView<SignUp>,
  step: FlowStep,
): Promise<Child | undefined> {
  const { email } = flow.state
  if (flow.state.step === 'new_password') return <NewPasswordPage {...step} email={email} />
  return provingPage(given, c, flow, { ...step, to: email })
}

async function signInStep(
  given: PagesContext,
  c: Answering,
  { visit, flow, chosen }: Entry & { flow: FlowView<SignIn> },
  step: FlowStep,
): Promise<Child | undefined> {
  const { state, id: flowId, now } = flow
  const { username, twoStep } = state
  if (state.step === 'account_password') return <PasswordPage {...step} username={username} />
  const { choices } = await offerSignIn(given.deps, { flowId, state, requester: visit.requester, now })
  const hint = choices.find(({ id }) => id === state.itemId)?.hint
  if (state.step === 'confirm') return hint && <ConfirmPage {...step} username={username} hint={hint} />
  if (state.step === 'choose') {
    const guarded = state.passwordAt === undefined
    const sent = state.verificationId !== undefined
    return <ChoosePage {...step} {...{ username, items: choices, sent, guarded, twoStep, chosen }} />
  }
  return provingPage(given, c, flow, {
    ...step,
    to: hint ?? hintOfName(username),
    account: translate(c.var.locale, 'signIn.as', { username }),
    name: username,
    ways: <Way href="/signin">{translate(c.var.locale, 'signIn.otherName')}</Way>,
    trust: twoStep ? <TrustBox ticked={state.trust} /> : undefined,
  })
}

function hintOfName(username: string): string {
  const email = parseEmail(username)
  return email.ok ? hintOf({ kind: 'email', email: email.value }) : username
}
