import type { CodeMessage, Locale } from '../core/verifications/message.ts'
import { type SentenceKey, translate } from '../locales/catalogue.ts'
import { formatMoment } from '../locales/moments.ts'
import type { MailContent, Sender } from './code-mail.ts'
import { inertText } from './inert-text.ts'
import { isolate } from './isolate.ts'
import { layOutHtml } from './mail-html.ts'
import { layOutText } from './mail-text.ts'
import { whereWords } from './where-words.ts'

/** What the owner of an account reads when somebody signs up with their address: the page itself tells nobody. */
export function renderAccountExistsMail(
  told: Pick<CodeMessage, 'operator' | 'reference' | 'askedAt' | 'timeZone' | 'askedFrom'> & {
    signInUrl: string
  },
  locale: Locale,
  sender: Sender,
): MailContent {
  const operator = isolate(locale, inertText(told.operator))
  const say = (key: SentenceKey, values = {}) => translate(locale, key, { operator, ...values })
  const letter = {
    locale,
    brand: inertText(told.operator),
    subject: say('message.accountExists.subject'),
    heading: say('message.accountExists.heading'),
    lead: say('message.accountExists.lead'),
    code: undefined,
    warning: say('message.accountExists.next'),
    facts: [
      { name: say('message.mail.asked'), value: formatMoment(locale, told.askedAt, told.timeZone) },
      ...(told.askedFrom === undefined
        ? []
        : [{ name: say('message.mail.where'), value: whereWords(told.askedFrom, locale) }]),
      { name: say('message.mail.reference'), value: told.reference, ltr: true as const },
    ],
    note: say('message.accountExists.note'),
    unasked: {
      text: say('message.accountExists.unasked'),
      link: { label: say('message.accountExists.signIn'), url: told.signInUrl },
    },
    signature: say('message.mail.sender', { address: isolate(locale, sender.address) }),
  }
  return { subject: letter.subject, text: layOutText(letter), html: layOutHtml(letter) }
}
