import { type PhoneNumber, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { copiedHyphens, withoutMarks, withoutMarksAtEnds } from './copied-marks.ts'
import { accept, type Result, refuse } from './refusal.ts'

declare const canonical: unique symbol
/** An email address in the one form that is stored, compared and mailed to. */
export type Email = string & { [canonical]: 'email' }
/** A phone number in E.164. */
export type Phone = string & { [canonical]: 'phone' }

export type Address = { kind: 'email'; email: Email } | { kind: 'phone'; phone: Phone; country: string }

const longestEmail = 254
/** Longer than any address or number, with all that may stand around it: more isn't looked at. */
const longestTyped = 1000
const localPart = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const domainLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Reads an email address as a person types it.
 *
 * Only ASCII is accepted, outside the quoted form: a look-alike letter (dotless i, Kelvin sign, full-width at) is
 * refused rather than folded, since folding one address into another is how codes reach strangers (GitHub, 2016).
 * Upper case is folded, since no provider in use tells `A@` from `a@`. Plus tags and dots are kept: they are
 * other people's rules. An international domain is typed in its `xn--` form. Marks that copying brings are cleared from
 * its ends, and never from within.
 */
export function parseEmail(typed: string): Result<Email> {
  if (typed.length > longestTyped) return refuse({ code: 'email_malformed' })
  const text = withoutMarksAtEnds(typed)
  if (text.length > longestEmail || !/^[\x21-\x7e]+$/.test(text)) return refuse({ code: 'email_malformed' })
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at).toLowerCase()
  const domain = text.slice(at + 1).toLowerCase()
  if (at < 1 || local.length > 64 || !localPart.test(local)) return refuse({ code: 'email_malformed' })
  const labels = domain.split('.')
  const wellFormed = labels.length >= 2 && labels.every((label) => domainLabel.test(label))
  if (!wellFormed || /^\d+$/.test(labels.at(-1) ?? '')) return refuse({ code: 'email_malformed' })
  return accept(`${local}@${domain}` as Email)
}

/** Whether somebody means a phone number and no email address: it begins with its `+`. */
export const looksLikePhone = (typed: string): boolean =>
  /^\s*\+/.test(withoutMarks(typed.slice(0, longestTyped)))

const hyphens = new RegExp(`[${copiedHyphens}]`, 'gu')

/**
 * Reads a phone number in international form: `+`, country code, number; spaces, hyphens and brackets are fine.
 *
 * A number whose length is possible is one: ranges are newer than any list of them (area codes in use in the United
 * States are missing in it), and the code that comes back proves it. The form in which Mexican mobiles were written until
 * 2019, with a 1 after the country code, is read as the number that it is now.
 */
export function parsePhone(typed: string): Result<{ phone: Phone; country: string }> {
  if (typed.length > longestTyped) return refuse({ code: 'phone_malformed' })
  const text = withoutMarks(typed).replace(hyphens, '-').trim()
  if (!/^\+[\d\s().-]{6,30}$/.test(text)) return refuse({ code: 'phone_malformed' })
  const digits = `+${text.replace(/\D/g, '')}`.replace(oldMexicanMobile, '+52')
  const number = parsePhoneNumberFromString(digits)
  if (!number?.isPossible() || number.ext !== undefined) return refuse({ code: 'phone_malformed' })
  const phone = number.number as string as Phone
  const isCanonical = e164.test(phone) && parsePhoneNumberFromString(phone)?.number === phone
  if (!isCanonical || hasNoAreaCode(phone)) return refuse({ code: 'phone_malformed' })
  return accept({ phone, country: countryOf(number) })
}

/** At most fifteen digits; the shortest in use (Niue, +683 and four) have seven. */
const e164 = /^\+[1-9]\d{6,14}$/

const oldMexicanMobile = /^\+521(?=\d{10}$)/

/** In North America neither an area code nor what follows it begins with 0 or 1. */
const hasNoAreaCode = (phone: Phone): boolean => /^\+1(?![2-9]\d\d[2-9])/.test(phone)

/** A range that is newer than the list belongs to the first country of its code. */
const countryOf = (number: PhoneNumber): string => number.country ?? number.getPossibleCountries()[0] ?? 'ZZ'

/** Landlines, and numbers that are no person's phone. What the list doesn't know yet may be a mobile. */
const takeNoTexts: ReadonlySet<string | undefined> = new Set([
  'FIXED_LINE',
  'TOLL_FREE',
  'PREMIUM_RATE',
  'SHARED_COST',
  'UAN',
  'VOICEMAIL',
])

/** Whether a text to this number can arrive, as far as its range tells. */
export const mayTakeTexts = (phone: Phone): boolean =>
  !takeNoTexts.has(parsePhoneNumberFromString(phone)?.getType())

/** The canonical text of an address, as it is stored and sent to. */
export const destinationOf = (address: Address): string =>
  address.kind === 'email' ? address.email : address.phone

/** What may be shown of an address: the first two characters and the domain, or the last two digits. */
export const hintOf = (address: Address): string => hintOfStored(destinationOf(address))

/** The same of one in the form that is stored: no number has an at sign. */
export function hintOfStored(address: string): string {
  const at = address.lastIndexOf('@')
  if (at < 0) return `••• ••• ••${address.slice(-2)}`
  return `${address.slice(0, Math.min(2, at))}••••${address.slice(at)}`
}
