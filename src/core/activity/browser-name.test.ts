import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { browserName } from './browser-name.ts'

const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0'
const webkit = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'

describe('a browser is named as a person would', () => {
  test.each([
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Safari/537.36`, 'Chrome', 'Windows'],
    [`Mozilla/5.0 (X11; Linux x86_64) ${chrome.replace('Chrome', 'HeadlessChrome')}`, 'Chrome', 'Linux'],
    [`Mozilla/5.0 (Linux; Android 10; K) ${chrome} Mobile Safari/537.36`, 'Chrome', 'Android'],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${chrome} Safari/537.36`, 'Chrome', 'ChromeOS'],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) ${webkit} CriOS/142.0 Mobile/15E148 Safari/604.1`,
      'Chrome',
      'iOS',
    ],
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Safari/537.36 Edg/142.0.0.0`, 'Edge', 'Windows'],
    [`Mozilla/5.0 (Linux; Android 10; HD1913) ${chrome} Mobile Safari/537.36 EdgA/142.0`, 'Edge', 'Android'],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${chrome} Safari/537.36 OPR/124.0.0.0`,
      'Opera',
      'macOS',
    ],
    ['Opera/9.80 (Android; Opera Mini/12.0/191; U; en) Presto/2.12 Version/12.16', 'Opera', 'Android'],
    [
      `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36`,
      'Samsung Internet',
      'Android',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
      'Firefox',
      'Windows',
    ],
    ['Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0', 'Firefox', 'Android'],
    [
      `Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) ${webkit} FxiOS/145.0 Mobile/15E148 Safari/605.1.15`,
      'Firefox',
      'iPadOS',
    ],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Version/26.0 Safari/605.1.15`,
      'Safari',
      'macOS',
    ],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) ${webkit} Version/26.0 Mobile/15E148 Safari/604.1`,
      'Safari',
      'iOS',
    ],
    [
      `Mozilla/5.0 (Phone; OpenHarmony 5.0) ${chrome} Safari/537.36 ArkWeb/4.1 HuaweiBrowser/5.0`,
      'Huawei Browser',
      'HarmonyOS',
    ],
    ['Mozilla/5.0 (Mobile; rv:84.0) Gecko/84.0 Firefox/84.0 KAIOS/3.0', 'Firefox', 'KaiOS'],
    ['Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko', 'Internet Explorer', 'Windows'],
    ['w3m/0.5.3+git20230121', 'w3m', undefined],
    ['Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.8.9', 'Lynx', undefined],
    // A page inside another app: it tells the system, and no browser.
    [`Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) ${webkit} Mobile/15E148`, undefined, 'iOS'],
    ['', undefined, undefined],
    [undefined, undefined, undefined],
  ])('%s', (userAgent, browser, system) => {
    expect(browserName(userAgent)).toEqual({ browser, system })
  })
})

test('nothing that was sent stands in a name: whatever it is, the names are plain words of ours', () => {
  const parts = [
    'Firefox/',
    '<b>',
    'Windows',
    '\r\nBcc: ',
    'Edg/',
    '\u202e',
    'https://evil.example/',
    'Chrome/',
  ]
  const claimed = fc.array(fc.oneof(fc.constantFrom(...parts), fc.string()), { maxLength: 30 })
  fc.assert(
    fc.property(claimed, (texts) => {
      for (const name of Object.values(browserName(texts.join(' ')))) {
        if (name !== undefined) expect(name).toMatch(/^[A-Za-z0-9]+( [A-Za-z]+)?$/)
      }
    }),
  )
})

test('a long header is read as fast as a short one', () => {
  const before = performance.now()
  for (const part of ['Version/', 'Mac ', 'iP', 'E', 'Version/ Safari ']) browserName(part.repeat(200_000))
  expect(performance.now() - before).toBeLessThan(100)
})

test('what stands behind the part that is read changes nothing', () => {
  const start = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0 '.padEnd(400, 'x')
  fc.assert(
    fc.property(fc.string(), (rest) => {
      expect(browserName(`${start}${rest} Edg/1 Windows`)).toEqual({ browser: 'Firefox', system: 'Linux' })
    }),
  )
})
