import type { Child } from 'hono/jsx'
import { hintOf, parseEmail } from '../../../core/address.ts'
import { type EntryState, isEntry, isOver, mayBeTold, type SignIn } from '../../../core/people/flow.ts'
import type { Refusal } from '../../../core/refusal.ts'
import type { Locale } from '../../../core/verifications/message.ts'
import { translate } from '../../../locales/catalogue.ts'
import { codeMailSubject } from '../../../messages/code-mail.ts'
import { readWaiting, waitingMark } from '../../../operations/signing-in/flow-code.ts'
import type { FlowView } from '../../../operations/signing-in/flow-step.ts'
import { choicesForSignIn, itemsForSignIn } from '../../../operations/signing-in/item-choices.ts'
import { flowPasskeyOptions, openSealedCode } from '../../../operations/signing-in/prove-item.ts'
import type { Answering } from '../../exchange.ts'
import { answerFormAgain, answerPage, refusePage } from '../answer-page.tsx'
import { TrustBox } from '../components/trust-box.tsx'
import { Way } from '../components/ways.tsx'
import {
  NextRecoveryCodePage,
  PasskeyPage,
  type ProofStep,
  RecoveryCodePage,
  TotpPage,
} from '../proof-pages.tsx'
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
  if (!isEntry(state) || state.kind === 'signed_in') return undefined
  const here = pathOf(flow.id, state)
  const hidden = { form: formTokenOf(given, visit, scopeOfFlow(flow.id)), revision: String(flow.revision) }
  const step = { here, hidden, refusal }
  if (state.kind === 'sign_up') {
    if (state.step === 'begin') return undefined
    if (state.step === 'password') return <NewPasswordPage {...step} email={state.email} />
    return waitingPage(given, c, flow, step, { verificationId: state.verificationId, to: state.email })
  }
  const { username } = state
  switch (state.step) {
    case 'password':
      return <PasswordPage {...step} username={username} />
    case 'choose': {
      const items = await choicesForSignIn(given.deps, state, visit.source)
      return (
        <ChoosePage
          {...step}
          username={username}
          items={items}
          sent={state.verificationId !== undefined}
          guarded={state.passwordAt === undefined}
          twoStep={state.twoStep}
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
      return waitingPage(given, c, flow, step, {
        verificationId: state.verificationId,
        to: await hintOfChoice(given, state),
        account: translate(c.var.locale, 'signIn.as', { username }),
        others: true,
        trust: trustBox(state),
      })
    default:
      return state.accountId && itemPage(given, visit, flow, state, state.accountId, step, c.var.locale)
  }
}

/** The page that takes a second proof by anything but a code to a contact. */
async function itemPage(
  given: SignInSite,
  visit: Visit,
  flow: FlowView,
  state: SignIn,
  accountId: string,
  step: Step,
  locale: Locale,
) {
  const { username } = state
  const proof: ProofStep = {
    ...step,
    account: translate(locale, 'signIn.as', { username }),
    ways: <Way href="/signin">{translate(locale, 'signIn.otherName')}</Way>,
  }
  switch (state.step) {
    case 'totp':
      return <TotpPage {...proof} trust={trustBox(state)} />
    case 'passkey': {
      const options = await flowPasskeyOptions(given.deps, flow, accountId, visit.source.origin)
      return <PasskeyPage {...proof} trust={trustBox(state)} options={options} />
    }
    case 'recovery_code':
      return <RecoveryCodePage {...proof} />
    case 'new_recovery_code': {
      if (state.sealedCode === undefined) return undefined
      const code = openSealedCode(given.deps, flow.id, state.sealedCode)
      return <NextRecoveryCodePage {...proof} code={code} name={username} />
    }
  }
}

/** "Don't ask again in this browser", where two-step verification asks. */
const trustBox = (state: SignIn) => (state.twoStep ? <TrustBox ticked={state.trust} /> : undefined)

export type Step = { here: string; hidden: Readonly<Record<string, string>>; refusal: Refusal | undefined }

/** What one waiting page is about: which code, where it went, for whom, and whether it may go elsewhere. */
type Awaited = {
  verificationId: string | undefined
  to: string
  account?: string
  others?: boolean
  trust?: Child
}

/** The page that waits for the code of a flow. */
export async function waitingPage(
  given: SignInSite,
  c: Answering,
  flow: FlowView,
  step: Step,
  { verificationId, to, account, others = false, trust }: Awaited,
) {
  const { state } = flow
  if (verificationId === undefined || isOver(state)) return undefined
  const told = mayBeTold(state)
  // Read before the story, so that what happens in between is news to the page.
  const mark = await waitingMark(given.deps, flow)
  const waiting = await readWaiting(given.deps, flow.id, verificationId, told)
  if (waiting === undefined) return undefined
  const { locale } = c.var
  return (
    <WaitingPage
      {...step}
      waiting={waiting}
      policy={given.deps.policy.code}
      to={to}
      account={account}
      told={told}
      sender={given.sender}
      subject={codeMailSubject({ operator: given.sender.name, reference: waiting.messageReference }, locale)}
      stream={`${step.here}/news?seen=${encodeURIComponent(mark)}`}
      others={others}
      trust={trust}
    />
  )
}

async function hintOfChoice(given: SignInSite, state: SignIn): Promise<string> {
  const items = await itemsForSignIn(given.deps, state)
  const email = parseEmail(state.username)
  const fallback = email.ok ? hintOf({ kind: 'email', email: email.value }) : state.username
  return items.find((item) => item.id === state.itemId)?.hint ?? fallback
}

export const pathOf = (id: string, state: EntryState): string =>
  `/${state.kind === 'sign_up' ? 'signup' : 'signin'}/${id}`
