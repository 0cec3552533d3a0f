import { copiedMarks } from '../copied-marks.ts'
import { inAsciiDigits } from '../decimal-digits.ts'

/** Codes have six digits after another proof, and eight where the code alone signs in or recovers. */
export type CodeLength = 6 | 8

const separators = new RegExp(`[\\s\\p{Pd}\\u2212.${copiedMarks}]`, 'gu')
const longestTyped = 64

/**
 * Reads a code as a person types or pastes it: spaces, hyphens, dots and the marks that copying brings gone, and the
 * decimal digits of any script read as the digits they are. Nothing else is read: no fractions, no circled numbers.
 *
 * @returns the digits, or undefined where something else was typed
 */
export function canonicalCode(typed: string): string | undefined {
  if (typed.length > longestTyped) return undefined
  const digits = inAsciiDigits(typed.replace(separators, ''))
  return /^\d{6}$|^\d{8}$/.test(digits) ? digits : undefined
}
