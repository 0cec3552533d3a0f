import { describe, expect, test } from 'vitest'
import { codeMessage, sender } from '../../test/support/code-mails.ts'
import { hours } from '../core/time.ts'
import { locales } from '../core/verifications/message.ts'
import { newReference } from '../secrets/random.ts'
import { codeMailSubject, renderCodeMail } from './code-mail.ts'

const elements = (html: string): string[] =>
  [...html.matchAll(/<(!?[a-z][a-z0-9]*)/gi)].map(([, name]) => name!.toLowerCase())
const links = (html: string): string[] =>
  [...html.matchAll(/\s(?:href|src|action|background)\s*=\s*"([^"]*)"/gi)].map(([, url]) => url!)
/** What a reader sees: no tags, entities resolved. */
const seen = (html: string): string =>
  html
    .replace(/<head>.*<\/head>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#8201;|&nbsp;|&#10003;/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')

describe.each(locales)('a code mail in %s', (locale) => {
  const message = codeMessage({ askedFrom: { browser: 'Firefox', system: 'Windows', ip: '203.0.113.7' } })
  const mail = renderCodeMail(message, locale, sender)

  test('has the code in its body, in two groups, and not in its subject', () => {
    expect(mail.text).toMatch(/^ {4}483 921$/m)
    expect(mail.html).toMatch(/dir="ltr"[^>]*>483 921</)
    expect(mail.subject).not.toMatch(/483|921/)
  })

  test('says who asks, when, from where, until when, and its reference, in both halves', () => {
    for (const half of [mail.text, seen(mail.html)]) {
      for (const fact of [
        'Harbour Library',
        '10:42',
        '10:52',
        'Firefox',
        'Windows',
        '203.0.113.7',
        'k7f-2q',
        sender.address,
      ]) {
        expect(half).toContain(fact)
      }
    }
  })

  test('says the same in both halves', () => {
    const words = (text: string) => text.split(/[\s\u2068\u2069]+/).filter((word) => /\p{L}{3}/u.test(word))
    const html = seen(mail.html)
    const missing = words(mail.text).filter((word) => !html.includes(word.replace(/:$/, '')))
    expect(missing).toEqual([message.reportUrl])
  })

  test('links to nothing but the report page', () => {
    expect(links(mail.html)).toEqual([message.reportUrl])
    expect(mail.text.match(/https?:\/\/\S+/g)).toEqual([message.reportUrl])
  })

  test('fetches nothing', () => {
    expect(mail.html).not.toMatch(
      /<(img|link|script|iframe|object|video|audio|svg|form|input)\b|url\(|@import/i,
    )
  })

  test('is small enough to be shown whole (Gmail cuts at 102 KB)', () => {
    expect(Buffer.byteLength(mail.html)).toBeLessThan(16_000)
  })
})

test('an Arabic mail runs from right to left, its code from left to right', () => {
  const { html } = renderCodeMail(codeMessage(), 'ar', sender)
  expect(html).toContain('<html lang="ar" dir="rtl">')
  expect(html).toMatch(/<bdo dir="ltr"[^>]*>483 921<\/bdo>/)
})

test('an eight-digit code has four and four', () => {
  const { text } = renderCodeMail(codeMessage({ code: '48392107' }), 'en', sender)
  expect(text).toMatch(/^ {4}4839 2107$/m)
})

test('times are told in the reader’s zone where it is known', () => {
  const { text } = renderCodeMail(codeMessage({ timeZone: 'Europe/Berlin' }), 'en', sender)
  expect(text).toContain('22 November 2026 at 11:42 CET')
  expect(text).toContain('until 11:52 CET')
})

test('the subject can be told beforehand', () => {
  const message = codeMessage()
  expect(codeMailSubject(message, 'en')).toBe('Your code for Harbour Library (k7f-2q)')
  expect(renderCodeMail(message, 'en', sender).subject).toBe(codeMailSubject(message, 'en'))
})

test.each(['ar', 'ja'] as const)(
  'no subject in %s holds a capital: junk filters take that for shouting',
  (locale) => {
    const message = codeMessage({ operator: '図書館', reference: newReference() })
    expect(codeMailSubject(message, locale)).toContain(message.reference)
    expect(codeMailSubject(message, locale)).not.toMatch(/\p{Lu}/u)
  },
)

test('a code that was asked for earlier keeps the time of its asking', () => {
  const message = codeMessage()
  const { text } = renderCodeMail({ ...message, expiresAt: message.expiresAt + hours(1) }, 'en', sender)
  expect(text).toContain('at 10:42 UTC')
  expect(text).toContain('until 11:52 UTC')
})

const attacks = [
  '<a href="https://evil.test">Harbour</a>',
  '<img src=x onerror=alert(1)>',
  '</title><script>alert(1)</script>',
  '<style>*{display:none}</style>',
  '" onmouseover="alert(1)',
  "' style='display:none",
  '[Harbour](https://evil.test)',
  '{{constructor}} {code} %s',
  '&lt;b&gt;&#60;b&#62;',
  'https://evil.test/signin',
  'evil.test',
  'www.evil.test',
  'eve@evil.test',
  'Harbour\r\nBcc: eve@evil.test',
  'abc\u202etset.live',
  '\u2066\u2067\u2068\u2069\u200f',
  'x'.repeat(5000),
]

const told = { operator: 'Harbour', browser: 'Firefox', system: 'Windows', ip: '192.0.2.7' }
const mailTelling = ({ operator, ...askedFrom }: typeof told) =>
  renderCodeMail(codeMessage({ operator, askedFrom }), 'en', sender)

describe.each(['operator', 'browser', 'system', 'ip'] as const)('whatever stands in %s', (field) => {
  const plain = mailTelling(told)

  test.each(attacks)('%j changes no element, no link, no line', (attack) => {
    const mail = mailTelling({ ...told, [field]: attack })
    expect(elements(mail.html)).toEqual(elements(plain.html))
    expect(links(mail.html)).toEqual(links(plain.html))
    expect(mail.text.split('\n')).toHaveLength(plain.text.split('\n').length)
    expect(mail.subject).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
    expect(`${mail.subject}${mail.text}${seen(mail.html)}`).not.toMatch(
      /evil\.test|\/\/evil|www\.evil|eve@evil/,
    )
    expect(mail.html.length).toBeLessThan(plain.html.length + 2000)
  })
})
