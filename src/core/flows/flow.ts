import type { ContactProved, ProveContact } from '../changes/prove-contact.ts'
import type { SignedIn, SignIn } from '../sign-in/sign-in.ts'
import type { SignUp } from '../sign-in/sign-up.ts'
import type { SteppedUp, StepUp } from '../sign-in/step-up-flow.ts'
import { type Duration, minutes, seconds } from '../time.ts'
import type { Undoing, UndoingOver } from '../undo/undo-flow.ts'

/**
 * Every kind of flow that proves something, by the state it is open in and the one it ends in. A new caller of the proof
 * engine is registered here; the compiler then names what else must know it.
 */
export type OpenFlow = SignUp | SignIn | StepUp | ProveContact | Undoing
export type FinalFlow = SignedIn | SteppedUp | ContactProved | UndoingOver
export type FlowState = OpenFlow | FinalFlow

const finals: Record<FinalFlow['kind'], true> = {
  signed_in: true,
  stepped_up: true,
  contact_proved: true,
  undoing_over: true,
}

/** The kinds of state in which a flow takes no further form. */
export const finalKinds = Object.keys(finals) as FinalFlow['kind'][]

export const isFinal = (state: FlowState): state is FinalFlow => Object.hasOwn(finals, state.kind)

/** A flow is given up after this long: longer than a code lives, and than a person looks for one. */
export const flowLasts: Duration = minutes(60)

/** How long the last form may be sent again (a double click) and still be answered with the same session. */
export const repeatedFor: Duration = seconds(60)
