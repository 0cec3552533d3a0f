import { copiedMarks } from '../copied-marks.ts'
import { inAsciiDigits } from '../decimal-digits.ts'

/** RFC 4648 base32: without the digits that look like letters. */
export const recoveryAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** 125 random bits. NIST SP 800-63B-4 §4.2.1.1 asks for 64. */
export const recoveryLength = 25

const separators = new RegExp(`[\\s\\p{Pd}\\u2212.${copiedMarks}]`, 'gu')

/**
 * Reads a recovery code as a person types or pastes it: spaces, hyphens and the marks that copying brings gone, small
 * letters as capitals, digits of any script as digits, and 0, 1 and 8, which the alphabet does not have, as the letters
 * they were taken for.
 *
 * @returns undefined where something else was typed
 */
export function canonicalRecoveryCode(typed: string): string | undefined {
  if (typed.length > 120) return undefined
  const letters = inAsciiDigits(typed.normalize('NFKC'))
    .replace(separators, '')
    .toUpperCase()
    .replaceAll('0', 'O')
    .replaceAll('1', 'I')
    .replaceAll('8', 'B')
  return /^[A-Z2-7]{25}$/.test(letters) ? letters : undefined
}

/** In groups of five, as it is shown and printed. */
export const groupedRecoveryCode = (code: string): string => code.match(/.{1,5}/g)?.join('-') ?? ''
