/** Codes have six digits after another proof, and eight where the code alone signs in or recovers. */
export type CodeLength = 6 | 8

const separators = /[\s\p{Pd}\u00ad\u200b\u2060\u2212.]/gu

/**
 * Reads a code as a person types or pastes it: spaces, hyphens and dots gone; full-width, Arabic-Indic and Persian
 * digits read as the digits they are.
 *
 * @returns the digits, or undefined where something else was typed
 */
export function canonicalCode(typed: string): string | undefined {
  if (typed.length > 64) return undefined
  const digits = typed
    .normalize('NFKC')
    .replace(separators, '')
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 0xf))
  return /^\d{6}$|^\d{8}$/.test(digits) ? digits : undefined
}
