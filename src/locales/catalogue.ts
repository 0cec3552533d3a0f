import { readFileSync } from 'node:fs'
import { IntlMessageFormat } from 'intl-messageformat'
import type english from '../../locales/en.json'
import type { Locale } from '../core/verifications/message.ts'

type Leaves<Tree> = {
  [Key in keyof Tree & string]: Tree[Key] extends string ? Key : `${Key}.${Leaves<Tree[Key]>}`
}[keyof Tree & string]

/** The path of a sentence in locales/*.json, such as `deliveryCause.mailbox_full`. English is the list of what exists. */
export type SentenceKey = Leaves<typeof english>

/**
 * The language tag that numbers and times are formatted with. The 24-hour clock in all; western digits in Arabic,
 * since the code beside them has them and has to be typed with them.
 */
export const formatTags: Readonly<Record<Locale, string>> = { en: 'en-GB', ar: 'ar-u-nu-latn', ja: 'ja-JP' }

export const directions: Readonly<Record<Locale, 'ltr' | 'rtl'>> = { en: 'ltr', ar: 'rtl', ja: 'ltr' }

/**
 * One sentence in the reader's language, as plain text: whoever puts it into HTML escapes it.
 *
 * @throws where the sentence or one of its values is missing: a page with a hole is a fault, not a language
 */
export function translate(
  locale: Locale,
  key: SentenceKey,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return String(sentence(locale, key).format({ ...values }))
}

const compiled = new Map<string, IntlMessageFormat>()

/** Compiling a sentence costs far more than formatting it, so each is compiled once, when it is first needed. */
function sentence(locale: Locale, key: string): IntlMessageFormat {
  const name = `${locale}:${key}`
  const known = compiled.get(name)
  if (known) return known
  const source = catalogue(locale).get(key)
  if (source === undefined) throw new Error(`locales/${locale}.json has no "${key}"`)
  const fresh = new IntlMessageFormat(source, formatTags[locale], undefined, { ignoreTag: true })
  compiled.set(name, fresh)
  return fresh
}

const catalogues = new Map<Locale, ReadonlyMap<string, string>>()

/** All sentences of one language by their key. Read once, from the package root: two levels up from src/ and dist/ alike. */
export function catalogue(locale: Locale): ReadonlyMap<string, string> {
  const known = catalogues.get(locale)
  if (known) return known
  const text = readFileSync(new URL(`../../locales/${locale}.json`, import.meta.url), 'utf8')
  const fresh = new Map(leaves(JSON.parse(text), ''))
  catalogues.set(locale, fresh)
  return fresh
}

function* leaves(tree: object, prefix: string): Generator<[string, string]> {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') yield [prefix + key, value]
    else yield* leaves(value, `${prefix}${key}.`)
  }
}
