import { isIP } from 'node:net'

/** Where mail is handed over, read from an address such as `smtp://user:password@mail.example.com:587`. */
export type SmtpServer = {
  host: string
  port: number
  /** `implicit`: TLS from the first byte. `starttls`: TLS or nothing. `clear`: only ever on this machine itself. */
  security: 'implicit' | 'starttls' | 'clear'
  login?: { user: string; password: string }
}

/**
 * Reads SMTP_URL. There is no way to write one that sends in clear to another machine or trusts any certificate.
 *
 * @throws with a hint where the address isn't one
 */
export function parseSmtpUrl(text: string): SmtpServer {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const secure = url?.protocol === 'smtps:'
  if (!url || !(secure || url.protocol === 'smtp:') || url.hostname === '') {
    throw new Error('an SMTP address looks like smtp://user:password@mail.example.com:587 or smtps://…:465')
  }
  if (url.search !== '' || url.hash !== '' || !/^\/?$/.test(url.pathname)) {
    throw new Error('an SMTP address ends after host and port; it takes no path and no options')
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const user = decodeURIComponent(url.username)
  return {
    host,
    port: Number(url.port) || (secure ? 465 : 587),
    security: secure ? 'implicit' : securityFor(host),
    ...(user === '' ? {} : { login: { user, password: decodeURIComponent(url.password) } }),
  }
}

/** Clear text is for a mail server on this machine, where nobody is in between; everywhere else STARTTLS must work. */
export function securityFor(host: string): 'starttls' | 'clear' {
  const loopback =
    host.toLowerCase() === 'localhost' ||
    (isIP(host) === 4 && host.startsWith('127.')) ||
    (isIP(host) === 6 && host === '::1')
  return loopback ? 'clear' : 'starttls'
}
