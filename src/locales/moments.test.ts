import { expect, test } from 'vitest'
import { formatMoment, formatTime } from './moments.ts'

const at = Date.UTC(2026, 10, 22, 22, 5)

test('a time is told with its zone, on the 24-hour clock', () => {
  expect(formatTime('en', at)).toBe('22:05 UTC')
  expect(formatTime('en', at, 'Europe/Berlin')).toBe('23:05 CET')
  expect(formatTime('ar', at)).toBe('22:05 UTC')
})

test('a date has its month in words', () => {
  expect(formatMoment('en', at)).toBe('22 November 2026 at 22:05 UTC')
  expect(formatMoment('ar', at)).toMatch(/^22 نوفمبر 2026 .*22:05/)
})

test('midnight is 00:00', () => {
  expect(formatTime('en', Date.UTC(2026, 0, 1))).toBe('00:00 UTC')
})

test('a zone that does not exist is told in UTC', () => {
  expect(formatTime('en', at, 'Mars/Olympus')).toBe('22:05 UTC')
  expect(formatTime('en', at, '')).toBe('22:05 UTC')
})
