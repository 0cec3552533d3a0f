import { accept, type Refusal, type Result, refuse } from '../refusal.ts'

/** NIST SP 800-63B-4 §3.1.1.2: fifteen characters where the password is the only factor, eight beside a second. */
export const shortestAlone = 15
const shortestWithTwoStep = 8
/** How many characters a password must have. */
export const leastLength = (twoStep: boolean): number => (twoStep ? shortestWithTwoStep : shortestAlone)
/** Whether a password is long enough where nothing is asked for beside it. */
export const standsAlone = (password: Password): boolean => [...password].length >= shortestAlone
/** Far beyond any passphrase; a bound on the work of hashing. Bytes, after normalisation. */
const longestBytes = 1024

/** In UTF-16 units: normalisation leaves a byte of every two of them, so that what is cut is too long all the same. */
const longestTyped = 2 * (longestBytes + 1)

declare const canonical: unique symbol
/** A password in the one form that is hashed: Unicode NFKC, otherwise exactly as typed. */
export type Password = string & { [canonical]: 'password' }

export type PasswordRules = {
  twoStep: boolean
  /** Whole passwords that everybody tries first. */
  isCommon: (password: string) => boolean
  /** Words that belong to the account or the service: its names, the operator's name. */
  ownWords: readonly string[]
}

/**
 * The form in which a typed password is compared; nothing is trimmed or folded. What is longer than any password can be
 * before it is normalised is cut, and so never right: putting many combining marks in order takes the square of their
 * number.
 */
export const canonicalPassword = (typed: string): Password =>
  typed.slice(0, longestTyped).normalize('NFKC') as Password

/**
 * Judges a newly chosen password. Length and not being known are all that is asked: nothing about kinds of characters.
 *
 * What looks like a verification code is refused, since the sign-in page tells apart what it is given by its look.
 *
 * Refusals: `password_short`, `password_long`, `password_common`, `password_own_words`, `password_digits`.
 */
export function decideNewPassword(typed: string, rules: PasswordRules): Result<Password> {
  const password = canonicalPassword(typed)
  const least = leastLength(rules.twoStep)
  if (looksLikeCode(password)) return refuse({ code: 'password_digits' })
  if ([...password].length < least) return refuse({ code: 'password_short', least })
  if (Buffer.byteLength(password) > longestBytes) return refuse({ code: 'password_long', most: longestBytes })
  const why = whyGuessable(password, rules)
  return why === undefined ? accept(password) : refuse(why)
}

/** Whether this is a code rather than a password: only digits, spaces and hyphens. */
export const looksLikeCode = (typed: string): boolean => /^[\p{Nd}\s\p{Pd}]+$/u.test(typed)

function whyGuessable(password: string, rules: PasswordRules): Refusal | undefined {
  const folded = password.toLowerCase()
  if (rules.isCommon(folded) || isRepetition(folded)) return { code: 'password_common' }
  let rest = folded
  const words = rules.ownWords
    .flatMap((word) => [word, ...word.split(/[^\p{L}\p{N}]+/u)])
    .map((w) => w.toLowerCase())
  for (const word of words.filter((w) => w.length >= 3).sort((a, b) => b.length - a.length)) {
    rest = rest.replaceAll(word, '')
  }
  const added = rest.replace(/[^\p{L}\p{N}]/gu, '')
  return rest !== folded && [...added].length < 6 ? { code: 'password_own_words' } : undefined
}

/** One short piece over and over: its length says nothing. */
const isRepetition = (text: string): boolean => /^(.{1,4}?)\1+.{0,3}$/su.test(text)
