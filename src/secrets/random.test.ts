import { describe, expect, test } from 'vitest'
import { anyOf, newCode, newId, newReference, newTimeId, timeOf, uuidOf } from './random.ts'

/** How far counts lie from even ones, in standard deviations of chi-square: above 8 happens once in 10^15 runs. */
function unevenness(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count) / counts.length
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  const freedom = counts.length - 1
  return (chiSquare - freedom) / Math.sqrt(2 * freedom)
}

describe('a new code', () => {
  for (const length of [6, 8] as const) {
    const codes = Array.from({ length: 400_000 }, () => newCode(length))

    test(`of ${length} digits has just that many`, () => {
      expect(codes.every((code) => code.length === length && /^\d+$/.test(code))).toBe(true)
    })

    test(`of ${length} digits is any with the same chance, leading zeros included (S38)`, () => {
      for (let at = 0; at < length; at += 1) {
        const counts = Array(10).fill(0)
        for (const code of codes) counts[Number(code[at])] += 1
        expect(unevenness(counts)).toBeLessThan(8)
      }
      const counts = Array(1000).fill(0)
      for (const code of codes) counts[Math.floor((Number(code) / 10 ** length) * 1000)] += 1
      expect(unevenness(counts)).toBeLessThan(8)
      const leadingZeros = codes.filter((code) => code.startsWith('0')).length / codes.length
      expect(Math.abs(leadingZeros - 0.1)).toBeLessThan(0.005)
    })
  }
})

describe('a new id', () => {
  test('never comes twice, and all of its 128 bits vary', () => {
    const ids = Array.from({ length: 20_000 }, newId)
    expect(new Set(ids).size).toBe(ids.length)
    const set = Array(128).fill(0)
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      const bits = BigInt(`0x${id.replaceAll('-', '')}`)
      for (let bit = 0; bit < 128; bit += 1) set[bit] += Number((bits >> BigInt(bit)) & 1n)
    }
    for (const count of set) expect(Math.abs(count / ids.length - 0.5)).toBeLessThan(0.05)
  })

  test('is the bytes it is made of', () => {
    expect(uuidOf(Buffer.from('000102030405060708090a0b0c0d0e0fff', 'hex'))).toBe(
      '00010203-0405-0607-0809-0a0b0c0d0e0f',
    )
  })
})

describe('an id of a moment', () => {
  test('is of version 7, and sorts by the moment it was made in', () => {
    const moments = [0, 1, 255, 65_536, 1_795_362_000_000, 2 ** 48 - 1]
    const ids = moments.map(newTimeId)
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(ids.toSorted()).toEqual(ids)
    expect(ids.map((id) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16))).toEqual(moments)
  })

  test('tells when it was made; another id does not', () => {
    expect(timeOf(newTimeId(1_795_362_000_123))).toBe(1_795_362_000_123)
    expect(timeOf(uuidOf(Buffer.alloc(16)))).toBeUndefined()
  })

  test('never comes twice, however many are made in one moment', () => {
    const ids = Array.from({ length: 20_000 }, () => newTimeId(1_795_362_000_000))
    expect(new Set(ids).size).toBe(ids.length)
  })
})

test('a reference is five small letters and digits that nobody confuses', () => {
  for (let nth = 0; nth < 2000; nth += 1)
    expect(newReference()).toMatch(/^[2-8a-fhjkmnp-tv-z]{3}-[2-8a-fhjkmnp-tv-z]{2}$/)
})

test('each letter of a reference comes with the same chance', () => {
  const counts = new Map<string, number>()
  for (let nth = 0; nth < 40_000; nth += 1) {
    for (const letter of newReference().replace('-', '')) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  }
  expect(counts.size).toBe(28)
  expect(unevenness([...counts.values()])).toBeLessThan(8)
})

test('any of so many is from nothing up to one less', () => {
  expect(new Set(Array.from({ length: 500 }, () => anyOf(4)))).toEqual(new Set([0, 1, 2, 3]))
  expect(anyOf(1)).toBe(0)
})
