/**
 * What is wrong with the address of a mail server, as the rest of a sentence that begins with the setting's name; or
 * undefined. It never repeats a part of the address, which may be one of the password.
 */
export function smtpUrlProblem(text: string): string | undefined {
  const rest = /^smtps?:\/\/(.*)$/is.exec(text)?.[1]
  if (rest === undefined) return shape
  const login = rest.slice(0, Math.max(0, rest.lastIndexOf('@')))
  if (/[/?#]/.test(login)) {
    return 'has a /, ? or # in its user name or password: write / as %2F, ? as %3F and # as %23'
  }
  if (/%(?![0-9a-f]{2})/i.test(login) || !isDecodable(login)) {
    return 'has a % that stands for itself: write % as %25'
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '') return shape
  if (url.search !== '') {
    return 'has options after a ?, which it does not take: smtps:// is TLS from the first byte, and smtp:// asks for STARTTLS by itself'
  }
  if (url.hash !== '' || !/^\/?$/.test(url.pathname)) return 'ends after host and port, and takes no path'
  return undefined
}

const shape = 'is not an address such as smtp://user:password@mail.example.com:587'

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
