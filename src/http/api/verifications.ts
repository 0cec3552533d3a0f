import { Hono } from 'hono'
import type { z } from 'zod'
import type { Address } from '../../core/address.ts'
import { parseEmail, parsePhone } from '../../core/address.ts'
import { accept, type Result, refuse } from '../../core/refusal.ts'
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
import { type Answering, answerJson, type Exchange, languageOf, refuseJson } from '../exchange/exchange.ts'
import { readJson, readOptionalJson } from '../exchange/read-json.ts'
import { isoMoment } from '../exchange/refusals.ts'
import { attemptRequest, issueRequest, resendRequest } from './schemas.ts'

export type Authenticate = (token: string, now: Instant) => Promise<string | undefined>

type ApiExchange = Exchange & { Variables: Exchange['Variables'] & { applicationId: string } }

/** `/v1/verifications`: each handler reads, calls one operation, and answers. */
export function verificationApi(deps: Deps, authenticate: Authenticate, publicUrl: string) {
  const api = new Hono<ApiExchange>()
  const show = (v: { verification: Verification; now: Instant }) => describe(deps, v.verification, v.now)

  api.use(async (c, next) => {
    const token = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (token === undefined) return refuseJson(plain(c), { code: 'authentication_required' }, publicUrl)
    const applicationId = await authenticate(token, c.get('now'))
    if (applicationId === undefined) return refuseJson(plain(c), { code: 'api_key_refused' }, publicUrl)
    c.set('applicationId', applicationId)
    return next()
  })

  api.post('/', async (c) => {
    const key = idempotencyKeyOf(c.req.header('idempotency-key'))
    if (!key.ok) return refuseJson(plain(c), key.refusal, publicUrl)
    const body = await readJson(plain(c), issueRequest)
    if (!body.ok) return refuseJson(plain(c), body.refusal, publicUrl)
    const request = requestOf(body.value)
    if (!request.ok) return refuseJson(plain(c), request.refusal, publicUrl)
    const issued = await issueVerification(deps, c.get('applicationId'), request.value, key.value)
    return answerJson(plain(c), issued, show, publicUrl, 201)
  })

  api.get('/:id', async (c) => {
    const id = idOf(c.req.param('id'))
    if (!id.ok) return refuseJson(plain(c), id.refusal, publicUrl)
    const found = await readVerification(deps, c.get('applicationId'), id.value)
    return answerJson(
      plain(c),
      found,
      (v) => ({ ...show(v), deliveries: v.deliveries.map(describeDelivery) }),
      publicUrl,
    )
  })

  api.post('/:id/attempts', async (c) => {
    const id = idOf(c.req.param('id'))
    if (!id.ok) return refuseJson(plain(c), id.refusal, publicUrl)
    const body = await readJson(plain(c), attemptRequest)
    if (!body.ok) return refuseJson(plain(c), body.refusal, publicUrl)
    const checked = await checkApplicationCode(
      deps,
      c.get('applicationId'),
      id.value,
      body.value.code,
      c.get('now'),
    )
    const approval = ({ approvedAt }: { approvedAt: Instant }) => ({
      id: id.value,
      status: 'approved',
      approved_at: isoMoment(approvedAt),
    })
    return answerJson(plain(c), checked, approval, publicUrl)
  })

  api.post('/:id/sends', async (c) => {
    const id = idOf(c.req.param('id'))
    if (!id.ok) return refuseJson(plain(c), id.refusal, publicUrl)
    const body = await readOptionalJson(plain(c), resendRequest)
    if (!body.ok) return refuseJson(plain(c), body.refusal, publicUrl)
    const resent = await resendApplicationCode(deps, c.get('applicationId'), id.value, body.value.channel)
    return answerJson(plain(c), resent, show, publicUrl, 202)
  })

  api.post('/:id/cancellation', async (c) => {
    const id = idOf(c.req.param('id'))
    if (!id.ok) return refuseJson(plain(c), id.refusal, publicUrl)
    const cancelled = await cancelVerification(deps, c.get('applicationId'), id.value)
    return answerJson(plain(c), cancelled, show, publicUrl)
  })

  return api
}

/** Answering needs nothing of what only these routes know. */
const plain = (c: unknown): Answering => c as Answering

/** An id that is none is as unknown as one that never was. */
function idOf(text: string): Result<string> {
  const wellFormed = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)
  return wellFormed ? accept(text.toLowerCase()) : refuse({ code: 'verification_unknown' })
}

function idempotencyKeyOf(text: string | undefined): Result<string | undefined> {
  if (text === undefined || /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(text)) return accept(text)
  return refuse({ code: 'idempotency_key_malformed' })
}

function requestOf(body: z.output<typeof issueRequest>): Result<VerificationRequest> {
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

function addressOf(to: z.output<typeof issueRequest>['to']): Result<Address> {
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
    message_reference: verification.messageReference,
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
