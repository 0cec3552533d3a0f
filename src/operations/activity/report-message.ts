import { accept, type Result, refuse } from '../../core/refusal.ts'
import { days, hours, type Instant } from '../../core/time.ts'
import type { Locale } from '../../core/verifications/message.ts'
import { firstTimeId, newTimeId, uuidOf } from '../../secrets/random.ts'
import { amendCodeActivity } from '../../storage/activity.ts'
import {
  endAsNotAsked,
  findAsked,
  findReported,
  noteReportedSource,
  type Reported,
  type ReportedMessage,
} from '../../storage/report.ts'
import type { Deps } from '../deps.ts'
import type { Requester } from '../requester.ts'
import { type Where, whereOf } from './read-activity.ts'
import { recordActivity } from './record-activity.ts'
import { isTypedReference } from './typed-reference.ts'

/** What "I didn't ask for this" came to: the code no longer works, was worthless already, or had been used before. */
export type ReportOutcome = (
  | { result: 'ended' }
  | { result: 'over' }
  | { result: 'used'; usedAt: Instant }
) & {
  asked: Asked
}

/** Who asked for a code, and when. */
export type Asked = {
  at: Instant
  /** Undefined where somebody did at a page. */
  application: string | undefined
  /** Undefined where an application did, and said not for whom: then nobody can be held to half either. */
  where: Where | undefined
}

/** How the reporter shows that the message came to them: what is printed in it, or the accounts they're signed in to. */
export type ReportProof = { reference: string } | { accountIds: readonly string[] }

/** A source that somebody said they had not asked from may ask for half, for so long. */
const halvedFor = days(1)

/**
 * The receiver of a message says that they didn't ask for it: its code stops working at once, that is written down, and
 * who asked may ask for half as much for a day. Saying it twice is fine.
 *
 * The link alone proves nothing, since mail programs open links; the reference that is printed in the message must be
 * typed, or the account be signed in here. Refusal: `reference_wrong`, the same for a wrong reference, for a message
 * that doesn't exist, for another's account, and after five wrong ones of a browser in a day.
 */
export async function reportMessage(
  deps: Deps,
  token: string,
  proof: ReportProof,
  requester: Requester,
  now: Instant,
): Promise<Result<ReportOutcome>> {
  const { sql } = deps.database
  const named = readToken(token)
  const message = named && (await findReported(sql, named.subject, named.messageId))
  if (named === undefined || message === undefined) return refuse({ code: 'reference_wrong' })
  const proved =
    'reference' in proof
      ? await isTypedReference(
          deps,
          { subject: named.subject, id: named.messageId, reference: message.reference },
          proof.reference,
          requester,
        )
      : isTold(message, proof)
  if (!proved) return refuse({ code: 'reference_wrong' })
  return reportAsked(deps, named.subject, message, requester, now)
}

/** The same for a code that the account reads of in its activity. @returns undefined where it is not kept any more */
export async function reportAskedCode(
  deps: Deps,
  asked: { subject: string; verificationId: string },
  requester: Requester,
  now: Instant,
): Promise<ReportOutcome | undefined> {
  const message = await findAsked(deps.database.sql, asked.subject, asked.verificationId)
  const reported = message && (await reportAsked(deps, asked.subject, message, requester, now))
  return reported?.ok ? reported.value : undefined
}

/** Whether a message was for one of these accounts: then its owner need not type a reference. */
export async function isForAccount(
  deps: Deps,
  token: string,
  accountIds: readonly string[],
): Promise<boolean> {
  const named = readToken(token)
  const message = named && (await findReported(deps.database.sql, named.subject, named.messageId))
  return message !== undefined && isTold(message, { accountIds })
}

const isTold = ({ from }: ReportedMessage, { accountIds }: { accountIds: readonly string[] }): boolean =>
  from !== undefined && !('network' in from) && from.decoy !== true && accountIds.includes(from.accountId)

async function reportAsked(
  deps: Deps,
  subject: string,
  message: ReportedMessage,
  requester: Requester,
  now: Instant,
): Promise<Result<ReportOutcome>> {
  const { sql } = deps.database
  const reported = await endAsNotAsked(sql, subject, message.verificationId, newTimeId(now))
  if (reported === undefined) return refuse({ code: 'reference_wrong' })
  if (reported.isNew) await tellOfReport(deps, message, requester, now)
  const { from, askedAt, application } = message
  const where = from && whereAsked(deps, from, requester.locale)
  return accept({ ...resultOf(reported), asked: { at: askedAt, application, where } })
}

/** Of whom an application asked for no more is kept than their network. */
function whereAsked(deps: Deps, from: NonNullable<ReportedMessage['from']>, locale: Locale): Where {
  if ('network' in from) {
    const { network } = from
    return { network, place: deps.placeOf(network.split('/')[0] ?? '', locale) }
  }
  const { ip, browser, system } = from
  return whereOf(deps, { ip, browser, system }, locale)
}

/** The account reads of the report at the code itself; who asked is held to half from now on. */
async function tellOfReport(
  deps: Deps,
  message: ReportedMessage,
  requester: Requester,
  now: Instant,
): Promise<void> {
  const { from, verificationId, askedAt } = message
  if (from === undefined) return
  const { sql } = deps.database
  const keys = from.keys.map((key) => Buffer.from(key, 'base64'))
  await noteReportedSource(sql, keys, halvedFor)
  // What an application asks for belongs to no account.
  if ('network' in from) return
  const since = firstTimeId(askedAt - hours(1))
  await amendCodeActivity(sql, from.accountId, verificationId, since, { notAskedAt: now })
  const told = { accountId: from.accountId, decoy: from.decoy === true }
  await recordActivity(sql, told, { kind: 'not_asked', detail: { about: verificationId } }, requester, now)
}

function resultOf({ ended, state, endedAt }: Reported) {
  if (ended) return { result: 'ended' } as const
  if (state === 'approved' && endedAt !== undefined) return { result: 'used', usedAt: endedAt } as const
  return { result: 'over' } as const
}

type NamedMessage = { subject: string; messageId: string }

/** The token names a message by its subject and its id, 16 bytes each, as messages carry it in their link. */
function readToken(token: string): NamedMessage | undefined {
  if (!/^[\w-]{43}$/.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64url')
  return { subject: uuidOf(bytes.subarray(0, 16)), messageId: uuidOf(bytes.subarray(16)) }
}
