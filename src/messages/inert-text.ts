/** The longest name of an operator, or other text that is not ours, that a message carries. */
export const longestInsert = 64

/**
 * Text of others (an operator's name, a browser's name) made harmless for a message: one line, at most 64 characters,
 * nothing that reorders or hides text (CVE-2021-42574), nothing that a mail program turns into a link by itself.
 * Escaping for HTML comes on top, where HTML is made.
 */
export function inertText(text: string, breakLink: '\u200b' | ' ' = '\u200b'): string {
  const visible = text
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, '')
    .trim()
  return shorten(visible, longestInsert).replace(/[.:/@](?=\S)/gu, `$&${breakLink}`)
}

/** Cuts at a word where that keeps half, else at a whole character as people see it (no half emoji, no loose accent). */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text
  let kept = ''
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (kept.length + segment.length > length) break
    kept += segment
  }
  const word = text[kept.length] === ' ' ? kept.length : kept.lastIndexOf(' ')
  return kept.slice(0, word >= length / 2 ? word : kept.length).trimEnd()
}
