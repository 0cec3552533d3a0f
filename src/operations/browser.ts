import { formToken, hashToken, isBrowserToken, isFormToken, newBrowserToken } from '../secrets/tokens.ts'
import type { Deps } from './deps.ts'

/** One browser: the token is its cookie, the hash is what is stored. */
export type Browser = { token: string; hash: Buffer; isNew: boolean }

/** The browser that a cookie names, or a new one: any well-formed token names one, for nothing hangs on it alone. */
export function browserOf(cookie: string | undefined): Browser {
  const known = cookie !== undefined && isBrowserToken(cookie)
  const token = known ? cookie : newBrowserToken()
  return { token, hash: hashToken(token), isNew: !known }
}

/** What a form carries so that it works only in this browser, and only for what it was made for. */
export const csrfToken = (deps: Deps, browser: Browser, scope: string): string =>
  formToken(deps.keyring.current(), browser.hash, scope)

export const isCsrfToken = (
  deps: Deps,
  browser: Browser,
  scope: string,
  given: string | undefined,
): boolean =>
  given !== undefined && !browser.isNew && isFormToken(deps.keyring.current(), browser.hash, scope, given)
