import type { Proof } from '../proving/proof.ts'
import type { Proving } from '../proving/proving.ts'
import type { Instant } from '../time.ts'

/**
 * Undoing a change from its notice, without a session: begun by whoever typed the reference in it, and gone on with by
 * proofs of items that are older than the change. With `aim` `stop` it stops an undo that is announced.
 *
 *     proving --proved--> proving (more is needed) | decide --> over
 */
export type Undoing = Proving<'decide'> & {
  kind: 'undoing'
  aim: 'undo' | 'stop'
  accountId: string
  changeId: string
  /** The contact that the notice went to: its reader knows it. Of any other the hidden part must be typed. */
  contactId: string
  proofs: Proof[]
}

/** What came of it. */
export type UndoingOver = {
  kind: 'undoing_over'
  accountId: string
  outcome: 'undone' | 'announced' | 'stopped'
  /** Of one that is announced: from when on it can be done. */
  from?: Instant | undefined
}
