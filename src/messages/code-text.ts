import type { CodeMessage, Locale } from '../core/verifications/message.ts'
import { translate } from '../locales/catalogue.ts'
import { formatTime } from '../locales/moments.ts'
import { inertText, shorten } from './inert-text.ts'

/**
 * The text message that carries a code: the code first, where a notification shows it, and as its last line
 * `@host #code`, by which phones fill it in on that site and nowhere else (WICG origin-bound one-time codes).
 *
 * It is the fullest wording that takes the fewest segments; each further segment costs money and may arrive without the others.
 */
export function renderCodeText(message: CodeMessage, locale: Locale): { text: string } {
  const operator = inertText(message.operator, ' ')
  const values = {
    code: message.code,
    reference: message.reference,
    until: formatTime(locale, message.expiresAt, message.timeZone),
  }
  const binding = `\n\n@${message.host} #${message.code}`
  const candidates = [
    translate(locale, 'message.text.full', { ...values, operator }) + binding,
    translate(locale, 'message.text.full', { ...values, operator: shorten(operator, 24) }) + binding,
    translate(locale, 'message.text.brief', { ...values, operator: shorten(operator, 24) }) + binding,
    translate(locale, 'message.text.brief', { ...values, operator: shorten(operator, 12) }) + binding,
  ]
  const fewest = Math.min(...candidates.map(segmentsOf))
  return { text: candidates.find((text) => segmentsOf(text) === fewest)! }
}

const gsmBasic =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const gsmExtended = '^{}\\[~]|€\f'

/** How many segments a text takes: 160 septets of the GSM alphabet, else 70 UTF-16 units (3GPP TS 23.038, 23.040). */
export function segmentsOf(text: string): number {
  let septets = 0
  for (const character of text) {
    if (gsmBasic.includes(character)) septets += 1
    else if (gsmExtended.includes(character)) septets += 2
    else return text.length <= 70 ? 1 : Math.ceil(text.length / 67)
  }
  return septets <= 160 ? 1 : Math.ceil(septets / 153)
}
