import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { preferredLocale } from './exchange.ts'
import { parametersOf, refusalField, refusalShapes } from './refusals.ts'

const now = Date.UTC(2026, 5, 1)
const id = '00000000-0000-4000-8000-000000000000'

describe('the Countersign-Error field', () => {
  test('says code, kind, parameters and request', () => {
    expect(refusalField({ code: 'code_wrong', attemptsLeft: 4 }, id, now)).toBe(
      `code_wrong; kind="verification"; attempts_left=4; request="${id}"`,
    )
  })

  test('is a structured field whatever a parameter holds (RFC 9651 §3.3.3)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (channel) => {
        const field = refusalField({ code: 'channel_unavailable', channel }, id, now)
        expect(field).toMatch(/^[a-z_]+(; [a-z_]+=(\d+|"([\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"))*$/)
      }),
    )
  })

  test('leaves out lists, which stand in the body', () => {
    const refusal = { code: 'input_refused' as const, errors: [{ pointer: '/to', problem: 'x' }] }
    expect(refusalField(refusal, id, now)).not.toContain('errors')
    expect(parametersOf(refusal, now).errors).toEqual(refusal.errors)
  })
})

describe('the wait that a refusal tells', () => {
  test('is whole seconds, at least one, and never shorter than the wait', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10_000, max: 100_000_000 }), (wait) => {
        const { retry_after, retry_at } = parametersOf({ code: 'resend_too_soon', retryAt: now + wait }, now)
        expect(retry_after).toBeGreaterThanOrEqual(1)
        expect(Number(retry_after) * 1000).toBeGreaterThanOrEqual(wait)
        expect(Number(retry_after) * 1000 - wait).toBeLessThan(wait > 0 ? 1000 : 12_000)
        expect(retry_at).toBe(new Date(now + wait).toISOString())
      }),
    )
  })
})

test('429 is for limits, and 5xx for what is ours', () => {
  for (const [code, { status, kind }] of Object.entries(refusalShapes)) {
    if (status === 429) expect(kind, code).toBe('limit')
    if (status >= 500) expect(kind, code).toBe('service')
  }
})

describe('the language of Accept-Language', () => {
  test.for([
    [undefined, 'en'],
    ['ar', 'ar'],
    ['ar-EG,en;q=0.5', 'ar'],
    ['en;q=0.5, ar;q=0.9', 'ar'],
    ['fr, de;q=0.9, ar;q=0.1', 'ar'],
    ['ar;q=0', 'en'],
    ['*', 'en'],
    ['AR_eg', 'ar'],
  ] as const)('%s is %s', ([header, locale]) => expect(preferredLocale(header)).toBe(locale))

  test('is one that we speak, whatever it says, and found at once', () => {
    const spoken = ['en', 'ar']
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (header) => {
        expect([...spoken, 'ja']).toContain(preferredLocale(header))
      }),
    )
    const began = performance.now()
    preferredLocale('en;q=0.1,'.repeat(100_000))
    preferredLocale(`${'a'.repeat(1_000_000)};q=1`)
    expect(performance.now() - began).toBeLessThan(100)
  })
})
