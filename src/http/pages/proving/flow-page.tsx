import type { Child } from 'hono/jsx'
import type { OpenFlow } from '../../../core/flows/flow.ts'
import type { Proving } from '../../../core/proving/proving.ts'
import type { Refusal } from '../../../core/refusal.ts'
import { codeMailSubject } from '../../../messages/code-mail.ts'
import { callerOf } from '../../../operations/flows/callers.ts'
import type { FlowView } from '../../../operations/proving/answer-flow.ts'
import { readWaiting, waitingMark } from '../../../operations/proving/codes.ts'
import { flowPasskeyOptions } from '../../../operations/proving/prove-passkey.ts'
import { openSealedCode } from '../../../operations/proving/prove-recovery-code.ts'
import type { Answering } from '../../exchange/exchange.ts'
import { answerFormAgain, answerPage, refusePage } from '../frame/answer-page.tsx'
import type { PagesContext } from '../frame/pages-context.ts'
import { formTokenOf, scopeOfFlow, type Visit } from '../frame/visit.ts'
import {
  NextRecoveryCodePage,
  PasskeyPage,
  PasswordProofPage,
  type ProofStep,
  RecoveryCodePage,
  TotpPage,
} from './proof-pages.tsx'
import { WaitingPage } from './waiting-page.tsx'

/** How a caller frames the pages that the proof engine has in common. */
export type ProofFrame = ProofStep & {
  /** Where the code went, as much as may be shown. */
  to: string
  /** The name that a new recovery code is saved under, and that a password belongs to. */
  name?: string
  /** Above the password: what is about to be done. */
  lead?: string
}

/** What every page of a flow has: its address, its hidden fields, and why its form was declined. */
export type FlowStep = Pick<ProofStep, 'here' | 'hidden' | 'refusal'>

export const flowStep = (
  site: PagesContext,
  visit: Visit,
  flow: FlowView,
  shown: { here: string; refusal: Refusal | undefined },
): FlowStep => ({
  ...shown,
  hidden: { form: formTokenOf(site, visit, scopeOfFlow(flow.id)), revision: String(flow.revision) },
})

/** The page of a step that every caller has in common; undefined for the caller's own, and the choice of what to prove. */
export async function provingPage(
  site: PagesContext,
  c: Answering,
  flow: FlowView<OpenFlow>,
  frame: ProofFrame,
): Promise<Child | undefined> {
  const { step, replacement }: Proving<string> = flow.state
  switch (step) {
    case 'code':
      return waitingPage(site, c, flow, frame)
    case 'password':
      return <PasswordProofPage {...frame} />
    case 'totp':
      return <TotpPage {...frame} />
    case 'passkey': {
      const accountId = callerOf(flow.state).accountOf(flow.state) ?? ''
      const options = await flowPasskeyOptions(site.deps, flow, accountId, site.publicUrl)
      return <PasskeyPage {...frame} options={options} />
    }
    case 'recovery_code':
      return <RecoveryCodePage {...frame} />
    case 'new_recovery_code': {
      if (replacement === undefined) return undefined
      const code = openSealedCode(site.deps, flow.id, replacement.sealedCode)
      return <NextRecoveryCodePage {...frame} code={code} name={frame.name ?? ''} />
    }
    default:
      return undefined
  }
}

/** The page that waits for the code of a flow. */
async function waitingPage(
  { deps, sender }: PagesContext,
  c: Answering,
  flow: FlowView<OpenFlow>,
  frame: ProofFrame,
): Promise<Child | undefined> {
  const { verificationId } = flow.state
  if (verificationId === undefined) return undefined
  const caller = callerOf(flow.state)
  const mayRead = caller.mayReadStory(flow.state)
  // Read before the story, so that what happens in between is news to the page.
  const mark = await waitingMark(deps, flow, mayRead)
  const waiting = await readWaiting(deps, flow.id, verificationId, mayRead)
  if (waiting === undefined) return undefined
  const reference = { operator: sender.name, reference: waiting.verification.messageReference }
  return (
    <WaitingPage
      {...frame}
      waiting={waiting}
      policy={deps.policy.code}
      mayReadStory={mayRead}
      sender={sender}
      subject={codeMailSubject(reference, c.var.locale)}
      stream={`${frame.here}/news?seen=${encodeURIComponent(mark)}`}
      others={'offer' in caller}
    />
  )
}

/** Answers with the page of a flow, declined where there is a refusal; without one the flow has ended. */
export function showFlowPage(
  c: Answering,
  { site }: PagesContext,
  page: Child | undefined,
  refusal: Refusal | undefined,
): Response {
  if (page === undefined) return refusePage(c, site, { code: 'flow_ended' })
  return refusal === undefined ? answerPage(c, site, page) : answerFormAgain(c, site, refusal, page)
}
