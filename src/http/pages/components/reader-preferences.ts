import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Locale } from '../../../core/verifications/message.ts'
import { languageOf } from '../../exchange/exchange.ts'

/** `__Host-` binds a cookie to this host and to https; on loopback http browsers would drop it. */
export const cookieName = (publicUrl: string, name: string): string =>
  publicUrl.startsWith('https:') ? `__Host-${name}` : name

/** The language chosen in a page's footer, kept for a year. */
export function chosenLanguage(c: Context, publicUrl: string): Locale | undefined {
  const kept = getCookie(c, cookieName(publicUrl, 'language'))
  return kept === undefined ? undefined : languageOf(kept)
}

export function keepLanguage(c: Context, publicUrl: string, locale: Locale): void {
  setCookie(c, cookieName(publicUrl, 'language'), locale, {
    path: '/',
    maxAge: 365 * 24 * 3600,
    httpOnly: true,
    sameSite: 'Lax',
    secure: publicUrl.startsWith('https:'),
  })
}

/** The zone that the reader's browser told by script; anything may stand in a cookie, so only what is one counts. */
export function timeZoneOf(c: Context, publicUrl: string): string | undefined {
  const told = getCookie(c, cookieName(publicUrl, 'time_zone'))
  if (told === undefined || told.length > 64) return undefined
  try {
    return new Intl.DateTimeFormat('en', { timeZone: told }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}
