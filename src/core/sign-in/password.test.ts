import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalPassword, decideNewPassword, looksLikeCode, type PasswordRules } from './password.ts'

const rules = (changes: Partial<PasswordRules> = {}): PasswordRules => ({
  twoStep: false,
  isCommon: (typed) => typed === 'correct horse battery staple',
  ownWords: ['ana.lovelace@harbour.example', 'Harbour Library'],
  ...changes,
})
const whyNot = (typed: string, changes: Partial<PasswordRules> = {}): string | undefined => {
  const decision = decideNewPassword(typed, rules(changes))
  return decision.ok ? undefined : decision.refusal.code
}
/** Words that are nobody's, nothing repeated and no code. */
const word = fc.stringMatching(/^[b-dj-mp-tv-z]{2}[0-9][A-Z][b-dj-mp-tv-z]{3}[#!?][A-Z]{2}$/)
const phrase = (least: number) =>
  fc
    .array(word, { minLength: 2, maxLength: 4 })
    .map((words) => words.join(' '))
    .filter((text) => text.length >= least)

describe('a new password', () => {
  test('of fifteen characters or more is taken as it is, whatever kinds of characters it has', () => {
    fc.assert(
      fc.property(phrase(15), (typed) => {
        expect(decideNewPassword(typed, rules())).toEqual({ ok: true, value: typed })
      }),
    )
  })

  test('is counted in characters, not in bytes or halves of them', () => {
    const letters = 'äößéñçøåαβγδεζηθ'
    expect(whyNot([...letters].slice(0, 14).join(''))).toBe('password_short')
    expect(whyNot([...letters].slice(0, 15).join(''))).toBeUndefined()
    const fish = '🐟🐠🐡🦈🐙🐚🦀🦞🦐🦑🐋🐬🦭🐊🐢'
    expect(whyNot([...fish].slice(0, 14).join(''))).toBe('password_short')
    expect(whyNot(fish)).toBeUndefined()
  })

  test('needs eight where a second step is on', () => {
    expect(whyNot('wharf 7', { twoStep: true })).toBe('password_short')
    expect(whyNot('wharf 7g', { twoStep: true })).toBeUndefined()
    expect(whyNot('wharf 7g')).toBe('password_short')
  })

  test('may have 1,024 bytes and not one more', () => {
    const long = Array.from({ length: 400 }, (_, at) => `${at}k`).join('')
    expect(whyNot(long.slice(0, 1024))).toBeUndefined()
    expect(whyNot(long.slice(0, 1025))).toBe('password_long')
    expect(whyNot(`${long.slice(0, 1023)}é`)).toBe('password_long')
  })

  test('of bold letters, of which each two units become a byte, may have 1,024 too', () => {
    const bold = (letters: string) =>
      letters.replace(/[a-z]/g, (letter) => String.fromCodePoint(0x1d3b9 + letter.charCodeAt(0)))
    const long = Array.from({ length: 400 }, (_, at) => `${at}k`).join('')
    const words = 'wharf lantern gulls seven '.repeat(50)
    expect(whyNot(bold(words.slice(0, 1024)))).toBeUndefined()
    expect(canonicalPassword(bold(words.slice(0, 1024)))).toBe(words.slice(0, 1024))
    expect(whyNot(bold(words.slice(0, 1025)))).toBe('password_long')
    expect(whyNot(long.repeat(9))).toBe('password_long')
  })

  test('typed on another keyboard in the same characters is the same one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 15, maxLength: 40 }), (typed) => {
        expect(canonicalPassword(typed.normalize('NFD'))).toBe(canonicalPassword(typed.normalize('NFC')))
        expect(canonicalPassword(canonicalPassword(typed))).toBe(canonicalPassword(typed))
      }),
    )
    expect(canonicalPassword('ｗｈａｒｆ')).toBe('wharf')
    expect(canonicalPassword(' Wharf ')).toBe(' Wharf ')
  })

  test('that everybody tries is declined in any case, and so is one piece over and over', () => {
    expect(whyNot('Correct Horse Battery STAPLE')).toBe('password_common')
    const piece = fc.string({ unit: fc.constantFrom(...'abcdxyz#'), minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(piece, fc.integer({ min: 16, max: 40 }), (short, length) => {
        expect(whyNot(short.repeat(length).slice(0, length))).toBe('password_common')
      }),
    )
  })

  test("made of the account's or the operator's words, with less than six letters more, is declined", () => {
    for (const typed of [
      'ana.lovelace@harbour.example',
      'Ana Lovelace 1815',
      'lovelaceharbour!',
      'HARBOURlibraryHARBOUR',
      'harbour.example.12',
      'library ana lovelace abc12',
    ]) {
      expect(whyNot(typed), typed).toBe('password_own_words')
    }
    expect(whyNot('harbour and a whole lot else')).toBeUndefined()
  })

  test('of digits, spaces and hyphens is declined, since it would be taken for a code', () => {
    const sign = fc.constantFrom(...'0123456789', ' ', '-', '–', '٣', '５')
    fc.assert(
      fc.property(fc.array(sign, { minLength: 1, maxLength: 40 }), (signs) => {
        expect(whyNot(signs.join(''))).toBe('password_digits')
      }),
    )
  })

  test('that is taken is never taken for a code', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (typed) => {
        const decision = decideNewPassword(typed, rules())
        if (decision.ok) expect(looksLikeCode(decision.value)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})

test('a code is known by its look, however it is grouped', () => {
  for (const typed of ['483921', '483 921', '4839-2157', '４８３９２１', '٤٨٣٩٢١', '48 39 21 ']) {
    expect(looksLikeCode(typed), typed).toBe(true)
  }
  for (const typed of ['', '483921a', 'wharf', '483.921.', '#483921'])
    expect(looksLikeCode(typed), typed).toBe(false)
})
