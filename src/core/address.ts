import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { accept, type Result, refuse } from './refusal.ts'

declare const canonical: unique symbol
/** An email address in the one form that is stored, compared and mailed to. */
export type Email = string & { [canonical]: 'email' }
/** A phone number in E.164. */
export type Phone = string & { [canonical]: 'phone' }

export type Address = { kind: 'email'; email: Email } | { kind: 'phone'; phone: Phone; country: string }

const longestEmail = 254
const localPart = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const domainLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Reads an email address as a person types it.
 *
 * Only ASCII is accepted, outside the quoted form: a look-alike letter (dotless i, Kelvin sign, full-width at) is
 * refused rather than folded, since folding one address into another is how codes reach strangers (GitHub, 2016).
 * Upper case is folded, since no provider in use tells `A@` from `a@`. Plus tags and dots are kept: they are
 * other people's rules. An international domain is typed in its `xn--` form.
 */
export function parseEmail(typed: string): Result<Email, 'email_malformed'> {
  const text = typed.trim()
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

/** Reads a phone number in international form: `+`, country code, number; spaces, hyphens and brackets are fine. */
export function parsePhone(typed: string): Result<{ phone: Phone; country: string }, 'phone_malformed'> {
  const text = typed.trim()
  if (!/^\+[\d\s().-]{6,30}$/.test(text)) return refuse({ code: 'phone_malformed' })
  const number = parsePhoneNumberFromString(text)
  if (!number?.isValid() || number.ext !== undefined) return refuse({ code: 'phone_malformed' })
  return accept({ phone: number.number as string as Phone, country: number.country ?? 'ZZ' })
}

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
