import { type Address, destinationOf, hintOf } from '../../core/address.ts'
import type { ActivityKind } from '../../core/people/activity.ts'
import { isOver, mayBeTold } from '../../core/people/flow.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { type Instant, seconds } from '../../core/time.ts'
import type { CodeLength } from '../../core/verifications/code.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import type { MessageKind, Purpose } from '../../core/verifications/message.ts'
import type { Verification } from '../../core/verifications/verification.ts'
import type { Keyring } from '../../secrets/keyring.ts'
import { newCode, newId, newReference, newTimeId } from '../../secrets/random.ts'
import { sealBound } from '../../secrets/sealed-code.ts'
import { type Delivery, deliveriesOf } from '../../storage/message.ts'
import { insertAskedFrom } from '../../storage/report.ts'
import type { Sql } from '../../storage/sql.ts'
import { find, type Whose } from '../../storage/verification.ts'
import type { NewVerification } from '../../storage/verification-sql.ts'
import { activitySource, noteAskedCode, type Told } from '../activity/note-activity.ts'
import type { Deps } from '../deps.ts'
import { reportableKeys, type Source, sendKeysOf, sourceSendKeys } from '../source.ts'
import { destinationKey, whyLimited } from '../verifications/limits.ts'
import { takePhoneSend } from '../verifications/phone-sends.ts'
import { resendCode } from '../verifications/resend-code.ts'
import { TakenBack } from '../verifications/taken-back.ts'
import type { FlowView } from './flow-step.ts'

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
  told: Told
  pool: SendPool
}

/**
 * What the sends to an address count against: what strangers ask for and guess never uses up what somebody past the
 * password needs, and what a thief with the password asks for not what the owner needs to undo what they did.
 */
export type SendPool = 'before the password' | 'past the password' | 'undoing'

/**
 * Makes a code for a flow and queues its message. Refusals: `channel_unavailable`, `sends_limit`, and for a text
 * `phone_prefix_closed` and `phone_budget_spent`: a decoy counts on those too, or they would tell it from a code.
 */
export async function issueFlowCode(deps: Deps, code: FlowCode, source: Source): Promise<Result<string>> {
  const channel = code.address.kind === 'email' ? 'email' : 'sms'
  if (!deps.channels.has(channel)) return refuse({ code: 'channel_unavailable', channel })
  const ring = deps.keyring.current()
  const id = newId()
  const digits = newCode(code.length)
  const to = destinationOf(code.address)
  const destination = flowDestinationKey(ring, code)
  const sourceKeys = await sendKeysOf(deps, source)
  const keys: LimitKey[] = [destination, ...sourceKeys]
  const asked: NewVerification = {
    subject: code.flowId,
    id,
    applicationId: ownApplicationId,
    purpose: code.purpose,
    channel,
    destination: to,
    destinationKey: destination.key,
    locale: source.locale,
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
  const issued = await orTakenBack(
    deps.database.transaction(async (sql) => {
      const done = await deps.verificationSql.issue(sql, keys, asked)
      if (done.result !== 'issued') return done
      const taken = channel === 'sms' ? await takePhoneSend(deps, sql, to) : accept(undefined)
      if (!taken.ok) throw new TakenBack(taken.refusal)
      await noteAsked(deps, sql, code, asked, source, done.createdAt)
      return done
    }),
  )
  if (issued instanceof TakenBack) return refuse(issued.refusal)
  if (issued.result !== 'issued') {
    const refusal = await whyLimited(deps, keys)
    return refuse(refusal ?? { code: 'unavailable', retryAt: Date.now() + seconds(1) })
  }
  deps.wakeOutbox()
  return accept(id)
}

const orTakenBack = <Value>(work: Promise<Value>): Promise<Value | TakenBack> =>
  work.catch((fault) => {
    if (fault instanceof TakenBack) return fault
    throw fault
  })

/** What the account reads of it, and what "I didn't ask for this" needs to know of who did. */
async function noteAsked(
  deps: Deps,
  sql: Sql,
  code: FlowCode,
  asked: NewVerification,
  source: Source,
  now: Instant,
): Promise<void> {
  const detail = {
    purpose: code.purpose,
    channel: asked.channel,
    hint: hintOf(code.address),
    flow: code.flowId,
  }
  const kind = activityOf[code.messageKind]
  await noteAskedCode(deps, sql, code.told, { kind, verificationId: asked.id, detail }, source, now)
  await insertAskedFrom(sql, {
    subject: code.flowId,
    id: newTimeId(now),
    applicationId: ownApplicationId,
    verificationId: asked.id,
    detail: {
      ...activitySource(source),
      timeZone: source.timeZone,
      ...(code.told.decoy && { decoy: true }),
      accountId: code.told.accountId,
      keys: reportableKeys(sourceSendKeys(deps.keyring.current(), source)).map((key) =>
        key.toString('base64'),
      ),
    },
  })
}

const activityOf = {
  code: 'code_asked',
  account_exists: 'sign_up_tried',
  decoy: 'code_not_sent',
} as const satisfies Record<MessageKind, ActivityKind>

const flowDestinationKey = (ring: Keyring, { address, pool }: FlowCode): LimitKey =>
  pool === 'before the password'
    ? destinationKey(ring, ownApplicationId, address)
    : {
        kind: address.kind,
        key: ring.lookupHash(`${address.kind} ${pool}`, ownApplicationId, destinationOf(address)),
      }

/** "I don't have a code": the same code again. Refusals: those of `resendCode`. */
export async function resendFlowCode(deps: Deps, flowId: string, verificationId: string, source: Source) {
  const keys = await sendKeysOf(deps, source)
  return resendCode(deps, ofFlow(flowId, verificationId), undefined, () => keys)
}

/** What a waiting page shows of its code. */
export type Waiting = {
  verification: Verification
  messageReference: string
  deliveries: Delivery[]
  now: Instant
}

/**
 * @param told whether the deliveries may be shown: to somebody who has proved the password, or whose own typed address
 *   it is; anybody else could tell an account from none by them
 */
export async function readWaiting(
  deps: Deps,
  flowId: string,
  verificationId: string,
  told: boolean,
): Promise<Waiting | undefined> {
  const { sql } = deps.database
  const found = await find(sql, ofFlow(flowId, verificationId))
  if (found === undefined) return undefined
  const deliveries = told ? await deliveriesOf(sql, flowId, verificationId) : []
  return {
    verification: found.verification,
    messageReference: found.messageReference,
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
 * What a waiting page was made from, in a word: it changes when there is something new to show. Where the true story
 * may not be told it never changes, so that nobody learns from it whether anything was sent.
 */
export async function waitingMark(deps: Deps, flow: FlowView | undefined): Promise<string> {
  if (flow === undefined || isOver(flow.state)) return 'ended'
  const verificationId = 'verificationId' in flow.state ? flow.state.verificationId : undefined
  if (verificationId === undefined || !mayBeTold(flow.state)) return 'calm'
  const deliveries = await deliveriesOf(deps.database.sql, flow.id, verificationId)
  return deliveries.map((d) => `${d.state}${d.events.length}`).join('.')
}
