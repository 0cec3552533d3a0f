import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { HOTP, Secret, URI } from 'otpauth'
import { expect, test } from 'vitest'
import { requirement } from '../../test/support/requirements.ts'
import { seconds } from '../core/time.ts'
import { newKeyringRecord, openKeyring, rotated } from './keyring.ts'
import { newTotpSeed, openTotpSeed, sealTotpSeed, totpAddress, totpStep } from './totp.ts'

/** RFC 6238 appendix B, the SHA-1 rows, whose seed is "12345678901234567890"; the last six digits are what apps show. */
const rfcSeed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const rfcVectors = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
] as const

test.each(rfcVectors)('RFC 6238: %d seconds after the epoch the code is %s', (at, code) => {
  expect(totpStep(rfcSeed, code.slice(2), seconds(at))).toBe(Math.floor(at / 30))
})

const oathtool = requirement('oathtool')
const told = (seed: string, at: number): string =>
  execFileSync(oathtool ?? '', ['--totp', '--base32', `--now=@${at}`, seed], { encoding: 'utf8' }).trim()

test.skipIf(!oathtool)(
  'oathtool tells the codes that are taken: its own step, one back and one ahead, no others',
  () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_700_000_000, max: 4_000_000_000 }), (at) => {
        const seed = newTotpSeed()
        const now = seconds(at)
        const step = Math.floor(at / 30)
        for (const ahead of [-1, 0, 1]) {
          expect(totpStep(seed, told(seed, at + 30 * ahead), now)).toBe(step + ahead)
        }
        const right = new Set([-1, 0, 1].map((ahead) => told(seed, at + 30 * ahead)))
        for (const ahead of [-3, -2, 2, 3]) {
          const code = told(seed, at + 30 * ahead)
          if (!right.has(code)) expect(totpStep(seed, code, now)).toBeUndefined()
        }
      }),
      { numRuns: 10 },
    )
  },
)

test('at any moment three codes are right at most: those of the steps around it, and no other for hours', () => {
  const codeOf = (seed: string, counter: number) =>
    HOTP.generate({ secret: Secret.fromBase32(seed), counter })
  fc.assert(
    fc.property(fc.integer({ min: 1_700_000_000, max: 4_000_000_000 }), (at) => {
      const seed = newTotpSeed()
      const current = Math.floor(at / 30)
      const around = new Set([-1, 0, 1].map((ahead) => codeOf(seed, current + ahead)))
      const tried = Array.from({ length: 400 }, (_, nth) => codeOf(seed, current + nth - 200))
      const right = new Set(tried.filter((code) => totpStep(seed, code, seconds(at)) !== undefined))
      expect(right).toEqual(around)
      expect(right.size).toBeLessThanOrEqual(3)
    }),
    { numRuns: 5 },
  )
})

test('what is no six digits is no code', () => {
  for (const typed of ['', '12345', '1234567', 'abcdef', '94287082']) {
    expect(totpStep(rfcSeed, typed, seconds(59))).toBeUndefined()
  }
})

test('a seed has 160 random bits', () => {
  const seed = newTotpSeed()
  expect(seed).toMatch(/^[A-Z2-7]{32}$/)
  expect(newTotpSeed()).not.toBe(seed)
})

test('its address is a key URI: spaces as %20, and in front of the label the issuer again', () => {
  expect(totpAddress(rfcSeed, 'Harbour Büro & Co', 'ana+x@example.org')).toBe(
    'otpauth://totp/Harbour%20B%C3%BCro%20%26%20Co:ana%2Bx%40example.org?issuer=Harbour%20B%C3%BCro%20%26%20Co' +
      `&secret=${rfcSeed}&algorithm=SHA1&digits=6&period=30`,
  )
})

test('a long name of the service is cut, so that its QR code stays one that a camera reads', () => {
  const issuer = new URL(totpAddress(rfcSeed, '港'.repeat(64), 'a')).searchParams.get('issuer')
  expect(issuer).toBe('港'.repeat(32))
})

test('apps that split the label at its colon read the names that were meant, whatever they hold', () => {
  expect(totpAddress(rfcSeed, 'Harbour: Büro', 'a')).toContain(
    '/Harbour%20B%C3%BCro:a?issuer=Harbour%20B%C3%BCro&',
  )
  const name = fc
    .string({
      unit: fc.constantFrom(':', ' ', '%', '/', '?', '&', '+', '#', 'a', 'ü', '港', 'م', '🔑'),
      minLength: 1,
    })
    .filter((text) => /[^\s:]/.test(text))
  const plain = (text: string) => text.replaceAll(':', ' ').replace(/\s+/g, ' ').trim()
  fc.assert(
    fc.property(name, name, (issuer, label) => {
      const address = totpAddress(rfcSeed, issuer, label)
      expect(address).toMatch(/^[!-~]+$/)
      const [path = '', query = ''] = address.slice('otpauth://totp/'.length).split('?')
      // Whether an app decodes the label before it splits it or after: there is one colon to split it at.
      const label1 = path.split(':').map(decodeURIComponent)
      expect(decodeURIComponent(path).split(':')).toEqual(label1)
      expect(label1).toEqual([plain(issuer), plain(label)])
      expect(new URLSearchParams(query).get('issuer')).toBe(plain(issuer))
      expect(new URLSearchParams(query).get('secret')).toBe(rfcSeed)
      expect(URI.parse(address)).toMatchObject({ issuer: plain(issuer), label: plain(label), period: 30 })
    }),
    { numRuns: 500 },
  )
})

test('a sealed seed opens for its own account and item alone, also after the ring has rotated', () => {
  const record = newKeyringRecord(0)
  const seed = newTotpSeed()
  const sealed = sealTotpSeed(openKeyring(record), seed, 'account', 'item')
  expect(sealed.includes(seed)).toBe(false)
  const later = openKeyring(rotated(rotated(record, seconds(1)), seconds(1e7)))
  expect(openTotpSeed(later, sealed, 'account', 'item')).toBe(seed)
  expect(openTotpSeed(later, sealed, 'account', 'other')).toBeUndefined()
  expect(openTotpSeed(later, sealed, 'another', 'item')).toBeUndefined()
  expect(openTotpSeed(openKeyring(newKeyringRecord(0)), sealed, 'account', 'item')).toBeUndefined()
})
