import type { z } from 'zod'
import type { RefusalCode } from '../../core/refusal.ts'
import { type OperationId, operationRefusals } from './operation-refusals.ts'
import {
  approvalAnswer,
  attemptRequest,
  issueRequest,
  resendRequest,
  verificationAnswer,
  verificationWithDeliveries,
} from './schemas.ts'

/** One thing that the API does, as its description and its reference page tell it. */
export type ApiOperation = {
  id: OperationId
  method: 'get' | 'post'
  path: string
  summary: string
  description: string
  body?: { name: string; schema: z.ZodType; required: boolean; example: object }
  answer: { status: 200 | 201 | 202; name: string; description: string; schema: z.ZodType; example: object }
  takesIdempotencyKey: boolean
  refusals: readonly RefusalCode[]
}

const id = '6f1d2c3b-8a90-4e1f-a7b6-5c4d3e2f1a0b'
const verification = {
  id,
  status: 'pending',
  channel: 'email',
  to: { email: 'ana@example.com' },
  reference: 'order 1207',
  created_at: '2026-11-22T10:42:03.120Z',
  expires_at: '2026-11-22T10:52:03.120Z',
  resend_at: '2026-11-22T10:42:33.120Z',
  attempts_left: 5,
}

export const apiOperations: readonly ApiOperation[] = [
  {
    id: 'issueVerification',
    method: 'post',
    path: '/v1/verifications',
    summary: 'Send a code',
    description:
      'Sends a code to an email address or phone. When this answers 201, the code and its message are stored durably: the message goes out, or its failure shows in the verification. The code works for ten minutes, once, with five tries.',
    body: {
      name: 'IssueRequest',
      schema: issueRequest,
      required: true,
      example: { to: { email: 'ana@example.com' }, reference: 'order 1207' },
    },
    answer: {
      status: 201,
      name: 'Verification',
      description: 'The code is on its way.',
      schema: verificationAnswer,
      example: verification,
    },
    takesIdempotencyKey: true,
    refusals: operationRefusals.issueVerification,
  },
  {
    id: 'checkCode',
    method: 'post',
    path: '/v1/verifications/{id}/attempts',
    summary: 'Check a code',
    description:
      'Checks what was typed. A right code is accepted once; a wrong one spends a try. What can be no code at all (another number of digits) spends none.',
    body: {
      name: 'AttemptRequest',
      schema: attemptRequest,
      required: true,
      example: { code: '048 213' },
    },
    answer: {
      status: 200,
      name: 'Approval',
      description: 'The code was right: the address or phone is theirs.',
      schema: approvalAnswer,
      example: { id, status: 'approved', approved_at: '2026-11-22T10:43:10.871Z' },
    },
    takesIdempotencyKey: false,
    refusals: operationRefusals.checkCode,
  },
  {
    id: 'resendCode',
    method: 'post',
    path: '/v1/verifications/{id}/sends',
    summary: 'Send it again',
    description:
      'Sends the same code once more, as a new message, so that whichever comes first works. With less than four minutes left a new code goes out and the old works beside it. Gaps are 30, 60 and 120 seconds; a code is sent four times at most. The body may be left out.',
    body: { name: 'ResendRequest', schema: resendRequest, required: false, example: {} },
    answer: {
      status: 202,
      name: 'Verification',
      description: 'It is on its way again.',
      schema: verificationAnswer,
      example: { ...verification, resend_at: '2026-11-22T10:43:40.002Z' },
    },
    takesIdempotencyKey: false,
    refusals: operationRefusals.resendCode,
  },
  {
    id: 'readVerification',
    method: 'get',
    path: '/v1/verifications/{id}',
    summary: 'Where is it?',
    description:
      'The verification, and the story of each message it sent: when it was handed over and to whom, or why not. Show your user the cause and what to do.',
    answer: {
      status: 200,
      name: 'VerificationWithDeliveries',
      description: 'The verification and its deliveries.',
      schema: verificationWithDeliveries,
      example: {
        ...verification,
        deliveries: [
          {
            id: '0b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3',
            channel: 'email',
            status: 'sent',
            queued_at: '2026-11-22T10:42:03.120Z',
            events: [
              {
                at: '2026-11-22T10:42:04.001Z',
                kind: 'accepted',
                provider: 'smtp',
                by: 'mx.example.com',
                response: '250 2.0.0 Ok',
              },
            ],
          },
        ],
      },
    },
    takesIdempotencyKey: false,
    refusals: operationRefusals.readVerification,
  },
  {
    id: 'cancelVerification',
    method: 'post',
    path: '/v1/verifications/{id}/cancellation',
    summary: 'Cancel it',
    description:
      'Ends a pending verification: its code is worth nothing any more, and nothing further is sent. Cancelling twice is fine.',
    answer: {
      status: 200,
      name: 'Verification',
      description: 'It is cancelled.',
      schema: verificationAnswer,
      example: { ...verification, status: 'cancelled', resend_at: null },
    },
    takesIdempotencyKey: false,
    refusals: operationRefusals.cancelVerification,
  },
]
