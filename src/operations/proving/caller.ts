import type { FlowState, OpenFlow } from '../../core/flows/flow.ts'
import type { LimitKey } from '../../core/limits.ts'
import type { Proof, ProofKind } from '../../core/proving/proof.ts'
import type { FlowForm, ItemChoice } from '../../core/proving/proving.ts'
import type { Trust } from '../../core/proving/trust.ts'
import type { Refusal } from '../../core/refusal.ts'
import type { Contact } from '../../core/security-info/security-info.ts'
import type { Instant } from '../../core/time.ts'
import type { CodeLength } from '../../core/verifications/code.ts'
import type { Purpose } from '../../core/verifications/message.ts'
import type { ActivityOwner } from '../activity/record-activity.ts'
import type { Deps } from '../deps.ts'
import type { Requester, SignedInSession } from '../requester.ts'

/** One form of a flow at work: where it stands, who sent it, and when by the database's clock. */
export type FlowRequest<State extends OpenFlow = OpenFlow> = {
  flowId: string
  state: State
  requester: Requester
  now: Instant
  /** The session that the form came in, where its flow belongs to one. */
  session?: SignedInSession | undefined
}

/** Where a flow stands after a form, and why that was declined where it was. */
export type Step = { state: FlowState; refusal?: Refusal | undefined }

/** What may be proved, as the one who chooses may see it. */
export type Offer = {
  choices: ItemChoice[]
  password: boolean
  /** The contacts that codes go to: those among the choices, and any that may be typed in full instead. */
  contacts: Contact[]
}

/** What every caller of the proof engine decides. Everything else is the engine's. */
type AnyCaller<State extends OpenFlow> = {
  kind: State['kind']
  /** Whether a flow may be gone on with here: that of a session only in that session. */
  belongsTo?(state: State, session: SignedInSession | undefined): boolean
  /** Whose security info is proved; undefined for a name that has no account. */
  accountOf(state: State): string | undefined
  /** Whose activity records what happens. */
  told(deps: Deps, state: State): ActivityOwner
  /** Who asks, and so which limits count: see `core/proving/trust.ts`. */
  trust(deps: Deps, request: FlowRequest<State>): Promise<Trust>
  /** What a wrong code counts against besides its destination, where that isn't a matter of trust. */
  guessLimits?(deps: Deps, request: FlowRequest<State>): LimitKey[]
  /**
   * Whether the true story of a message may be shown: to somebody who has proved the password, or whose own typed address
   * it is. Anybody else could tell by it whether there is an account, or which contacts it has.
   */
  mayReadStory(state: State): boolean
  /** How a refused proof is recorded in the account's activity; undefined where it isn't. */
  refusedAs?: 'sign_in_refused' | 'proof_refused'
  /** Works off a form of one of the caller's own steps; undefined leaves it to the engine. */
  ownStep?(deps: Deps, request: FlowRequest<State>, form: FlowForm): Promise<Step | undefined>
  /** A wrong answer was counted, or an item was found closed. */
  guessRefused?(deps: Deps, request: FlowRequest<State>, refusal: Refusal): Promise<void>
}

/** A caller that lets somebody choose what to prove. */
export type ChoosingCaller<State extends OpenFlow> = AnyCaller<State> & {
  offer(deps: Deps, request: FlowRequest<State>): Promise<Offer>
  /** Whether the hidden part of a contact must be typed before a code goes to it. */
  mustType(state: State, itemId: string): boolean
  /** What the code that is sent is for, and how long it is. */
  code(state: State): { purpose: Purpose; length: CodeLength }
  /** Whether the right address gets a code; without it, it gets a decoy like any wrong one. By default always. */
  maySend?(state: State): boolean
  /** A form's own settings, such as "don't ask again in this browser". */
  withForm?(state: State, form: FlowForm): State
  /** Records that the chosen contact was proved; undefined where it is gone or frozen. By default `noteProven`. */
  contactProved?(deps: Deps, request: FlowRequest<State>, itemId: string): Promise<ProofKind | undefined>
  /** What a proof leads to. */
  proved(deps: Deps, request: FlowRequest<State>, proof: Proof): Promise<Step>
}

/** A caller that proves one known contact: it begins with the code on its way. */
export type CodeCaller<State extends OpenFlow> = AnyCaller<State> & {
  codeApproved(deps: Deps, request: FlowRequest<State>, approvedAt: Instant): Promise<Step>
}

/**
 * A caller of the proof engine: it says what may be chosen, what must be typed first, purpose and code length, which limits
 * count, who may see the story of a message, and what a proof leads to.
 */
export type Caller<State extends OpenFlow> = ChoosingCaller<State> | CodeCaller<State>
