import type { Instant } from '../core/time.ts'
import type { Channel, ProviderName, SendOutcome } from '../core/verifications/delivery.ts'

/**
 * A message rendered for one reader, ready to hand over. `id` is its own, and the Message-ID made from it is the same on
 * every retry; `reference` is the short word that also stands in its text.
 */
export type RenderedMail = {
  id: string
  reference: string
  messageId: string
  to: string
  subject: string
  text: string
  html: string
  locale: string
}

export type RenderedText = {
  id: string
  reference: string
  messageId: string
  to: string
  text: string
  locale: string
}

export type RenderedMessage = ({ channel: 'email' } & RenderedMail) | ({ channel: 'sms' } & RenderedText)

/**
 * Carries messages of some channels. `send` never throws for what the other side answers: it returns the outcome.
 * It hands nothing over once `deadline` has passed, however long the connection took.
 */
export type Provider = {
  name: ProviderName
  channels: readonly Channel[]
  send(message: RenderedMessage, deadline: Instant): Promise<SendOutcome>
  close(): Promise<void>
}
