import { type Duration, type Instant, minutes } from '../time.ts'

/** A passkey whose device knew its owner (by a finger, a face, a PIN) is more than one that was only touched. */
export const proofKinds = [
  'password',
  'email_code',
  'text_code',
  'totp',
  'passkey',
  'passkey_touch',
  'recovery_code',
] as const
export type ProofKind = (typeof proofKinds)[number]

/** Each kind once, in the order in which they are listed: the password, then what came to it. */
export const inOrder = (kinds: readonly ProofKind[]): ProofKind[] =>
  proofKinds.filter((kind) => kinds.includes(kind))

/** What was proved in a session, by which item, and when. Kept as it happened: nothing is promoted. */
export type Proof = {
  kind: ProofKind
  at: Instant
  /** The item of security info; a password is none. */
  itemId?: string | undefined
}

/** What a session remembers of several proofs by one item: the latest. */
export function withProofs(known: readonly Proof[], fresh: readonly Proof[]): Proof[] {
  const isReplaced = (proof: Proof) =>
    fresh.some((other) => other.kind === proof.kind && other.itemId === proof.itemId)
  return [...known.filter((proof) => !isReplaced(proof)), ...fresh]
}

/** A proof opens sensitive acts for this long. */
export const stepUpLasts: Duration = minutes(10)
