import { randomUUID } from 'node:crypto'
import { type Instant, minutes } from '../../src/core/time.ts'
import type { CodeMessage, Locale } from '../../src/core/verifications/message.ts'
import type { RenderedMessage, TryTerms } from '../../src/delivery/provider.ts'
import { renderCodeMail } from '../../src/messages/code-mail.ts'

const askedAt: Instant = Date.UTC(2026, 10, 22, 10, 42, 3)

export const codeMessage = (changes: Partial<CodeMessage> = {}): CodeMessage => ({
  purpose: 'verification',
  code: '483921',
  reference: 'k7f-2q',
  operator: 'Harbour Library',
  askedAt,
  expiresAt: askedAt + minutes(10),
  reportUrl: 'https://codes.harbour.test/report/8hZk2mQpX0aTn4vB',
  host: 'codes.harbour.test',
  ...changes,
})

export const sender = { name: 'Harbour Library', address: 'codes@app.test' }

type Mail = Extract<RenderedMessage, { channel: 'email' }>

/** A code's mail as the worker hands it to a provider. */
export function codeMail(to: string, changes: Partial<CodeMessage> = {}, locale: Locale = 'en'): Mail {
  return {
    channel: 'email',
    id: randomUUID(),
    reference: codeMessage(changes).reference,
    messageId: `<${randomUUID()}@app.test>`,
    to,
    locale,
    ...renderCodeMail(codeMessage(changes), locale, sender),
  }
}

/** A first try with a deadline that no test comes near, or with this one. */
export const terms = (deadline: Instant = Date.now() + minutes(5)): TryTerms => ({
  deadline: () => deadline,
  answerBy: deadline + minutes(5),
  isFirst: true,
  onProgress: () => {},
})
