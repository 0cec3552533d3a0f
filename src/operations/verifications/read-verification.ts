import { accept, type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import { type EndedRefusal, stateAt, type Verification } from '../../core/verifications/verification.ts'
import { newTimeId } from '../../secrets/random.ts'
import { type Delivery, deliveriesOf } from '../../storage/message.ts'
import { cancel, find, ofApplication } from '../../storage/verification.ts'
import type { Deps } from '../deps.ts'

/** A verification with the story of each message it sent. */
export async function readVerification(
  deps: Deps,
  applicationId: string,
  id: string,
): Promise<
  Result<{ verification: Verification; deliveries: Delivery[]; now: Instant }, 'verification_unknown'>
> {
  const found = await find(deps.database.sql, ofApplication(applicationId, id))
  if (found === undefined) return refuse({ code: 'verification_unknown' })
  const deliveries = await deliveriesOf(deps.database.sql, id, id)
  return accept({ verification: found.verification, deliveries, now: found.now })
}

/**
 * Ends a pending verification: its code is worth nothing any more and nothing further is sent. Cancelling twice is
 * fine.
 */
export async function cancelVerification(
  deps: Deps,
  applicationId: string,
  id: string,
): Promise<
  Result<
    { verification: Verification; now: Instant },
    'verification_unknown' | Exclude<EndedRefusal, 'verification_cancelled'>
  >
> {
  await cancel(deps.database.sql, ofApplication(applicationId, id), newTimeId())
  const found = await find(deps.database.sql, ofApplication(applicationId, id))
  if (found === undefined) return refuse({ code: 'verification_unknown' })
  const { verification, now } = found
  const state = stateAt(verification, now)
  if (state === 'approved') return refuse({ code: 'code_used', usedAt: verification.endedAt ?? now })
  if (state === 'exhausted') return refuse({ code: 'code_tries_spent' })
  if (state === 'expired') return refuse({ code: 'code_expired', expiredAt: verification.expiresAt })
  return accept({ verification, now })
}

export type { Delivery }
