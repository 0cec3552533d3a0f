import type { NoticeDetail, NoticeKind } from '../core/security-info/change.ts'
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
  /** The page that stops it: opening it changes nothing. */
  stopUrl: string
  /** Where the account is looked at, once there is nothing to stop. */
  accountUrl: string
}

/** Told after something was stopped: by then it is for its owner to decide, signed in. */
const toLookAt: ReadonlySet<NoticeKind> = new Set<NoticeKind>(['change_frozen', 'change_undone'])

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
    warning: say(toLookAt.has(told.kind) ? 'notice.youDecide' : 'notice.you'),
    facts: [
      ...(told.item === undefined
        ? []
        : [{ name: say('notice.item'), value: inertText(told.item), ltr: true as const }]),
      { name: say('notice.when'), value: formatMoment(locale, told.at) },
      { name: say('notice.where'), value: whereWords(told, locale) },
      ...(told.undoFrom === undefined
        ? []
        : [{ name: say('notice.undoFrom'), value: formatMoment(locale, told.undoFrom) }]),
      { name: say('message.mail.reference'), value: told.reference, ltr: true as const },
    ],
    note: say(toLookAt.has(told.kind) ? 'notice.referenceList' : 'notice.referenceUse'),
    unasked: toLookAt.has(told.kind)
      ? { text: say('notice.look'), link: { label: say('notice.lookAt'), url: told.accountUrl } }
      : {
          text: say(told.undoFrom === undefined ? 'notice.notYou' : 'notice.notYouUndo'),
          link: { label: say('notice.stop'), url: told.stopUrl },
        },
    signature: say('notice.sender', { address: isolate(locale, sender.address) }),
  }
  return { subject: letter.subject, text: layOutText(letter), html: layOutHtml(letter) }
}

/** The same in a line, with where to stop it. */
export function renderNoticeText(told: NoticeContent, locale: Locale, sender: Sender): { text: string } {
  const operator = shorten(inertText(sender.name, ' '), 24)
  const title = translate(locale, `notice.${told.kind}.title`, { operator })
  const looks = toLookAt.has(told.kind)
  const url = looks ? told.accountUrl : told.stopUrl
  const values = { operator, title, reference: told.reference, url }
  return { text: translate(locale, looks ? 'notice.textLook' : 'notice.text', values) }
}
