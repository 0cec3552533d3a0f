import type { Proof } from '../proving/proof.ts'
import type { Proving } from '../proving/proving.ts'
import type { Instant } from '../time.ts'
import type { SensitiveAct } from './step-up.ts'

/** Proving again, freshly, before a sensitive act: one proof, and the session is rotated. */
export type StepUp = Proving & {
  kind: 'step_up'
  /** Whose, and the one session that is raised: a proof for this account is nothing to any other. */
  accountId: string
  sessionId: string
  act: SensitiveAct
  returnTo: string
}

/** A step-up that has ended: for a moment its last form, sent again, is answered with the same. */
export type SteppedUp = {
  kind: 'stepped_up'
  accountId: string
  sessionId: string
  /** The hash of the session's secret that the last form came with, in base64url: only that one may send it again. */
  secretHash: string
  /** What the session's new token is made of; gone after a minute. */
  seed: string | undefined
  proof: Proof
  returnTo: string
  at: Instant
}
