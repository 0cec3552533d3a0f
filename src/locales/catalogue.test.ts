import { IntlMessageFormat } from 'intl-messageformat'
import { describe, expect, test } from 'vitest'
import type { SendLimit } from '../core/refusal.ts'
import { deliveryCauses, deliveryEventKinds } from '../core/verifications/delivery.ts'
import { locales } from '../core/verifications/message.ts'
import { catalogue, formatTags, type SentenceKey, translate } from './catalogue.ts'

const english = catalogue('en')
const others = locales.filter((locale) => locale !== 'en')

/** The same in any language: names, and signs that are not words. */
const notWords = [/^[^\p{L}]*$/u, /^HTTP\b/, /^\{\w+\}$/]
/** Sentences that are meant to be the same in every language. */
const untranslated = new Set<string>([])

describe.each(others)('%s', (locale) => {
  const translated = catalogue(locale)

  test('has a sentence for each English one, and no other', () => {
    expect([...translated.keys()].sort()).toEqual([...english.keys()].sort())
  })

  test('uses the same values in each sentence', () => {
    for (const [key, source] of english) {
      expect({ key, names: namesIn(translated.get(key)!) }).toEqual({ key, names: namesIn(source) })
    }
  })

  test('leaves nothing in English', () => {
    const same = [...english].filter(
      ([key, source]) =>
        translated.get(key) === source &&
        !untranslated.has(key) &&
        !notWords.some((form) => form.test(source)),
    )
    expect(same).toEqual([])
  })
})

describe.each(locales)('%s', (locale) => {
  test('every sentence is well formed and says something', () => {
    for (const [key, source] of catalogue(locale)) {
      expect(
        () => new IntlMessageFormat(source, formatTags[locale], undefined, { ignoreTag: true }),
        key,
      ).not.toThrow()
      expect(source.trim(), key).toBe(source)
      expect(source, key).not.toBe('')
    }
  })

  test('a limit that is reached is named in words, and not as the API names it', () => {
    for (const limit of ['email', 'phone', 'browser', 'ip', 'network', 'quota'] satisfies SendLimit[]) {
      const words = translate(locale, 'refusal.sends_limit.detail', { limit, retry_at: '10:52 UTC' })
      expect(words).toContain('10:52 UTC')
      expect(words).not.toMatch(/\bip\b|quota|limit for one/)
    }
  })

  test('every cause and every event of a delivery has its words', () => {
    for (const cause of deliveryCauses) expect(translate(locale, `deliveryCause.${cause}`)).toMatch(/\S/)
    for (const kind of deliveryEventKinds) {
      expect(translate(locale, `deliveryEvent.${kind}`, { by: 'mx.example.com' })).toMatch(/\S/)
    }
  })
})

test('English avoids the words that this product does not use', () => {
  const avoided = /\b(please|oops|sorry|successfully|invalid)\b/i
  expect([...english].filter(([, source]) => avoided.test(source))).toEqual([])
})

test('a sentence that does not exist is a fault', () => {
  expect(() => translate('en', 'message.nothing' as SentenceKey)).toThrow('message.nothing')
})

test('a value that is missing is a fault', () => {
  expect(() => translate('en', 'message.mail.heading')).toThrow('operator')
})

test('what looks like markup in a value stays text', () => {
  expect(translate('en', 'message.mail.heading', { operator: '<b>{x}</b>' })).toBe('Your code for <b>{x}</b>')
})

/** The names of the values a sentence asks for, from its syntax tree. */
function namesIn(source: string): string[] {
  const names = new Set<string>()
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      node.forEach(visit)
      return
    }
    if (typeof node !== 'object' || node === null) return
    const { type, value, options, children } = node as Record<string, unknown>
    // 1 argument, 2 number, 3 date, 4 time, 5 select, 6 plural
    if (typeof type === 'number' && type >= 1 && type <= 6) names.add(String(value))
    for (const option of Object.values((options as object) ?? {})) visit((option as { value: unknown }).value)
    visit(children)
  }
  visit(new IntlMessageFormat(source, 'en', undefined, { ignoreTag: true }).getAst())
  return [...names].sort()
}
