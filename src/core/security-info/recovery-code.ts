/** RFC 4648 base32: without the digits that look like letters. */
export const recoveryAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** 125 random bits. NIST SP 800-63B-4 §4.2.1.1 asks for 64. */
export const recoveryLength = 25

const separators = /[\s\p{Pd}\u00ad\u200b\u2060\u2212.]/gu

/**
 * Reads a recovery code as a person types it from paper: spaces and hyphens gone, small letters as capitals, and the
 * digits 0, 1 and 8, which the alphabet does not have, as the letters they were taken for.
 *
 * @returns undefined where something else was typed
 */
export function canonicalRecoveryCode(typed: string): string | undefined {
  if (typed.length > 120) return undefined
  const letters = typed
    .normalize('NFKC')
    .replace(separators, '')
    .toUpperCase()
    .replaceAll('0', 'O')
    .replaceAll('1', 'I')
    .replaceAll('8', 'B')
  return /^[A-Z2-7]{25}$/.test(letters) ? letters : undefined
}

/** In groups of five, as it is shown and printed. */
export const groupedRecoveryCode = (code: string): string => code.match(/.{1,5}/g)?.join('-') ?? ''
