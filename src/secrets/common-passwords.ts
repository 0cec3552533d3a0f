import { createRequire } from 'node:module'

let common: ReadonlySet<string> | undefined

/**
 * Whether a whole password is one of the 49,000 that are tried first. Read when it is first needed: most processes of
 * a day never choose a password.
 */
export function isCommonPassword(password: string): boolean {
  common ??= new Set(
    createRequire(import.meta.url)('@zxcvbn-ts/language-common').dictionary['passwords-common'],
  )
  return common.has(password.toLowerCase())
}
