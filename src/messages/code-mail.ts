import type { CodeMessage, Locale } from '../core/verifications/message.ts'
import { type SentenceKey, translate } from '../locales/catalogue.ts'
import { formatMoment, formatTime } from '../locales/moments.ts'
import { groupCode } from './group-code.ts'
import { inertText } from './inert-text.ts'
import { isolate } from './isolate.ts'
import { layOutHtml } from './mail-html.ts'
import { layOutText } from './mail-text.ts'
import { whereWords } from './where-words.ts'

/** Who the mail comes from, as its reader sees it. */
export type Sender = { name: string; address: string }

export type MailContent = { subject: string; text: string; html: string }

/** A mail before it is laid out: the text and the HTML are two renderings of this, so they always say the same. */
export type Letter = {
  locale: Locale
  brand: string
  subject: string
  heading: string
  lead: string
  /** Undefined in a notice. */
  code: string | undefined
  warning: string
  facts: readonly { name: string; value: string; ltr?: true }[]
  note: string
  unasked: { text: string; link: { label: string; url: string } }
  signature: string
}

/**
 * The mail that carries a code. Nothing in it signs anyone in: the one link leads to "I didn't ask for this".
 *
 * The code stands in the body only, not in the subject (which shows on locked screens) and not in an OTP-Token
 * header: headers are what mail servers log, bounces quote and support tools show.
 */
export function renderCodeMail(message: CodeMessage, locale: Locale, sender: Sender): MailContent {
  const letter = writeCodeLetter(message, locale, sender)
  return { subject: letter.subject, text: layOutText(letter), html: layOutHtml(letter) }
}

/** The subject alone, for the page that says what to look for. */
export function codeMailSubject(
  message: Pick<CodeMessage, 'operator' | 'reference'>,
  locale: Locale,
): string {
  const operator = isolate(locale, inertText(message.operator))
  return translate(locale, 'message.mail.subject', { operator, reference: message.reference })
}

function writeCodeLetter(message: CodeMessage, locale: Locale, sender: Sender): Letter {
  const operator = isolate(locale, inertText(message.operator))
  const say = (key: SentenceKey, values = {}) => translate(locale, key, { operator, ...values })
  const until = formatTime(locale, message.expiresAt, message.timeZone)
  return {
    locale,
    brand: inertText(message.operator),
    subject: codeMailSubject(message, locale),
    heading: say('message.mail.heading'),
    lead: say('message.mail.lead', { until: isolate(locale, until) }),
    code: groupCode(message.code),
    warning: say('message.mail.never'),
    facts: [
      { name: say('message.mail.what'), value: say(`message.purpose.${message.purpose}`) },
      {
        name: say('message.mail.asked'),
        value: formatMoment(locale, message.askedAt, message.timeZone),
      },
      ...(message.askedFrom === undefined
        ? []
        : [{ name: say('message.mail.where'), value: whereWords(message.askedFrom, locale) }]),
      { name: say('message.mail.until'), value: until },
      { name: say('message.mail.reference'), value: message.reference, ltr: true as const },
    ],
    note: say('message.mail.referenceUse'),
    unasked: {
      text: say('message.mail.unasked'),
      link: { label: say('message.mail.report'), url: message.reportUrl },
    },
    signature: say('message.mail.sender', { address: isolate(locale, sender.address) }),
  }
}
