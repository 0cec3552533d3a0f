import { type FlowState, isEntry, mayBeTold, type SignIn } from '../../core/people/flow.ts'
import type { Refusal } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import type { Deps } from '../deps.ts'
import type { Source } from '../source.ts'
import { resendFlowCode } from './flow-code.ts'
import { choicesForSignIn } from './item-choices.ts'
import { noteStep } from './note-step.ts'
import {
  answerItem,
  answerPassword,
  answerSignInCode,
  chooseItem,
  confirmItem,
  withTrust,
} from './sign-in.ts'
import { answerSignUpCode, choosePassword } from './sign-up.ts'

/** What one form asks of a flow. */
export type FlowForm = Readonly<Record<string, string>>

type Step = { state: FlowState; refusal?: Refusal | undefined }

/**
 * Does what a form asks, where the flow is at the step that the form belongs to. A form of any other step, however it
 * came to be sent, changes nothing: the flow alone says what comes next (S10).
 */
export async function actOnFlow(
  deps: Deps,
  flowId: string,
  state: FlowState,
  form: FlowForm,
  source: Source,
  now: Instant,
): Promise<Step> {
  const step = await takeStep(deps, flowId, state, form, source, now)
  await noteStep(deps, state, step, source, now)
  return step
}

async function takeStep(
  deps: Deps,
  flowId: string,
  state: FlowState,
  form: FlowForm,
  source: Source,
  now: Instant,
): Promise<Step> {
  const elsewhere: Step = { state, refusal: { code: 'step_elsewhere' } }
  if (!isEntry(state) || state.kind === 'signed_in') return elsewhere
  if (state.kind === 'sign_up') {
    if (state.step === 'begin') return elsewhere
    if (state.step === 'password') {
      return form.act === 'password'
        ? choosePassword(deps, flowId, state, form.password ?? '', source, now)
        : elsewhere
    }
    if (form.act === 'code') return answerSignUpCode(deps, flowId, state, form.code ?? '', source, now)
    return form.act === 'resend' ? resend(deps, flowId, state, state.verificationId, source) : elsewhere
  }
  if (state.step === 'password' && form.act === 'password') {
    return answerPassword(deps, state, form.password ?? '', source, now)
  }
  if (state.step === 'choose' && form.act === 'back' && state.verificationId !== undefined) {
    return { state: { ...state, step: 'code' } }
  }
  const sending = mayBeTold(state) ? deps : unhurried(deps)
  if (state.step === 'choose' && form.act === 'choose')
    return chooseItem(sending, flowId, state, form.item ?? '', source, now)
  if (state.step === 'confirm' && form.act === 'confirm') {
    return confirmItem(sending, flowId, state, form.address ?? '', source)
  }
  if (state.step === 'code' && form.act === 'code') {
    return answerSignInCode(deps, flowId, withTrust(state, form), form.code ?? '', source, now)
  }
  if (form.act === 'other' && mayChooseAgain.has(state.step)) return { state: { ...state, step: 'choose' } }
  if (state.step === 'code' && form.act === 'resend' && state.verificationId !== undefined) {
    if (mayBeTold(state) && (await isClosed(deps, state, source))) {
      return { state, refusal: { code: 'item_closed' } }
    }
    return resend(sending, flowId, state, state.verificationId, source)
  }
  return answerItem(deps, flowId, state, form, source, now)
}

/** A code that the item takes from this browser no more is not sent again. */
const isClosed = async (deps: Deps, state: SignIn, source: Source): Promise<boolean> =>
  (await choicesForSignIn(deps, state, source)).some(({ id, closed }) => closed && id === state.itemId)

/**
 * Sending a message takes this process longer than not sending a decoy, and whoever asks for a page right after could
 * see it by the time that takes. So the outbox is not woken: it comes to the message by itself, within a second.
 */
const unhurried = (deps: Deps): Deps => ({ ...deps, wakeOutbox() {} })

const mayChooseAgain: ReadonlySet<SignIn['step']> = new Set(['code', 'totp', 'passkey', 'recovery_code'])

/** "I don't have a code." Refusals: those of `resendCode`. */
export async function resend(
  deps: Deps,
  flowId: string,
  state: FlowState,
  verificationId: string,
  source: Source,
): Promise<Step> {
  const sent = await resendFlowCode(deps, flowId, verificationId, source)
  return sent.ok ? { state } : { state, refusal: sent.refusal }
}
