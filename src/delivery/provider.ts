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

/** How one try may go. Moments are those of this machine's clock. */
export type TryTerms = {
  /** The last moment at which anything may be handed over. Read anew each time: it moves while a lease is renewed. */
  deadline: () => Instant
  /** Until when the answer to a whole message is worth waiting for. */
  answerBy: Instant
  /** A first try leaves a silent server early, a later one waits long. */
  isFirst: boolean
  /**
   * Called at most once for each: `slow`, the destination keeps the try waiting; `handed_over`, the message is complete from
   * our side, and no answer has come yet; `waiting`, from now on the try only waits, and others may go on.
   */
  onProgress: (step: 'slow' | 'handed_over' | 'waiting') => void
}

/**
 * Carries messages of some channels. `send` never throws for what the other side answers: it returns the outcome.
 * It hands nothing over once the deadline has passed, however long the connection took.
 */
export type Provider = {
  name: ProviderName
  channels: readonly Channel[]
  /** How many messages it carries at once, those that only wait not counted. */
  capacity: number
  send(message: RenderedMessage, terms: TryTerms): Promise<SendOutcome>
  close(): Promise<void>
}
