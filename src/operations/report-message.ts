import { accept, type Result, refuse } from '../core/refusal.ts'
import type { Instant } from '../core/time.ts'
import { newTimeId, uuidOf } from '../secrets/random.ts'
import { endAsNotAsked, findReported, takeReportTry } from '../storage/report.ts'
import type { Deps } from './deps.ts'

/** What "I didn't ask for this" came to: the code no longer works, was worthless already, or had been used before. */
export type ReportOutcome = { result: 'ended' } | { result: 'over' } | { result: 'used'; usedAt: Instant }

/**
 * The receiver of a message says that they didn't ask for it: its code stops working at once, and that is written down.
 * Saying it twice is fine.
 *
 * The link alone proves nothing, since mail programs open links; the reference that is printed in the message must be
 * typed. Refusal: `reference_wrong`, the same for a wrong reference, for a message that doesn't exist, and after ten
 * tries in a day.
 */
export async function reportMessage(
  deps: Deps,
  token: string,
  reference: string,
): Promise<Result<ReportOutcome>> {
  const { sql } = deps.database
  const named = readToken(token)
  const message = named && (await findReported(sql, named.subject, named.messageId))
  if (named === undefined || message === undefined) return refuse({ code: 'reference_wrong' })
  const key = deps.keyring.current().lookupHash('report', named.subject, named.messageId)
  const hasTry = await takeReportTry(sql, key)
  if (!hasTry || canonicalReference(reference) !== canonicalReference(message.reference)) {
    return refuse({ code: 'reference_wrong' })
  }
  const reported = await endAsNotAsked(sql, named.subject, message.verificationId, newTimeId())
  if (reported === undefined) return refuse({ code: 'reference_wrong' })
  if (reported.ended) return accept({ result: 'ended' })
  if (reported.state === 'approved' && reported.endedAt !== undefined) {
    return accept({ result: 'used', usedAt: reported.endedAt })
  }
  return accept({ result: 'over' })
}

/** The token names a message by its subject and its id, 16 bytes each, as messages carry it in their link. */
function readToken(token: string): { subject: string; messageId: string } | undefined {
  if (!/^[\w-]{43}$/.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64url')
  return { subject: uuidOf(bytes.subarray(0, 16)), messageId: uuidOf(bytes.subarray(16)) }
}

const canonicalReference = (typed: string): string =>
  typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
