/**
 * The cookies of a request, strictly: exact ASCII names, no quoting, and a name that comes twice is none at all, since
 * one of the two was put there by somebody else (a sibling host can toss cookies, S20).
 */
export function readCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  const twice = new Set<string>()
  for (const part of (header ?? '').split(';')) {
    const match =
      /^[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*)[ \t]*$/.exec(part)
    if (match === null) continue
    const [, name, value] = match as unknown as [string, string, string]
    if (cookies.has(name)) twice.add(name)
    cookies.set(name, value)
  }
  for (const name of twice) cookies.delete(name)
  return cookies
}

export type CookieLife = { maxAge?: number }

/** One `Set-Cookie` line: this host only, all paths, unseen by scripts; without `maxAge` it ends with the window. */
export function cookieLine(name: string, value: string, secure: boolean, { maxAge }: CookieLife): string {
  const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}${age}`
}
