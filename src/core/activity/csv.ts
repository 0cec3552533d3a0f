/**
 * One line of CSV (RFC 4180): every field in quotes, a quote doubled. A field that a spreadsheet would take for a formula
 * begins with an apostrophe (OWASP, CSV injection): its first character could be one of = + - @, a tab or a line break,
 * or one of the first four in full width, behind any spaces.
 */
export const csvLine = (fields: readonly (string | number | undefined)[]): string =>
  `${fields.map((field) => quoted(String(field ?? ''))).join(',')}\r\n`

const quoted = (text: string): string => `"${inert(text).replaceAll('"', '""')}"`

const inert = (text: string): string => (/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(text) ? `'${text}` : text)
