import { Hono } from 'hono'
import type { z } from 'zod'
import type { Address } from '../../core/address.ts'
import { parseEmail, parsePhone } from '../../core/address.ts'
import { accept, type RefusalOf, type Result, refuse } from '../../core/refusal.ts'
import type { Instant } from '../../core/time.ts'
import {
  resendAt,
  stateAt,
  type Verification,
  type VerificationRequest,
} from '../../core/verifications/verification.ts'
import type { Deps } from '../../operations/deps.ts'
import { checkApplicationCode } from '../../operations/verifications/check-code.ts'
import { issueVerification } from '../../operations/verifications/issue-verification.ts'
import {
  cancelVerification,
  type Delivery,
  readVerification,
} from '../../operations/verifications/read-verification.ts'
import { resendApplicationCode } from '../../operations/verifications/resend-code.ts'
import { type Answering, answerJson, type Exchange, languageOf, refuseJson } from '../exchange.ts'
import { readJson, readOptionalJson } from '../read-json.ts'
import { isoMoment } from '../refusals.ts'
import type { CommonRefusal, OperationId, OperationRefusal } from './operation-refusals.ts'
import { attemptRequest, issueRequest, resendRequest } from './schemas.ts'

export type Authenticate = (token: string, now: Instant) => Promise<string | undefined>

type ApiExchange = Exchange & { Variables: Exchange['Variables'] & { applicationId: string } }

/** `/v1/verifications`: each handler reads, calls one operation, and answers. */
export function verificationApi(deps: Deps, authenticate: Authenticate, publicUrl: string) {
  const api = new Hono<ApiExchange>()
  const show = (v: { verification: Verification; now: Instant }) => describe(deps, v.verification, v.now)
  /** Answers of one operation: a refusal that is not among its own doesn't compile. */
  const answersOf = <Id extends OperationId>() => ({
    decline: (c: unknown, refusal: RefusalOf<OperationRefusal<Id>>) =>
      refuseJson(plain(c), refusal, publicUrl),
    answer: <Value>(
      c: unknown,
      result: Result<Value, OperationRefusal<Id>>,
      shown: (value: Value) => object,
      status: 200 | 201 | 202 = 200,
    ) => answerJson(plain(c), result, shown, publicUrl, status),
  })

  api.use(async (c, next) => {
    const decline = (refusal: RefusalOf<CommonRefusal>) => refuseJson(plain(c), refusal, publicUrl)
    const token = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (token === undefined) return decline({ code: 'authentication_required' })
    const applicationId = await authenticate(token, c.get('now'))
    if (applicationId === undefined) return decline({ code: 'api_key_refused' })
    c.set('applicationId', applicationId)
    return next()
  })

  api.post('/', async (c) => {
    const { decline, answer } = answersOf<'issueVerification'>()
    const key = idempotencyKeyOf(c.req.header('idempotency-key'))
    if (!key.ok) return decline(c, key.refusal)
    const body = await readJson(plain(c), issueRequest)
    if (!body.ok) return decline(c, body.refusal)
    const request = requestOf(body.value)
    if (!request.ok) return decline(c, request.refusal)
    const issued = await issueVerification(deps, c.get('applicationId'), request.value, key.value)
    return answer(c, issued, show, 201)
  })

  api.get('/:id', async (c) => {
    const { decline, answer } = answersOf<'readVerification'>()
    const id = idOf(c.req.param('id'))
    if (!id.ok) return decline(c, id.refusal)
    const found = await readVerification(deps, c.get('applicationId'), id.value)
    return answer(c, found, (v) => ({ ...show(v), deliveries: v.deliveries.map(describeDelivery) }))
  })

  api.post('/:id/attempts', async (c) => {
    const { decline, answer } = answersOf<'checkCode'>()
    const id = idOf(c.req.param('id'))
    if (!id.ok) return decline(c, id.refusal)
    const body = await readJson(plain(c), attemptRequest)
    if (!body.ok) return decline(c, body.refusal)
    const checked = await checkApplicationCode(
      deps,
      c.get('applicationId'),
      id.value,
      body.value.code,
      c.get('now'),
    )
    return answer(c, checked, ({ approvedAt }) => ({
      id: id.value,
      status: 'approved',
      approved_at: isoMoment(approvedAt),
    }))
  })

  api.post('/:id/sends', async (c) => {
    const { decline, answer } = answersOf<'resendCode'>()
    const id = idOf(c.req.param('id'))
    if (!id.ok) return decline(c, id.refusal)
    const body = await readOptionalJson(plain(c), resendRequest)
    if (!body.ok) return decline(c, body.refusal)
    const resent = await resendApplicationCode(deps, c.get('applicationId'), id.value, body.value.channel)
    return answer(c, resent, show, 202)
  })

  api.post('/:id/cancellation', async (c) => {
    const { decline, answer } = answersOf<'cancelVerification'>()
    const id = idOf(c.req.param('id'))
    if (!id.ok) return decline(c, id.refusal)
    return answer(c, await cancelVerification(deps, c.get('applicationId'), id.value), show)
  })

  return api
}

/** Answering needs nothing of what only these routes know. */
const plain = (c: unknown): Answering => c as Answering

/** An id that is none is as unknown as one that never was. */
function idOf(text: string): Result<string, 'verification_unknown'> {
  const wellFormed = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)
  return wellFormed ? accept(text.toLowerCase()) : refuse({ code: 'verification_unknown' })
}

function idempotencyKeyOf(text: string | undefined): Result<string | undefined, 'idempotency_key_malformed'> {
  if (text === undefined || /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(text)) return accept(text)
  return refuse({ code: 'idempotency_key_malformed' })
}

function requestOf(
  body: z.output<typeof issueRequest>,
): Result<VerificationRequest, 'email_malformed' | 'phone_malformed' | 'input_refused'> {
  const address = addressOf(body.to)
  if (!address.ok) return address
  const isEmail = address.value.kind === 'email'
  const channel = body.channel ?? (isEmail ? 'email' : 'sms')
  if ((channel === 'email') !== isEmail) {
    const problem = isEmail
      ? 'must be email where the code goes to an email address'
      : 'must be sms or voice for a phone'
    return refuse({ code: 'input_refused', errors: [{ pointer: '/channel', problem }] })
  }
  return accept({
    address: address.value,
    channel,
    length: body.length,
    locale: languageOf(body.locale ?? 'en') ?? 'en',
    reference: body.reference,
    endUserIp: body.end_user?.ip,
  })
}

function addressOf(
  to: z.output<typeof issueRequest>['to'],
): Result<Address, 'email_malformed' | 'phone_malformed'> {
  if ('email' in to) {
    const email = parseEmail(to.email)
    return email.ok ? accept({ kind: 'email', email: email.value }) : email
  }
  const phone = parsePhone(to.phone)
  return phone.ok ? accept({ kind: 'phone', ...phone.value }) : phone
}

function describe(deps: Deps, verification: Verification, now: Instant) {
  const again = resendAt(verification, deps.policy.code, now)
  return {
    id: verification.id,
    status: stateAt(verification, now),
    channel: verification.channel,
    to:
      verification.channel === 'email'
        ? { email: verification.destination }
        : { phone: verification.destination },
    reference: verification.reference,
    created_at: isoMoment(verification.createdAt),
    expires_at: isoMoment(verification.expiresAt),
    resend_at: again === undefined ? null : isoMoment(again),
    attempts_left: verification.attemptsAllowed - verification.attempts,
  }
}

const describeDelivery = (delivery: Delivery) => ({
  id: delivery.id,
  channel: delivery.channel,
  status: delivery.state,
  queued_at: isoMoment(delivery.queuedAt),
  next_try_at: delivery.nextTryAt === undefined ? undefined : isoMoment(delivery.nextTryAt),
  events: delivery.events.map(({ at, ...event }) => ({ at: isoMoment(at), ...event })),
})
