import { isIP } from 'node:net'
import { z } from 'zod'

/** The shapes of the verification API: they check what comes in, type it, and make the OpenAPI description. */

const channel = z
  .enum(['email', 'sms', 'voice'])
  .describe('How the code is sent. Default: email, or sms for a phone.')

/** Text of somebody else's that is stored and given back: no control characters, no half of a surrogate pair. */
const plainText = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine(
      (text) => text.isWellFormed() && !/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(text),
      'holds characters that are no text',
    )

const ip = z
  .string()
  .max(45)
  .refine((text) => isIP(text) !== 0 && !text.includes('%'), 'is not an IP address')

const languageTag = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$/, 'is not a language tag such as en or ar-EG')

export const issueRequest = z.strictObject({
  to: z
    .union(
      [
        z.strictObject({ email: z.string().max(400).describe('An email address.') }),
        z.strictObject({ phone: z.string().max(64).describe('A phone number with + and country code.') }),
      ],
      'must be {"email": "…"} or {"phone": "…"}',
    )
    .describe('Where the code goes.'),
  channel: channel.optional(),
  length: z
    .union([z.literal(6), z.literal(8)], 'must be 6 or 8')
    .default(6)
    .describe('Digits of the code: 8 where the code alone signs in or recovers.'),
  locale: languageTag
    .optional()
    .describe("The reader's language; a language that isn't supported falls back to English."),
  reference: plainText(128)
    .optional()
    .describe('Your own reference for this verification; returned in answers, never shown to the reader.'),
  end_user: z
    .strictObject({ ip: ip.describe("The end user's IP address, as you see it.") })
    .optional()
    .describe(
      'The person who asks: rate limits then count against their address and network instead of your quota.',
    ),
})

export const attemptRequest = z.strictObject({
  code: z.string().max(64).describe('The code as it was typed; spaces and hyphens are fine.'),
})

export const resendRequest = z.strictObject({ channel: channel.optional() })

const moment = z.iso.datetime()
const id = z.guid().describe('The id of the verification. Whoever holds it and your API key may check codes.')

export const verificationAnswer = z.object({
  id,
  status: z.enum(['pending', 'approved', 'expired', 'exhausted', 'cancelled']),
  channel,
  to: z.union([z.object({ email: z.string() }), z.object({ phone: z.string() })]),
  reference: z.string().optional().describe('Your own word, as you gave it.'),
  message_reference: z
    .string()
    .describe('The word in the message. Show it where the code is typed: there it tells the right message.'),
  created_at: moment,
  expires_at: moment,
  resend_at: moment.nullable().describe('When it may be sent again; null where it may not.'),
  attempts_left: z.int(),
})

export const deliveryAnswer = z.object({
  id: z.string(),
  channel,
  status: z.enum(['queued', 'sent', 'failed', 'withdrawn', 'unknown']),
  queued_at: moment,
  next_try_at: moment.optional(),
  events: z.array(
    z.object({
      at: moment,
      kind: z.enum(['accepted', 'deferred', 'refused', 'unknown', 'gave_up', 'withdrawn']),
      provider: z.string(),
      by: z.string().optional().describe('The server that answered.'),
      cause: z.string().optional().describe('Why, as a stable word.'),
      status: z.string().optional().describe('The enhanced status code of RFC 3463.'),
      response: z.string().optional().describe("The server's own words, made safe to show."),
    }),
  ),
})

export const verificationWithDeliveries = verificationAnswer.extend({ deliveries: z.array(deliveryAnswer) })

export const approvalAnswer = z.object({ id, status: z.literal('approved'), approved_at: moment })

export const problem = z
  .looseObject({
    type: z.string().describe('The help page of this code.'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable: base decisions on it.'),
    kind: z.enum(['verification', 'limit', 'input', 'access', 'service']),
    detail: z.string(),
    instance: z.string().describe('The id of the request, for your logs and ours.'),
    attempts_left: z.int().optional(),
    retry_after: z.int().optional().describe('Seconds. Asking earlier never makes it longer.'),
    retry_at: moment.optional(),
    errors: z.array(z.object({ pointer: z.string(), problem: z.string() })).optional(),
  })
  .describe('RFC 9457 problem details.')
