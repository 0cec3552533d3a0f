import { destinationOf } from '../../core/address.ts'
import { accept, type RefusalOf, type Result, refuse } from '../../core/refusal.ts'
import { hours, type Instant, seconds } from '../../core/time.ts'
import type { LimitKey } from '../../core/verifications/limits.ts'
import type { Verification, VerificationRequest } from '../../core/verifications/verification.ts'
import { sha256 } from '../../secrets/digest.ts'
import type { Keyring } from '../../secrets/keyring.ts'
import { anyOf, newCode, newId, newReference, newTimeId, uuidOf } from '../../secrets/random.ts'
import { sealBound } from '../../secrets/sealed-code.ts'
import { lockNotAvailable, sqlState } from '../../storage/sql.ts'
import { find, ofApplication } from '../../storage/verification.ts'
import type { Issued, NewVerification } from '../../storage/verification-sql.ts'
import type { Deps } from '../deps.ts'
import { endUserKeys, withHalves } from '../source.ts'
import { inTurn } from './in-turn.ts'
import {
  destinationKey,
  mayPassOnAnotherShard,
  networkText,
  shardsTried,
  sourceKeys,
  whyLimited,
} from './limits.ts'
import { takePhoneSend } from './phone-sends.ts'
import { transactionOrRefusal } from './taken-back.ts'

/** The verification, the database's clock, and whether this is the answer to the same request made before. */
export type IssuedVerification = { verification: Verification; now: Instant; repeated: boolean }

type PhoneRefusal = 'phone_prefix_closed' | 'phone_budget_spent'
type NotServed = 'channel_unavailable' | 'phone_country_not_served'
type IssueRefusal =
  | NotServed
  | PhoneRefusal
  | 'sends_limit'
  | 'idempotency_key_reused'
  | 'idempotency_in_progress'
  | 'unavailable'

/**
 * Starts a verification and queues its first message. When this returns, both are committed and flushed.
 *
 * With an Idempotency-Key the id is derived from it, so that of any number of equal requests at once exactly one
 * verification and one message come to be, and all the others get its answer.
 */
export async function issueVerification(
  deps: Deps,
  applicationId: string,
  request: VerificationRequest,
  idempotencyKey: string | undefined,
): Promise<Result<IssuedVerification, IssueRefusal>> {
  const notServed = whyNotServed(deps, request)
  if (notServed !== undefined) return refuse(notServed)
  const requestHash = idempotencyKey === undefined ? undefined : sha256(JSON.stringify(request))

  for (let tries = 1, uses = 0; ; tries += 1) {
    const ring = deps.keyring.current()
    const id =
      idempotencyKey === undefined ? newId() : idempotentId(ring, applicationId, idempotencyKey, uses)
    const destination = destinationKey(ring, applicationId, request.address)
    const shard = anyOf(deps.limits.quotaShards)
    const keys = [destination, ...(await sendsCountedOn(deps, applicationId, request, shard))]
    const fresh = newVerification(deps, applicationId, id, destination, request, requestHash)
    const about = destination.key.toString('base64')
    const issued = await inTurn(about, () => issueOnce(deps, keys, fresh, request))
    if (issued.result === 'issued') {
      deps.wakeOutbox()
      return accept({ verification: asIssued(fresh, issued), now: issued.createdAt, repeated: false })
    }
    if (requestHash !== undefined) {
      const before = await answerBefore(deps, applicationId, id, requestHash)
      if (before === 'forgotten') {
        uses += 1
        tries = 0
        continue
      }
      if (before !== undefined) return before
    }
    if (issued.result === 'refused') return refuse(issued.refusal)
    if (issued.result === 'lock_timeout') {
      return refuse({ code: 'idempotency_in_progress', retryAt: Date.now() + seconds(1) })
    }
    const refusal = await whyLimited(deps, keys)
    if (!mayPassOnAnotherShard(refusal) || tries >= shardsTried) {
      return refuse(refusal ?? { code: 'unavailable', retryAt: Date.now() + seconds(1) })
    }
  }
}

/** Where the request says whom it is for, they may have been reported; else there is nobody to look for. */
async function sendsCountedOn(
  deps: Deps,
  applicationId: string,
  request: VerificationRequest,
  shard: number,
): Promise<LimitKey[]> {
  const keys = sourceKeys(deps.keyring.current(), applicationId, request, shard)
  return request.endUserIp === undefined ? keys : withHalves(deps, keys)
}

/** How long an Idempotency-Key gives its first answer again; then it may be used for another request. */
const idempotencyLasts = hours(24)

/** The id that this use of a key leads to. A key that is used again after a day leads to another. */
const idempotentId = (ring: Keyring, applicationId: string, key: string, uses: number): string =>
  uuidOf(ring.lookupHash('idempotency', applicationId, sha256(key).toString('hex'), String(uses)))

function whyNotServed(
  deps: Deps,
  { channel, address }: VerificationRequest,
): RefusalOf<NotServed> | undefined {
  if (!deps.channels.has(channel)) return { code: 'channel_unavailable', channel }
  if (address.kind === 'phone' && !deps.policy.phones.countries.includes(address.country)) {
    return { code: 'phone_country_not_served', country: address.country }
  }
  return undefined
}

type IssuedToPhone = Issued | { result: 'refused'; refusal: RefusalOf<PhoneRefusal> }
type IssuedOnce = IssuedToPhone | { result: 'lock_timeout' }

async function issueOnce(
  deps: Deps,
  keys: LimitKey[],
  fresh: NewVerification,
  request: VerificationRequest,
): Promise<IssuedOnce> {
  try {
    if (request.address.kind === 'email') return await deps.together.issue({ keys, fresh })
    return await issueToPhone(deps, keys, fresh)
  } catch (fault) {
    if (fresh.requestHash !== undefined && sqlState(fault) === lockNotAvailable)
      return { result: 'lock_timeout' }
    throw fault
  }
}

/** Texts cost money: besides the limits, the number's range and the day's budget must allow it. */
async function issueToPhone(deps: Deps, keys: LimitKey[], fresh: NewVerification): Promise<IssuedToPhone> {
  const issued = await transactionOrRefusal<Issued, PhoneRefusal>(deps.database, async (sql) => {
    const done = await deps.verificationSql.issue(sql, keys, fresh)
    if (done.result !== 'issued') return accept(done)
    const taken = await takePhoneSend(deps, sql, fresh.destination)
    return taken.ok ? accept(done) : taken
  })
  return issued.ok ? issued.value : { result: 'refused', refusal: issued.refusal }
}

/** The answer that this Idempotency-Key got before: none, or one so old that the key is free again. */
async function answerBefore(
  deps: Deps,
  applicationId: string,
  id: string,
  requestHash: Buffer,
): Promise<Result<IssuedVerification, 'idempotency_key_reused'> | 'forgotten' | undefined> {
  const found = await find(deps.database.sql, ofApplication(applicationId, id))
  if (found === undefined) return undefined
  if (found.now - found.verification.createdAt >= idempotencyLasts) return 'forgotten'
  if (!found.requestHash?.equals(requestHash)) return refuse({ code: 'idempotency_key_reused' })
  return accept({ verification: found.verification, now: found.now, repeated: true })
}

function newVerification(
  deps: Deps,
  applicationId: string,
  id: string,
  destination: LimitKey,
  request: VerificationRequest,
  requestHash: Buffer | undefined,
): NewVerification {
  const ring = deps.keyring.current()
  const { current } = ring
  const { endUserIp } = request
  const code = newCode(request.length)
  const to = destinationOf(request.address)
  return {
    subject: id,
    id,
    applicationId,
    purpose: 'verification',
    channel: request.channel,
    destination: to,
    destinationKey: destination.key,
    locale: request.locale,
    reference: request.reference,
    messageReference: newReference(),
    requestHash,
    codeLength: request.length,
    codeKey: current.id,
    codeMac: current.codeMac(id, code),
    sealedCode: current.seal(code, sealBound(id, to)),
    tries: deps.policy.code.tries,
    lifetime: deps.policy.code.lifetime,
    messageId: newTimeId(),
    messageKind: 'code',
    activityId: newTimeId(),
    askedFrom: endUserIp === undefined ? undefined : askedFor(ring, applicationId, endUserIp),
  }
}

const askedFor = (ring: Keyring, applicationId: string, ip: string) => ({
  network: networkText(ip),
  keys: endUserKeys(ring, applicationId, ip).map((key) => key.toString('base64')),
})

const asIssued = (fresh: NewVerification, at: { createdAt: Instant; expiresAt: Instant }): Verification => ({
  id: fresh.id,
  state: 'pending',
  purpose: fresh.purpose,
  channel: fresh.channel,
  destination: fresh.destination,
  codeLength: fresh.codeLength,
  locale: fresh.locale,
  reference: fresh.reference,
  createdAt: at.createdAt,
  expiresAt: at.expiresAt,
  endedAt: undefined,
  attempts: 0,
  attemptsAllowed: fresh.tries,
  sends: 1,
  lastSentAt: at.createdAt,
})
