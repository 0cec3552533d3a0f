import type { FlowState, OpenFlow } from '../../core/flows/flow.ts'
import { isFinal } from '../../core/flows/flow.ts'
import type { Caller } from '../proving/caller.ts'
import { proveContact } from '../security-info/contacts.ts'
import { signIn } from '../sign-in/sign-in.ts'
import { signUp } from '../sign-in/sign-up.ts'
import { stepUp } from '../sign-in/step-up.ts'
import { undoing } from '../undo/undo-from-notice.ts'

/** Every caller of the proof engine, by the kind of its flows. */
export const callers: { [Kind in OpenFlow['kind']]: Caller<Extract<OpenFlow, { kind: Kind }>> } = {
  sign_in: signIn,
  sign_up: signUp,
  step_up: stepUp,
  prove_contact: proveContact,
  undoing,
}

export const callerOf = <State extends OpenFlow>(state: State): Caller<State> =>
  callers[state.kind] as unknown as Caller<State>

/** Whether a flow's page may show the true story of its message: see `Caller`. */
export const mayReadStory = (state: FlowState): boolean =>
  !isFinal(state) && callerOf(state).mayReadStory(state)
