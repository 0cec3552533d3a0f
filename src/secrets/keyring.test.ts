import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hours, minutes } from '../core/time.ts'
import { newApiKey, parseApiKey, sameHash } from './api-key.ts'
import { newKeyringRecord, openKeyring, rotated } from './keyring.ts'
import { sealBound } from './sealed-code.ts'

const now = Date.UTC(2026, 5, 1)
const ring = openKeyring(newKeyringRecord(now))
const id = '00000000-0000-4000-8000-000000000000'

describe('what a key seals', () => {
  test('it opens again, bound to the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (text, bound) => {
        expect(ring.current.open(ring.current.seal(text, bound), bound)).toBe(text)
      }),
    )
  })

  test('does not open on another row, for another destination, under another key, or with a bit changed', () => {
    const sealed = ring.current.seal('123456', sealBound(id, 'ana@example.org'))
    const open =
      (bytes: Buffer, bound: string, key = ring.current) =>
      () =>
        key.open(bytes, bound)
    expect(open(sealed, sealBound(id.replace('8', '9'), 'ana@example.org'))).toThrow()
    expect(open(sealed, sealBound(id, 'eve@example.org'))).toThrow()
    expect(
      open(sealed, sealBound(id, 'ana@example.org'), openKeyring(newKeyringRecord(now)).current),
    ).toThrow()
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(open(changed, sealBound(id, 'ana@example.org'))).toThrow()
    }
    expect(open(sealed.subarray(0, 20), sealBound(id, 'ana@example.org'))).toThrow()
    expect(open(Buffer.alloc(0), sealBound(id, 'ana@example.org'))).toThrow()
  })

  test('never looks the same twice', () => {
    const sealed = new Set(
      Array.from({ length: 1000 }, () => ring.current.seal('123456', 'x').toString('hex')),
    )
    expect(sealed.size).toBe(1000)
  })
})

describe('what a key hashes', () => {
  test('differs with the verification, the code and the key', () => {
    const mac = ring.current.codeMac(id, '123456')
    expect(mac).toHaveLength(32)
    expect(ring.current.codeMac(id, '123456')).toEqual(mac)
    expect(ring.current.codeMac(id, '123457')).not.toEqual(mac)
    expect(ring.current.codeMac(id.replace('8', '9'), '123456')).not.toEqual(mac)
    expect(openKeyring(newKeyringRecord(now)).current.codeMac(id, '123456')).not.toEqual(mac)
  })

  test('tells apart every two lists of parts', () => {
    const parts = fc.array(fc.string({ maxLength: 4 }), { maxLength: 4 })
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        fc.pre(![...one, ...other].some((part) => part.includes('\x1f')))
        const same = ring.lookupHash('x', ...one).equals(ring.lookupHash('x', ...other))
        expect(same).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
    )
    expect(() => ring.lookupHash('x', 'a\x1fb')).toThrow()
  })
})

describe('rotating the ring', () => {
  test('makes another key current; the old one guards codes for eleven minutes and opens what it sealed for 25 hours', () => {
    const first = newKeyringRecord(now)
    const second = rotated(first, now + hours(1))
    const old = first.keys[0]!.id
    const guards = (at: number) =>
      openKeyring(second)
        .forCodes(at)
        .map((key) => key.id)
    expect(openKeyring(second).current.id).not.toBe(old)
    expect(guards(now + hours(1))).toEqual([openKeyring(second).current.id, old])
    expect(guards(now + hours(1) + minutes(11) - 1)).toContain(old)
    expect(guards(now + hours(1) + minutes(11))).not.toContain(old)
    expect(openKeyring(rotated(second, now + hours(26) - 1)).find(old)).toBeDefined()
    expect(openKeyring(rotated(second, now + hours(26))).find(old)).toBeUndefined()
  })

  test('leaves lookups as they are: limits go on counting', () => {
    let record = newKeyringRecord(now)
    const hash = openKeyring(record).lookupHash('email', 'a', 'b')
    for (let nth = 1; nth <= 10; nth += 1) record = rotated(record, now + hours(nth * 10))
    expect(openKeyring(record).lookupHash('email', 'a', 'b')).toEqual(hash)
  })

  test('does not move the moment at which an older key was replaced', () => {
    const second = rotated(newKeyringRecord(now), now + 1000)
    const third = rotated(second, now + 2000)
    expect(third.keys.map((key) => key.retiredAt)).toEqual([undefined, now + 2000, now + 1000])
  })

  test('an empty ring is no ring', () => {
    expect(() => openKeyring({ ...newKeyringRecord(now), keys: [] })).toThrow('no key')
  })
})

describe('an API key', () => {
  test('is read back as what was made, with the hash that is stored', () => {
    const key = newApiKey()
    const read = parseApiKey(key.text)
    expect(read?.id).toBe(key.id)
    expect(sameHash(read!.hash, key.hash)).toBe(true)
    expect(key.hash.toString('latin1')).not.toContain(key.text.slice(-43))
  })

  test('of any other shape is none', () => {
    const { text } = newApiKey()
    for (const other of [
      `${text} `,
      ` ${text}`,
      `${text}\n`,
      text.slice(1),
      `${text}A`,
      text.toUpperCase(),
      '',
      'csk__',
    ]) {
      expect(parseApiKey(other)).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.string(), (other) => {
        expect(parseApiKey(other)).toBeUndefined()
      }),
    )
  })

  test('is compared by its hash, of the same length only', () => {
    expect(sameHash(Buffer.alloc(32), Buffer.alloc(31))).toBe(false)
    expect(sameHash(Buffer.alloc(32), Buffer.alloc(32))).toBe(true)
    expect(sameHash(Buffer.alloc(32), Buffer.alloc(32, 1))).toBe(false)
  })
})
