import { isStoppable } from '../core/changes/change.ts'
import { renderAccountExistsMail } from '../messages/account-exists-mail.ts'
import { renderCodeMail, type Sender } from '../messages/code-mail.ts'
import { renderCodeText } from '../messages/code-text.ts'
import { renderNoticeMail, renderNoticeText } from '../messages/notice.ts'
import type { LeasedCode, LeasedMessage, LeasedNotice } from '../storage/outbox.ts'
import type { RenderedMessage } from './provider.ts'

/** What every message says of its sender. */
export type Letterhead = { sender: Sender; publicUrl: string }

/** Puts a code into words for its reader, at the moment of sending and nowhere before. */
export function renderMessage(message: LeasedCode, code: string, letterhead: Letterhead): RenderedMessage {
  const content = {
    purpose: message.purpose,
    code,
    reference: message.messageReference,
    operator: message.application ?? letterhead.sender.name,
    askedAt: message.askedAt,
    expiresAt: message.expiresAt,
    timeZone: message.askedFrom?.timeZone,
    askedFrom: message.askedFrom,
    reportUrl: `${letterhead.publicUrl}/report/${reportToken(message)}`,
    host: new URL(letterhead.publicUrl).host,
  }
  const { locale } = message
  const envelope = envelopeOf(message, letterhead)
  if (message.kind === 'account_exists') {
    const told = { ...content, signInUrl: `${letterhead.publicUrl}/signin` }
    return { channel: 'email', ...envelope, ...renderAccountExistsMail(told, locale, letterhead.sender) }
  }
  if (message.channel === 'email') {
    return { channel: 'email', ...envelope, ...renderCodeMail(content, locale, letterhead.sender) }
  }
  return { channel: 'sms', ...envelope, ...renderCodeText(content, locale) }
}

const envelopeOf = (message: LeasedMessage, { sender }: Letterhead) => ({
  id: message.id,
  reference: message.messageReference,
  messageId: `<${message.id}@${sender.address.split('@').at(-1)}>`,
  to: message.destination,
  locale: message.locale,
})

/** Puts what happened to an account into words for one of its contacts. */
export function renderNotice(message: LeasedNotice, letterhead: Letterhead): RenderedMessage {
  const told = {
    ...message.told,
    at: message.askedAt,
    reference: message.messageReference,
    nextUrl: isStoppable(message.told.kind)
      ? `${letterhead.publicUrl}/changes/${reportToken(message)}`
      : `${letterhead.publicUrl}/account`,
  }
  const envelope = envelopeOf(message, letterhead)
  const { sender } = letterhead
  return message.channel === 'email'
    ? { channel: 'email', ...envelope, ...renderNoticeMail(told, message.locale, sender) }
    : { channel: 'sms', ...envelope, ...renderNoticeText(told, message.locale, sender) }
}

/** Names a message to the page where its reader says "I didn't ask for this". It proves nothing by itself. */
const reportToken = (message: LeasedMessage): string =>
  Buffer.from(`${message.subject}${message.id}`.replaceAll('-', ''), 'hex').toString('base64url')
