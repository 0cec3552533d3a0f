/** Those whose texts are UTF-8 as they stand. */
const read: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii'])

/**
 * Whether a body says that it is of this type, in UTF-8 or ASCII. Parameters that mean nothing to the type are read over
 * (RFC 9110 §5.6.6, RFC 8259 §11).
 */
export function isInUtf8(contentType: string | undefined, type: string): boolean {
  const unquoted = (contentType ?? '').replace(/"[^"]*"/g, (text) => text.slice(1, -1).replaceAll(';', ' '))
  const [named = '', ...parameters] = unquoted.split(';')
  if (named.trim().toLowerCase() !== type) return false
  return parameters.every((parameter) => {
    const [name = '', value = ''] = parameter.split('=')
    return name.trim().toLowerCase() !== 'charset' || read.has(value.trim().toLowerCase())
  })
}
