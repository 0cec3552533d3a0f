import type { Address } from '../address.ts'
import type { Policy } from '../policy.ts'
import { accept, type RefusalOf, type Result, refuse } from '../refusal.ts'
import type { Instant } from '../time.ts'
import type { CodeLength } from './code.ts'
import type { Channel } from './delivery.ts'
import type { Locale, Purpose } from './message.ts'

/**
 * One attempt to prove control of a contact with a code.
 *
 *     pending --right code--> approved
 *       |-----wrong, last try--> exhausted
 *       |-----asked to end--> cancelled
 *       |-----time--> expired (computed, never stored)
 */
export type StoredState = 'pending' | 'approved' | 'exhausted' | 'cancelled'
export type VerificationState = StoredState | 'expired'

export type Verification = {
  id: string
  state: StoredState
  purpose: Purpose
  channel: Channel
  destination: string
  codeLength: CodeLength
  locale: Locale
  reference: string | undefined
  createdAt: Instant
  expiresAt: Instant
  endedAt: Instant | undefined
  attempts: number
  attemptsAllowed: number
  sends: number
  lastSentAt: Instant
}

export type VerificationRequest = {
  address: Address
  channel: Channel
  length: CodeLength
  locale: Locale
  /** The application's own word for this verification; never shown to the person. */
  reference: string | undefined
  endUserIp: string | undefined
}

export function stateAt(verification: Verification, now: Instant): VerificationState {
  if (verification.state === 'pending' && now >= verification.expiresAt) return 'expired'
  return verification.state
}

/** When the same code may be sent once more; undefined where no send is left or the verification has ended. */
export function resendAt(
  verification: Verification,
  policy: Policy['code'],
  now: Instant,
): Instant | undefined {
  if (stateAt(verification, now) !== 'pending' || verification.sends >= policy.sends) return undefined
  const gap = policy.resendGaps[verification.sends - 1] ?? policy.resendGaps.at(-1) ?? 0
  return verification.lastSentAt + gap
}

/** What an ended verification refuses with. */
export type EndedRefusal = 'code_used' | 'code_tries_spent' | 'verification_cancelled' | 'code_expired'

export type Resend = { repeat: 'same_code' } | { repeat: 'new_code'; expiresAt: Instant }

/**
 * Decides what "I don't have a code" sends: the same code, with its deadline, so that whichever message comes first
 * works; or, where that deadline is near, a new code beside it. Tries are shared either way.
 */
export function decideResend(
  verification: Verification,
  policy: Policy['code'],
  now: Instant,
): Result<Resend, EndedRefusal | 'resends_spent' | 'resend_too_soon'> {
  const ended = refusalWhenEnded(verification, now)
  if (ended !== undefined) return refuse(ended)
  const at = resendAt(verification, policy, now)
  if (at === undefined) return refuse({ code: 'resends_spent' })
  if (now < at) return refuse({ code: 'resend_too_soon', retryAt: at })
  if (verification.expiresAt - now >= policy.freshBelow) return accept({ repeat: 'same_code' })
  return accept({ repeat: 'new_code', expiresAt: now + policy.lifetime })
}

/** Why a verification takes no more codes and sends, told only to whom it belongs. */
export function refusalWhenEnded(
  verification: Verification,
  now: Instant,
): RefusalOf<EndedRefusal> | undefined {
  switch (stateAt(verification, now)) {
    case 'approved':
      return { code: 'code_used', usedAt: verification.endedAt ?? now }
    case 'exhausted':
      return { code: 'code_tries_spent' }
    case 'cancelled':
      return { code: 'verification_cancelled' }
    case 'expired':
      return { code: 'code_expired', expiredAt: verification.expiresAt }
    case 'pending':
      return undefined
  }
}
