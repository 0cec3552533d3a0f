import type { Refusal } from '../refusal.ts'
import type { Instant } from '../time.ts'
import type { StoredState } from './verification.ts'

/** A code that was typed and opens nothing any more: whose it was, and what became of it. */
export type PastCode = {
  flowId: string
  state: StoredState
  endedAt: Instant | undefined
  expiresAt: Instant
}

/** Where it was typed: a page that waits for another code, the newest message of which was sent at `sentAt`. */
export type AwaitedCode = { flowId: string; sentAt: Instant; attemptsLeft: number }

/**
 * What somebody is told instead of "wrong" who types a code that this browser got before: used in any window, replaced
 * in this one, or expired. Undefined where it was none of these, such as a code that they said they hadn't asked for.
 *
 * @param awaited undefined where the page it was typed into waits for no code any more
 */
export function refusalOfPastCode(
  past: PastCode,
  awaited: AwaitedCode | undefined,
  now: Instant,
): Refusal | undefined {
  if (past.state === 'approved') return { code: 'code_used', usedAt: past.endedAt ?? now }
  if (awaited !== undefined && past.flowId === awaited.flowId) {
    return { code: 'code_replaced', replacedAt: awaited.sentAt, attemptsLeft: awaited.attemptsLeft }
  }
  if (past.state === 'pending' && now >= past.expiresAt)
    return { code: 'code_expired', expiredAt: past.expiresAt }
  return undefined
}
