import { renderAccountExistsMail } from '../messages/account-exists-mail.ts'
import { renderCodeMail, type Sender } from '../messages/code-mail.ts'
import { renderCodeText } from '../messages/code-text.ts'
import type { LeasedMessage } from '../storage/message.ts'
import type { RenderedMessage } from './provider.ts'

/** What every message says of its sender. */
export type Letterhead = { sender: Sender; publicUrl: string }

/** Puts a code into words for its reader, at the moment of sending and nowhere before. */
export function renderMessage(message: LeasedMessage, code: string, letterhead: Letterhead): RenderedMessage {
  const content = {
    purpose: message.purpose,
    code,
    reference: message.messageReference,
    operator: message.application ?? letterhead.sender.name,
    askedAt: message.askedAt,
    expiresAt: message.expiresAt,
    reportUrl: `${letterhead.publicUrl}/report/${reportToken(message)}`,
    host: new URL(letterhead.publicUrl).host,
  }
  const { locale } = message
  const envelope = {
    id: message.id,
    reference: message.messageReference,
    messageId: `<${message.id}@${letterhead.sender.address.split('@').at(-1)}>`,
    to: message.destination,
    locale,
  }
  if (message.kind === 'account_exists') {
    const told = { ...content, signInUrl: `${letterhead.publicUrl}/signin` }
    return { channel: 'email', ...envelope, ...renderAccountExistsMail(told, locale, letterhead.sender) }
  }
  if (message.channel === 'email') {
    return { channel: 'email', ...envelope, ...renderCodeMail(content, locale, letterhead.sender) }
  }
  return { channel: 'sms', ...envelope, ...renderCodeText(content, locale) }
}

/** Names a message to the page where its reader says "I didn't ask for this". It proves nothing by itself. */
const reportToken = (message: LeasedMessage): string =>
  Buffer.from(`${message.subject}${message.id}`.replaceAll('-', ''), 'hex').toString('base64url')
