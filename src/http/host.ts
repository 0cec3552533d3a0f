const written = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\d{0,5}))?$/i
const defaultPorts: Record<string, string> = { 'http:': '80', 'https:': '443' }

/**
 * A host and port in the one form that is compared: small letters, no final dot, no port that is its scheme's own
 * (RFC 9110 §4.2.3); undefined where it is none.
 */
export function canonicalHost(host: string | undefined, scheme: string): string | undefined {
  const [, name, port] = written.exec(host ?? '') ?? []
  if (name === undefined) return undefined
  const suffix = port === undefined || port === '' || port === defaultPorts[scheme] ? '' : `:${port}`
  return `${name.toLowerCase().replace(/\.$/, '')}${suffix}`
}

/** Whether an Origin or a Referer is of the service itself, however its host is written. */
export function isOfOrigin(address: string, publicUrl: string): boolean {
  const own = new URL(publicUrl)
  const other = URL.canParse(address) ? new URL(address) : undefined
  return (
    other?.protocol === own.protocol &&
    canonicalHost(other.host, own.protocol) === canonicalHost(own.host, own.protocol)
  )
}
