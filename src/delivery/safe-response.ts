const longestResponse = 200

/**
 * A mail server's answer made safe to keep and show: one line, at most 200 characters, without addresses, anything
 * that could be a code, or words of the message (some filters quote what they object to, links included).
 */
export function safeResponse(response: string, message: { subject: string; text: string }): string {
  const [, opening = '', rest = ''] =
    /^(\d{3}[ -](?:[245]\.\d{1,3}\.\d{1,3})?)(.*)$/s.exec(withoutRepeatedCodes(response)) ?? []
  let said = opening === '' ? response : rest
  for (const word of longWords(message)) said = said.replaceAll(word, '•••')
  const safe = `${opening}${said}`
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[^\s<>(),;:"']+/g, (word) => (isAddress(word) ? '•••' : word))
  const head = safe.slice(0, opening.length)
  return (head + safe.slice(opening.length).replace(/\d{3,4}[ -]\d{3,4}|\d{4,}/g, '•••'))
    .slice(0, longestResponse)
    .trim()
}

/** Looked at word by word: an expression that looks for the sign from each letter takes the square of the length. */
const isAddress = (word: string): boolean => word.slice(1, -1).includes('@')

/** An answer of many lines repeats its code on each: once is enough. */
const withoutRepeatedCodes = (response: string): string =>
  response.replace(/\r?\n\d{3}[ -](?:[245]\.\d{1,3}\.\d{1,3} ?)?/g, ' ')

/** Words long enough to be told from the server's own, such as the report link. */
const longWords = ({ subject, text }: { subject: string; text: string }): string[] =>
  [...new Set(`${subject} ${text}`.split(/[\s\u2068\u2069]+/))].filter((word) => word.length >= 12)
