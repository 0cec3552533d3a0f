import { hintOf, parseEmail } from '../../../core/address.ts'
import { type FlowState, mayBeTold, type SignIn, type SignUp } from '../../../core/flow.ts'
import type { Refusal } from '../../../core/refusal.ts'
import { translate } from '../../../locales/catalogue.ts'
import { codeMailSubject } from '../../../messages/code-mail.ts'
import { readWaiting, waitingMark } from '../../../operations/flow-code.ts'
import type { FlowView } from '../../../operations/flow-step.ts'
import { itemsForSignIn } from '../../../operations/item-choices.ts'
import type { Answering } from '../../exchange.ts'
import { answerFormAgain, answerPage, refusePage } from '../answer-page.tsx'
import { formTokenOf, scopeOfFlow, type Visit } from '../visit.ts'
import { ChoosePage, ConfirmPage, NewPasswordPage, PasswordPage } from './pages.tsx'
import type { SignInSite } from './site.ts'
import { WaitingPage } from './waiting.tsx'

/** Shows where a flow stands: the step is in the flow, never in the address, so none can be skipped. */
export async function showFlow(
  given: SignInSite,
  c: Answering,
  visit: Visit,
  flow: FlowView,
  refusal: Refusal | undefined,
  chosen?: string,
): Promise<Response> {
  const page = await pageOf(given, c, visit, flow, refusal, chosen)
  if (page === undefined) return refusePage(c, given.site, { code: 'flow_ended' })
  return refusal === undefined
    ? answerPage(c, given.site, page)
    : answerFormAgain(c, given.site, refusal, page)
}

async function pageOf(
  given: SignInSite,
  c: Answering,
  visit: Visit,
  flow: FlowView,
  refusal: Refusal | undefined,
  chosen: string | undefined,
) {
  const { state } = flow
  const here = pathOf(flow.id, state)
  const hidden = { form: formTokenOf(given, visit, scopeOfFlow(flow.id)), revision: String(flow.revision) }
  const step = { here, hidden, refusal }
  if (state.kind === 'signed_in') return undefined
  if (state.kind === 'sign_up') {
    if (state.step === 'password') return <NewPasswordPage {...step} email={state.email} />
    return waitingPage(given, c, flow, state, step)
  }
  const { username } = state
  switch (state.step) {
    case 'password':
      return <PasswordPage {...step} username={username} />
    case 'choose': {
      const items = await itemsForSignIn(given.deps, state)
      return (
        <ChoosePage
          {...step}
          username={username}
          items={items}
          sent={state.verificationId !== undefined}
          guarded={state.passwordAt === undefined}
          chosen={chosen}
        />
      )
    }
    case 'confirm': {
      const items = await itemsForSignIn(given.deps, state)
      const hint = items.find((item) => item.id === state.itemId)?.hint
      return hint === undefined ? undefined : <ConfirmPage {...step} username={username} hint={hint} />
    }
    case 'code':
      return waitingPage(given, c, flow, state, step)
  }
}

type Step = { here: string; hidden: Readonly<Record<string, string>>; refusal: Refusal | undefined }

async function waitingPage(
  given: SignInSite,
  c: Answering,
  flow: FlowView,
  state: SignIn | SignUp,
  step: Step,
) {
  const verificationId = 'verificationId' in state ? state.verificationId : undefined
  if (verificationId === undefined) return undefined
  const told = mayBeTold(state)
  // Read before the story, so that what happens in between is news to the page.
  const mark = await waitingMark(given.deps, flow)
  const waiting = await readWaiting(given.deps, flow.id, verificationId, told)
  if (waiting === undefined) return undefined
  const { locale } = c.var
  const to = state.kind === 'sign_up' ? state.email : await hintOfChoice(given, state)
  return (
    <WaitingPage
      {...step}
      waiting={waiting}
      policy={given.deps.policy.code}
      to={to}
      account={
        state.kind === 'sign_in' ? translate(locale, 'signIn.as', { username: state.username }) : undefined
      }
      told={told}
      sender={given.sender}
      subject={codeMailSubject({ operator: given.sender.name, reference: waiting.messageReference }, locale)}
      stream={`${step.here}/news?seen=${encodeURIComponent(mark)}`}
      others={state.kind === 'sign_in'}
    />
  )
}

async function hintOfChoice(given: SignInSite, state: SignIn): Promise<string> {
  const items = await itemsForSignIn(given.deps, state)
  const email = parseEmail(state.username)
  const fallback = email.ok ? hintOf({ kind: 'email', email: email.value }) : state.username
  return items.find((item) => item.id === state.itemId)?.hint ?? fallback
}

export const pathOf = (id: string, state: FlowState): string =>
  `/${state.kind === 'sign_up' ? 'signup' : 'signin'}/${id}`
