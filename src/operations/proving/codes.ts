import type { ActivityKind } from '../../core/activity/activity.ts'
import { type Address, destinationOf, hintOf } from '../../core/address.ts'
import { isFinal } from '../../core/flows/flow.ts'
import type { LimitKey } from '../../core/limits.ts'
import { isTrusted, type Trust } from '../../core/proving/trust.ts'
import { accept, type Refusal, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import type { CodeLength } from '../../core/verifications/code.ts'
import type { MessageKind, Purpose } from '../../core/verifications/message.ts'
import type { Verification } from '../../core/verifications/verification.ts'
import { newCode, newId, newReference, newTimeId } from '../../secrets/random.ts'
import { sealBound } from '../../secrets/sealed-code.ts'
import { type Delivery, deliveriesOf } from '../../storage/message.ts'
import { insertAskedFrom } from '../../storage/report.ts'
import type { Sql } from '../../storage/sql.ts'
import { find, type Whose } from '../../storage/verification.ts'
import type { NewVerification } from '../../storage/verification-sql.ts'
import { type ActivityOwner, activitySource, recordAskedCode } from '../activity/record-activity.ts'
import type { Deps } from '../deps.ts'
import { type Requester, reportableKeys, withHalves } from '../requester.ts'
import { Rollback } from '../rollback.ts'
import { addressKey, originKeys, sendKeys } from '../trust-limits.ts'
import { whyLimited } from '../verifications/limits.ts'
import { countPhoneSend } from '../verifications/phone-sends.ts'
import { type Resend, resendCode } from '../verifications/resend-code.ts'
import type { FlowView } from './answer-flow.ts'

/** The application that stands for this service's own pages: its name is the operator's. */
export const ownApplicationId = '00000000-0000-0000-0000-000000000000'

export const ofFlow = (flowId: string, verificationId: string): Whose => ({
  applicationId: ownApplicationId,
  subject: flowId,
  id: verificationId,
})

export type FlowCode = {
  flowId: string
  purpose: Purpose
  address: Address
  length: CodeLength
  /** `decoy` does all the work of a code and sends nothing. */
  messageKind: MessageKind
  /** Whose activity says that it was asked for. */
  told: ActivityOwner
  trust: Trust
  /**
   * Nobody may learn whether there is such an address: where its own limits, or those of phones, let nothing through, a
   * decoy takes the code's place.
   */
  hidden?: boolean
}

export type IssuedCode = { verificationId: string; decoy: boolean }

/**
 * Makes a code for a flow and queues its message. A decoy uses up nothing of a real address, number range or budget.
 *
 * Refusals: `channel_unavailable`, `sends_limit` (of a hidden one only those of browser and network), and for a text that
 * isn't hidden `phone_prefix_closed` and `phone_budget_spent`.
 */
export async function issueFlowCode(
  deps: Deps,
  code: FlowCode,
  requester: Requester,
): Promise<Result<IssuedCode>> {
  const channel = channelOf(code.address)
  if (!deps.channels.has(channel)) return refuse({ code: 'channel_unavailable', channel })
  const { address, origin } = await sendKeys(deps, code.trust, code.address, requester)
  const decoy = code.messageKind === 'decoy'
  const counted = decoy ? decoyAddressKey(deps, code) : address
  const issued = await issue(deps, code, { destination: counted, keys: [counted, ...origin] }, requester)
  if (issued.ok || code.hidden !== true || !concernsAddress(issued.refusal)) return issued
  const instead = { ...code, messageKind: 'decoy' } as const
  return issue(deps, instead, { destination: decoyAddressKey(deps, code), keys: origin }, requester)
}

const channelOf = ({ kind }: Address): 'email' | 'sms' => (kind === 'email' ? 'email' : 'sms')

/** A decoy counts on a row of its own, by what was typed: the same work, and nothing of the real address's. */
const decoyAddressKey = (
  deps: Deps,
  { address, flowId }: Pick<FlowCode, 'address' | 'flowId'>,
): LimitKey => ({
  kind: `strangers_${address.kind}`,
  key: deps.keyring.current().lookupHash('decoy', flowId, destinationOf(address)),
})

/** Whether it was the address that let nothing through, and not the browser or network that asks. */
const concernsAddress = (refusal: Refusal): boolean =>
  refusal.code === 'phone_prefix_closed' ||
  refusal.code === 'phone_budget_spent' ||
  (refusal.code === 'sends_limit' && (refusal.limit === 'email' || refusal.limit === 'phone'))

async function issue(
  deps: Deps,
  code: FlowCode,
  { destination, keys }: { destination: LimitKey; keys: LimitKey[] },
  requester: Requester,
): Promise<Result<IssuedCode>> {
  const ring = deps.keyring.current()
  const id = newId()
  const digits = newCode(code.length)
  const to = destinationOf(code.address)
  const channel = channelOf(code.address)
  const decoy = code.messageKind === 'decoy'
  const asked: NewVerification = {
    subject: code.flowId,
    id,
    applicationId: ownApplicationId,
    purpose: code.purpose,
    channel,
    destination: to,
    destinationKey: destination.key,
    locale: requester.locale,
    reference: undefined,
    messageReference: newReference(),
    requestHash: undefined,
    codeLength: code.length,
    codeKey: ring.current.id,
    codeMac: ring.current.codeMac(id, digits),
    sealedCode: ring.current.seal(digits, sealBound(id, to)),
    tries: deps.policy.code.tries,
    lifetime: deps.policy.code.lifetime,
    messageId: newTimeId(),
    messageKind: code.messageKind,
    activityId: newTimeId(),
  }
  const issued = await orRollback(
    deps.database.transaction(async (sql) => {
      const done = await deps.verificationSql.issue(sql, keys, asked)
      if (done.result !== 'issued') return done
      if (channel === 'sms' && !decoy) await countPhoneSend(deps, sql, to, isTrusted(code.trust))
      await noteAsked(deps, sql, code, asked, requester, done.createdAt)
      return done
    }),
  )
  if (issued instanceof Rollback) return refuse(issued.refusal)
  if (issued.result !== 'issued') {
    const refusal = await whyLimited(deps, keys)
    return refuse(refusal ?? { code: 'unavailable', retryAt: Date.now() + seconds(1) })
  }
  deps.wakeOutbox()
  return accept({ verificationId: id, decoy })
}

const orRollback = <Value>(work: Promise<Value>): Promise<Value | Rollback> =>
  work.catch((fault) => {
    if (fault instanceof Rollback) return fault
    throw fault
  })

/** What the account reads of it, and what "I didn't ask for this" needs to know of who did. */
async function noteAsked(
  deps: Deps,
  sql: Sql,
  code: FlowCode,
  asked: NewVerification,
  requester: Requester,
  now: Instant,
): Promise<void> {
  const detail = {
    purpose: code.purpose,
    channel: asked.channel,
    hint: hintOf(code.address),
    flow: code.flowId,
  }
  const kind = activityOf[code.messageKind]
  await recordAskedCode(deps, sql, code.told, { kind, verificationId: asked.id, detail }, requester, now)
  await insertAskedFrom(sql, {
    subject: code.flowId,
    id: newTimeId(now),
    applicationId: ownApplicationId,
    verificationId: asked.id,
    detail: {
      ...activitySource(requester),
      timeZone: requester.timeZone,
      ...(code.told.decoy && { decoy: true }),
      accountId: code.told.accountId,
      keys: reportableKeys(originKeys(deps, code.trust, requester)).map((key) => key.toString('base64')),
    },
  })
}

const activityOf = {
  code: 'code_asked',
  account_exists: 'sign_up_tried',
  decoy: 'code_not_sent',
} as const satisfies Record<MessageKind, ActivityKind>

/** A code of a flow that is to be sent again. */
type Resent = { flowId: string; verificationId: string; decoy: boolean; trust: Trust; hidden: boolean }

/** "I don't have a code": the same code again. Refusals: those of `resendCode`, hidden as by `issueFlowCode`. */
export async function resendFlowCode(deps: Deps, code: Resent, requester: Requester) {
  const { flowId, verificationId, trust } = code
  const whose = ofFlow(flowId, verificationId)
  const trusted = isTrusted(trust)
  const origin = await withHalves(deps, originKeys(deps, trust, requester))
  const asDecoy: Resend = {
    trusted,
    messageKind: 'decoy',
    keys: (address) => [...(code.decoy ? [decoyAddressKey(deps, { flowId, address })] : []), ...origin],
  }
  if (code.decoy) return resendCode(deps, whose, asDecoy)
  const keys = (address: Address) => [addressKey(deps, trust, address, requester), ...origin]
  const sent = await resendCode(deps, whose, { trusted, keys })
  if (sent.ok || !code.hidden || !concernsAddress(sent.refusal)) return sent
  return resendCode(deps, whose, asDecoy)
}

/** What a waiting page shows of its code. */
export type Waiting = {
  verification: Verification
  deliveries: Delivery[]
  now: Instant
}

/** @param mayReadStory whether the deliveries may be shown: see `Caller` */
export async function readWaiting(
  deps: Deps,
  flowId: string,
  verificationId: string,
  mayReadStory: boolean,
): Promise<Waiting | undefined> {
  const { sql } = deps.database
  const found = await find(sql, ofFlow(flowId, verificationId))
  if (found === undefined) return undefined
  const deliveries = mayReadStory ? await deliveriesOf(sql, flowId, verificationId) : []
  return {
    verification: found.verification,
    deliveries,
    now: found.now,
  }
}

/** The verification whose code a flow waits for. */
export const awaitedBy = ({ id, state }: FlowView): Whose | undefined =>
  'verificationId' in state && state.verificationId !== undefined
    ? ofFlow(id, state.verificationId)
    : undefined

/**
 * A mark of what a waiting page was made from: it changes when there is something new to show. Where the true story may
 * not be read it never changes, so that nobody learns from it whether anything was sent.
 */
export async function waitingMark(
  deps: Deps,
  flow: FlowView | undefined,
  mayReadStory: boolean,
): Promise<string> {
  if (flow === undefined || isFinal(flow.state)) return 'ended'
  const { verificationId } = flow.state
  if (verificationId === undefined || !mayReadStory) return 'calm'
  const deliveries = await deliveriesOf(deps.database.sql, flow.id, verificationId)
  return deliveries.map((d) => `${d.state}${d.events.length}`).join('.')
}
