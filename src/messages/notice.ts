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
  /** The page that its reader should go to: opening it changes nothing. */
  nextUrl: string
}

type Words = {
  you: SentenceKey
  referenceUse: SentenceKey
  next: SentenceKey
  link: SentenceKey
  text: SentenceKey
}

/** Something that was done in the account, and can be stopped. */
const doneHere: Words = {
  you: 'notice.you',
  referenceUse: 'notice.referenceUse',
  next: 'notice.notYou',
  link: 'notice.stop',
  text: 'notice.text',
}

/** To a contact that was removed as lost or stolen: it can't stop that, but what was changed before. */
const lost: Words = { ...doneHere, next: 'notice.notYouLost', link: 'notice.lostOpen' }

/** An undo that is announced: it can be stopped before it takes place. */
const announced: Words = { ...doneHere, next: 'notice.notYouUndo' }

/** Something that was stopped or taken back: that is for its owner to decide, signed in. */
const decided: Words = {
  you: 'notice.youDecide',
  referenceUse: 'notice.referenceListed',
  next: 'notice.look',
  link: 'notice.open',
  text: 'notice.textLook',
}

/** What somebody tried who has the password: nothing was done that could be stopped. */
const tried: Words = {
  you: 'notice.you',
  referenceUse: 'notice.referenceListed',
  next: 'notice.warned',
  link: 'notice.open',
  text: 'notice.text',
}

/** A number that was proved on another account: there is nothing to stop, but something to confirm. */
const taken: Words = {
  you: 'notice.taken.you',
  referenceUse: 'notice.taken.referenceUse',
  next: 'notice.taken.do',
  link: 'notice.taken.account',
  text: 'notice.taken.text',
}

function wordsFor({ kind, lost: isLost }: NoticeDetail): Words {
  if (isLost) return lost
  if (kind === 'phone_taken') return taken
  if (kind === 'undo_asked') return announced
  if (isWarning(kind)) return tried
  return isStoppable(kind) ? doneHere : decided
}

/** What happened to an account, for each of its contacts: what, when, from where, and what to do about it. */
export function renderNoticeMail(told: NoticeContent, locale: Locale, sender: Sender): MailContent {
  const operator = isolate(locale, inertText(sender.name))
  const say = (key: SentenceKey, values = {}) => translate(locale, key, { operator, ...values })
  const words = wordsFor(told)
  const letter: Letter = {
    locale,
    brand: inertText(sender.name),
    subject: `${say(`notice.${told.kind}.title`)} (${told.reference})`,
    heading: say(`notice.${told.kind}.title`),
    lead: say(`notice.${told.kind}.lead`),
    code: undefined,
    warning: say(words.you),
    facts: [
      ...itemFacts(told, say),
      { name: say('notice.when'), value: formatMoment(locale, told.at) },
      // Whoever proved the number has an account of their own, which is nobody else's to know of.
      ...(told.kind === 'phone_taken'
        ? []
        : [{ name: say('notice.where'), value: whereWords(told, locale) }]),
      ...(told.undoFrom === undefined
        ? []
        : [{ name: say('notice.undoFrom'), value: formatMoment(locale, told.undoFrom) }]),
      { name: say('message.mail.reference'), value: told.reference, ltr: true as const },
    ],
    note: say(words.referenceUse),
    unasked: { text: say(words.next), link: { label: say(words.link), url: told.nextUrl } },
    signature: say('notice.sender', { address: isolate(locale, sender.address) }),
  }
  return { subject: letter.subject, text: layOutText(letter), html: layOutHtml(letter) }
}

/** By its hint or name; a recovery code, which has neither, by what it is. */
function itemFacts({ kind, item, itemKind }: NoticeDetail, say: (key: SentenceKey) => string) {
  if (item !== undefined) return [{ name: say('notice.item'), value: inertText(item), ltr: true as const }]
  if (!isWarning(kind) || itemKind === undefined) return []
  return [{ name: say('notice.item'), value: say(`choose.${itemKind}`) }]
}

/** The same in a line, with where to go. */
export function renderNoticeText(told: NoticeContent, locale: Locale, sender: Sender): { text: string } {
  const operator = shorten(inertText(sender.name, ' '), 24)
  const title = translate(locale, `notice.${told.kind}.title`, { operator })
  const values = { operator, title, reference: told.reference, url: told.nextUrl }
  return { text: translate(locale, wordsFor(told).text, values) }
}
