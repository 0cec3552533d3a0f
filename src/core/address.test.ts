import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Address,
  destinationOf,
  hintOf,
  looksLikePhone,
  mayTakeTexts,
  type Phone,
  parseEmail,
  parsePhone,
} from './address.ts'

const email = (typed: string): string | undefined => {
  const read = parseEmail(typed)
  return read.ok ? read.value : undefined
}
const phone = (typed: string): string | undefined => {
  const read = parsePhone(typed)
  return read.ok ? read.value.phone : undefined
}

/** Letters that look like, fold to, or normalise to those of an address (GitHub 2016; Unicode confusables). */
const lookAlikes: Record<string, string> = {
  a: 'аα𝐚ａáàâäãåāąⓐᵃ',
  b: 'ЬᏏｂḃⓑ',
  c: 'сϲｃçćⓒ',
  d: 'ԁｄđḋⓓ',
  e: 'еｅéèêëēęⅇⓔ',
  g: 'ɡｇğġⓖ',
  h: 'һｈħḣⓗ',
  i: 'ıіｉíìîïīⅰℹⓘİ',
  k: 'к\uff4b\u212aκⓚ',
  l: 'ⅼｌłˡⓛӏ',
  m: 'ｍⅿⓜṁ',
  n: 'ｎñńⓝո',
  o: 'оοｏóòôöõøōºⓞ',
  p: 'рｐρⓟ',
  r: 'ｒřⓡг',
  s: 'ſѕｓśšşⓢ',
  t: 'ｔţťⓣт',
  u: 'ｕúùûüūⓤυ',
  x: 'хｘⅹⓧ',
  '@': '＠﹫',
  '.': '．。｡․﹒',
}
/** Marks that copying brings: directions and isolates, joiners, zero-width spaces, soft hyphens. */
const copied = [
  ...'\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200c\u200d\u2060\ufeff\u00ad',
]
/** Others that show nothing, or change how the rest is shown. */
const odd = [...'\u0301\u0307\u034f\u180e\u115f\ufe0f\u2800\u3164\u00b7\u30fc']
const invisible = [...copied, ...odd]
const bases = ['admin@github.com', 'mike.smith@example.org', 'k@sub.example.com']

const corpus = bases.flatMap((base) => {
  const spots = [...base].map((_, at) => at)
  const put = (at: number, text: string, taken: number) => base.slice(0, at) + text + base.slice(at + taken)
  return [
    ...spots.flatMap((at) => [...(lookAlikes[base[at]!] ?? '')].map((other) => put(at, other, 1))),
    ...spots.slice(1).flatMap((at) => invisible.map((mark) => put(at, mark, 0))),
    ...['ﬀ', 'ﬁ', 'ﬆ', 'ß', 'ﬃ', 'Ǆ', '㎁', '℀'].map((ligature) => put(2, ligature, 1)),
    base.normalize('NFD').replace('i', 'i\u0307'),
    ...['.', '..', '@', '@@', ',', ';', ' ', '>', '"', '\\', '\u2025'].map((end) =>
      `${base}${end}x`.slice(0, -1),
    ),
    ...['"', '"a b"', '(comment)', '<', 'a,b', 'a;b', '\r\nBcc: x@y.example ', '\n', '\0'].map(
      (start) => start + base,
    ),
    base.replace('@', '@\r\n'),
    base.replace('@', '%evil.example@'),
    base.replace('@', ' @'),
    base.replace('@', '@ '),
    base.replace('@', '@@'),
    base.replace('@', '@evil.example@'),
    `"${base.split('@')[0]}"@${base.split('@')[1]}`,
    `"${base} x"@internal.example`,
    `Name <${base}>`,
    `<${base}>`,
    `mailto:${base}`,
    `@relay.example:${base}`,
    `${base.split('@')[0]}@[192.0.2.1]`,
    `${base.split('@')[0]}@[IPv6:2001:db8::1]`,
    `${base.split('@')[0]}@192.0.2.1`,
    `${base.split('@')[0]}@localhost`,
    `${base.split('@')[0]}@-example.com`,
    `${base.split('@')[0]}@example-.com`,
    `${base.split('@')[0]}@exa_mple.com`,
    `${base.split('@')[0]}@.com`,
    `.${base}`,
    base.replace('@', '.@'),
    base.replace('@', '..x@'),
  ]
})

describe('an email address', () => {
  test(`looking like another (${corpus.length} cases) is refused, or kept as it was typed`, () => {
    expect(corpus.length).toBeGreaterThan(500)
    for (const typed of corpus) {
      const read = email(typed)
      if (read !== undefined) expect(read, JSON.stringify(typed)).toBe(typed.trim())
      if (!/^[\x00-\x7f]*$/.test(typed.trim())) expect(read, JSON.stringify(typed)).toBeUndefined()
    }
  })

  test('is never folded into another but for the case of ASCII letters', () => {
    const typed = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc
        .tuple(fc.string({ unit: 'grapheme', maxLength: 10 }), fc.domain())
        .map(([local, domain]) => `${local}@${domain}`),
      fc.emailAddress(),
    )
    fc.assert(
      fc.property(typed, (text) => {
        const read = email(text)
        if (read === undefined) return
        expect(read).toMatch(/^[\x21-\x7e]{3,254}$/)
        expect(read).toBe(
          text
            .replace(/^[^\x21-\x7e]+|[^\x21-\x7e]+$/g, '')
            .replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32)),
        )
        expect(email(read)).toBe(read)
      }),
      { numRuns: 5000 },
    )
  })

  test.for([
    ["plus tags and dots are other people's rules", 'A.B+Tag@Example.COM', 'a.b+tag@example.com'],
    ['one letter is enough', 'x@y.zz', 'x@y.zz'],
    ['every sign of an atom', "!#$%&'*+/=?^_`{|}~-@example.org", "!#$%&'*+/=?^_`{|}~-@example.org"],
    ['an international domain in its xn-- form', 'a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
  ] as const)('%s', ([, typed, read]) => expect(email(typed)).toBe(read))

  test('is read without the marks that copying puts at its ends, and no others', () => {
    for (const mark of copied) {
      expect(email(`${mark}ana@example.org`), JSON.stringify(mark)).toBe('ana@example.org')
      expect(email(` ${mark}${mark} ana@example.org ${mark}`), JSON.stringify(mark)).toBe('ana@example.org')
      expect(email(`ana${mark}@example.org`), JSON.stringify(mark)).toBeUndefined()
    }
    for (const mark of [...odd, '\u2010', '\u2013']) {
      expect(email(`${mark}ana@example.org`), JSON.stringify(mark)).toBeUndefined()
      expect(email(`ana@example.org${mark}`), JSON.stringify(mark)).toBeUndefined()
    }
  })

  test('has at most 64 characters before the @, 63 in a label and 254 in all', () => {
    const local = (length: number) => `${'a'.repeat(length)}@example.org`
    expect(email(local(64))).toBeDefined()
    expect(email(local(65))).toBeUndefined()
    expect(email(`a@${'b'.repeat(63)}.org`)).toBeDefined()
    expect(email(`a@${'b'.repeat(64)}.org`)).toBeUndefined()
    const long = (length: number) => `a@${'b.'.repeat(126).slice(0, length - 4)}cc`
    expect([email(long(254))?.length, email(long(255))]).toEqual([254, undefined])
    expect(email(`${'a.'.repeat(200)}@example.org`)).toBeUndefined()
  })

  test('that is made to be slow to read is read at once', () => {
    const began = performance.now()
    for (const typed of [
      `${'a.'.repeat(127)}@`,
      `a@${'a-'.repeat(126)}`,
      `${'!'.repeat(64)}@${'a.'.repeat(90)}`,
      '"'.repeat(1_000_000),
      '@'.repeat(1_000_000),
      `${'\u200e '.repeat(500_000)}@`,
      `@${'\u200e '.repeat(500_000)}@`,
    ]) {
      email(typed)
    }
    expect(performance.now() - began).toBeLessThan(50)
  })
})

describe('a phone number', () => {
  const numbers = [
    '+447400123456',
    '+201001234567',
    '+12015550123',
    '+4915112345678',
    '+33612345678',
    '+966501234567',
  ]

  test('is the same however it is spaced', () => {
    const separators = fc.array(fc.constantFrom('', ' ', '-', '.', '(', ')', '\u00a0'), {
      minLength: 14,
      maxLength: 14,
    })
    fc.assert(
      fc.property(fc.constantFrom(...numbers), separators, (number, between) => {
        const typed = `+${[...number.slice(1)].map((digit, at) => digit + between[at]).join('')}`
        const read = phone(typed)
        if (read !== undefined) expect(read).toBe(number)
        if (/^[+\d\s-]{1,31}$/.test(typed)) expect(read).toBe(number)
      }),
    )
  })

  test('that is read is read again as itself, with the same country', () => {
    const typed = fc.oneof(
      fc
        .array(fc.integer({ min: 0, max: 9 }), { minLength: 7, maxLength: 15 })
        .map((all) => `+${all.join('')}`),
      fc
        .tuple(fc.constantFrom(...numbers), fc.nat(9999))
        .map(([n, end]) => `${n.slice(0, -4)}${String(end).padStart(4, '0')}`),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
    )
    fc.assert(
      fc.property(typed, (text) => {
        const read = parsePhone(text)
        if (!read.ok) return
        expect(read.value.phone).toMatch(/^\+[1-9]\d{6,14}$/)
        expect(parsePhone(read.value.phone)).toEqual(read)
      }),
      { numRuns: 3000 },
    )
  })

  const twisted = numbers.flatMap((number) => [
    ...[...number.slice(1)].map(
      (digit, at) => `+${number.slice(1, at + 1)}${fullWidth(digit)}${number.slice(at + 2)}`,
    ),
    ...[...number.slice(1)].map(
      (digit, at) => `+${number.slice(1, at + 1)}${arabic(digit)}${number.slice(at + 2)}`,
    ),
    ...odd.map((mark) => `${number.slice(0, 5)}${mark}${number.slice(5)}`),
    number.slice(1),
    `00${number.slice(1)}`,
    `＋${number.slice(1)}`,
    `++${number.slice(1)}`,
    `+${number}`,
    `+0${number.slice(1)}`,
    `${number} ext 5`,
    `${number};ext=5`,
    `${number}x5`,
    `${number}#5`,
    `${number}*5`,
    `${number},5`,
    `${number}w5`,
    `${number}\0`,
    `${number}\r\nX`,
    `tel:${number}`,
    `${number}${number}`,
    `${number}@example.org`,
    `${number}000000`,
    number.slice(0, 7),
  ])

  test(`looking like another (${twisted.length} cases) is refused`, () => {
    expect(twisted.length).toBeGreaterThan(200)
    for (const typed of twisted) expect(phone(typed), JSON.stringify(typed)).toBeUndefined()
  })

  test('is the same with the marks and hyphens that copying brings, at its ends and within', () => {
    const hyphens = [...'\u058a\u05be\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d']
    for (const mark of [...copied, ...hyphens]) {
      const within = `+44${mark}7400${mark} 123456${mark}`
      expect(phone(within), JSON.stringify(within)).toBe('+447400123456')
    }
    for (const mark of copied) {
      const around = `${mark}+447400123456${mark}`
      expect([phone(around), looksLikePhone(around)], JSON.stringify(around)).toEqual(['+447400123456', true])
    }
    expect(looksLikePhone('ana+tag@example.org')).toBe(false)
  })

  test.for([
    ...['436', '624', '679', '861', '924', '357', '371', '457', '465', '471', '483', '621', '837'].map(
      (area) => [`+1 ${area} 555 0123`, `+1${area}5550123`, 'US'] as const,
    ),
    ['+52 1 55 1234 5678', '+525512345678', 'MX'],
    ['+521 5512345678', '+525512345678', 'MX'],
    ['+52 55 1234 5678', '+525512345678', 'MX'],
    ['+54 11 15 2345 6789', '+5491123456789', 'AR'],
    ['+44 (0)7400 123456', '+447400123456', 'GB'],
  ] as const)('%s is %s, though it is in no list of ranges or written as of old', ([typed, read, country]) =>
    expect(parsePhone(typed)).toEqual({ ok: true, value: { phone: read, country } }),
  )

  test('takes texts unless its range is one of landlines, or of no person', () => {
    const takes = (number: string) => mayTakeTexts(number as Phone)
    for (const mobile of [...numbers, '+14365550123', '+525512345678', '+5491123456789', '+447012345678'])
      expect(takes(mobile), mobile).toBe(true)
    for (const other of [
      '+442079460958',
      '+541123456789',
      '+390669812345',
      '+33123456789',
      '+18005550199',
      '+449098790000',
    ])
      expect(takes(other), other).toBe(false)
  })

  test.for([
    '',
    '+',
    '112',
    '+999',
    '+1 800 FLOWERS',
    '+44',
    '+442079460958x',
    '+10000000000',
    '+11234567890',
  ])('%j is none', (typed) => expect(phone(typed)).toBeUndefined())
})

test('a hint shows the first two characters and the domain, or the last two digits, and nothing more', () => {
  const hint = (address: string) => hintOf({ kind: 'email', email: address } as Address)
  expect(hint('ana.smith@example.org')).toBe('an••••@example.org')
  expect(hint('a@example.org')).toBe('a••••@example.org')
  expect(hintOf({ kind: 'phone', phone: '+447400123456', country: 'GB' } as Address)).toBe('••• ••• ••56')
})

test('an address is stored in its one form', () => {
  expect(destinationOf({ kind: 'phone', phone: '+447400123456', country: 'GB' } as Address)).toBe(
    '+447400123456',
  )
})

function fullWidth(digit: string): string {
  return String.fromCodePoint(0xff10 + Number(digit))
}
function arabic(digit: string): string {
  return String.fromCodePoint(0x0660 + Number(digit))
}
