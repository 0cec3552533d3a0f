import type { Proof, ProofKind } from '../proving/proof.ts'

/**
 * What a sign-in proved, in the words of OpenID Connect: `acr` and `amr` for applications, and the same for our own
 * rules. Nothing is promoted.
 */
export type Strength = {
  /** NIST SP 800-63B-4 §2: two different factors, or one. */
  acr: 'aal1' | 'aal2'
  /** RFC 8176. */
  amr: string[]
  /** Whether no page of somebody else's could have passed the proof on to ours. */
  phishingResistant: boolean
  /** Whether it rests on a text: numbers are ported and given to others (NIST SP 800-63B-4 §3.2.9). */
  restricted: boolean
}

/**
 * A factor that a proof stands for. A code by mail shows that somebody can read a mailbox, which NIST SP 800-63B-4
 * §3.1.3.1 does not take for possession of anything; a recovery code is for getting back in, and stands for none either.
 */
const factorsOf = {
  password: ['knowledge'],
  email_code: [],
  text_code: ['possession'],
  totp: ['possession'],
  passkey: ['possession', 'verified'],
  passkey_touch: ['possession'],
  recovery_code: [],
} as const satisfies Record<ProofKind, readonly ('knowledge' | 'possession' | 'verified')[]>

/** RFC 8176 §2; it has no word for a code by mail or a recovery code, and none is made up. */
const methodsOf = {
  password: ['pwd'],
  email_code: [],
  text_code: ['otp', 'sms'],
  totp: ['otp'],
  passkey: ['pop', 'user'],
  passkey_touch: ['pop'],
  recovery_code: [],
} as const satisfies Record<ProofKind, readonly string[]>

export function strengthOf(proofs: readonly Pick<Proof, 'kind'>[]): Strength {
  const kinds = [...new Set(proofs.map(({ kind }) => kind))]
  const factors = new Set<string>(kinds.flatMap((kind) => factorsOf[kind]))
  const isTwo = factors.size >= 2
  const isWithoutTexts = (kind: ProofKind) => kind !== 'text_code'
  const others = new Set<string>(kinds.filter(isWithoutTexts).flatMap((kind) => factorsOf[kind]))
  return {
    acr: isTwo ? 'aal2' : 'aal1',
    amr: [...new Set([...kinds.flatMap((kind) => methodsOf[kind]), ...(isTwo ? ['mfa'] : [])])],
    phishingResistant: kinds.some((kind) => kind === 'passkey' || kind === 'passkey_touch'),
    restricted: isTwo ? others.size < 2 : kinds.length > 0 && !kinds.some(isWithoutTexts),
  }
}
