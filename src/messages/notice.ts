import { isStoppable, isWarning, type NoticeDetail } from '../core/security-info/change.ts'
import type { Instant } from '../core/time.ts'
import type { Locale } from '../core/verifications/message.ts'
import { type SentenceKey, translate } from '../locales/catalogue.ts'
import { formatMoment } from '../locales/moments.ts'
import type { Letter, MailContent, Sender } from './code-mail.ts'
import { inertText, shorten } from './inert-text.ts'
import { isolate } from './isolate.ts'
import { layOutHtml } from './mail-html.ts'
import { layOutText } from './mail-text.ts'
import { whereWords } from './where-words.ts'

export type NoticeContent = NoticeDetail & {
  at: Instant
  reference: string
  /** The page that stops it, where there is something to stop: opening it changes nothing. Else the account's. */
  nextUrl: string
}

/** What its reader can do: stop it, decide what was stopped already, or see to it that nobody gets in. */
function whatNow({ kind, undoFrom }: NoticeContent): SentenceKey {
  if (isWarning(kind)) return 'notice.warned'
  if (!isStoppable(kind)) return 'notice.look'
  return undoFrom === undefined ? 'notice.notYou' : 'notice.notYouUndo'
}

const linkLabel = ({ kind }: NoticeContent): SentenceKey =>
  isStoppable(kind) ? 'notice.stop' : 'notice.open'

/** What happened to an account, for each of its contacts: what, when, from where, and how to stop it. */
export function renderNoticeMail(told: NoticeContent, locale: Locale, sender: Sender): MailContent {
  const operator = isolate(locale, inertText(sender.name))
  const say = (key: SentenceKey, values = {}) => translate(locale, key, { operator, ...values })
  const letter: Letter = {
    locale,
    brand: inertText(sender.name),
    subject: `${say(`notice.${told.kind}.title`)} (${told.reference})`,
    heading: say(`notice.${told.kind}.title`),
    lead: say(`notice.${told.kind}.lead`),
    code: undefined,
    warning: say(isStoppable(told.kind) || isWarning(told.kind) ? 'notice.you' : 'notice.youDecide'),
    facts: [
      ...itemFacts(told, say),
      { name: say('notice.when'), value: formatMoment(locale, told.at) },
      { name: say('notice.where'), value: whereWords(told, locale) },
      ...(told.undoFrom === undefined
        ? []
        : [{ name: say('notice.undoFrom'), value: formatMoment(locale, told.undoFrom) }]),
      { name: say('message.mail.reference'), value: told.reference, ltr: true as const },
    ],
    note: say(isStoppable(told.kind) ? 'notice.referenceUse' : 'notice.referenceListed'),
    unasked: { text: say(whatNow(told)), link: { label: say(linkLabel(told)), url: told.nextUrl } },
    signature: say('notice.sender', { address: isolate(locale, sender.address) }),
  }
  return { subject: letter.subject, text: layOutText(letter), html: layOutHtml(letter) }
}

/** By its hint or name; a recovery code, which has neither, by what it is. */
function itemFacts({ kind, item, itemKind }: NoticeDetail, say: (key: SentenceKey) => string) {
  if (item !== undefined) return [{ name: say('notice.item'), value: inertText(item), ltr: true as const }]
  if (kind !== 'item_closed' || itemKind === undefined) return []
  return [{ name: say('notice.item'), value: say(`choose.${itemKind}`) }]
}

/** The same in a line, with where to stop it. */
export function renderNoticeText(told: NoticeContent, locale: Locale, sender: Sender): { text: string } {
  const operator = shorten(inertText(sender.name, ' '), 24)
  const title = translate(locale, `notice.${told.kind}.title`, { operator })
  const values = { operator, title, reference: told.reference, url: told.nextUrl }
  return { text: translate(locale, isStoppable(told.kind) ? 'notice.text' : 'notice.textLook', values) }
}
