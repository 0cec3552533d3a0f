import { expect, test } from 'vitest'
import { mmdbOf } from '../test/support/mmdb.ts'
import { openPlaces } from './places.ts'

const places = openPlaces(
  mmdbOf({
    '203.0.113.0/24': { city: { names: { en: 'Lisbon', ja: 'リスボン' } }, country: { iso_code: 'PT' } },
    '198.51.100.0/25': { country: { iso_code: 'JP' } },
    '198.51.100.128/25': { registered_country: { iso_code: 'EG' } },
    '2001:db8:7::/48': { city: { names: { de: 'Wien' } }, country: { iso_code: 'AT' } },
    '192.0.2.0/24': { country: { iso_code: '<b>' }, traits: { a: 'b' } },
  }),
)

test('a place is told in the language of its reader, as far as the file has it', () => {
  expect(places('203.0.113.9', 'en')).toBe('Lisbon, Portugal')
  expect(places('203.0.113.9', 'ja')).toBe('リスボン、ポルトガル')
  expect(places('203.0.113.9', 'ar')).toBe('Lisbon، البرتغال')
  expect(places('198.51.100.1', 'en')).toBe('Japan')
  expect(places('198.51.100.200', 'en')).toBe('Egypt')
  expect(places('2001:db8:7:1::9', 'en')).toBe('Austria')
})

test('of an address that the file does not know, or knows nothing of, no place is told', () => {
  expect(places('10.0.0.1', 'en')).toBeUndefined()
  expect(places('2001:db8:8::1', 'en')).toBeUndefined()
  expect(places('192.0.2.1', 'en')).toBeUndefined()
})

test('a file that is no place file is refused at once', () => {
  expect(() => openPlaces(Buffer.from('not a place file'))).toThrow()
})
