import { expect, test } from 'vitest'
import { longestPasted, readPasted } from './read-pasted.ts'

const nested = (deep: number) => `${'['.repeat(deep)}${']'.repeat(deep)}`

test('a document that is nested as deep as fits is read', () => {
  const text = `{"code":"code_wrong","errors":${nested(2000)}}`
  expect(text.length).toBeLessThan(longestPasted)
  expect(readPasted(text)).toMatchObject({ code: 'code_wrong', said: [{ name: 'errors' }] })
})

test('of 4,096 characters all are read, and of more none', () => {
  const text = 'code_wrong; attempts_left=4'
  expect(readPasted(text.padEnd(longestPasted))).toEqual({
    code: 'code_wrong',
    said: [{ name: 'attempts_left', value: '4' }],
  })
  expect(readPasted(text.padEnd(longestPasted + 1))).toBe('long')
  expect(readPasted(`{"code":"code_wrong","errors":${nested(5000)}}`)).toBe('long')
})

test('braces that hold no document, and text without a code, are told apart from nothing', () => {
  for (const text of ['{', '}', '}{', '{}', '{"code":1}', 'code', '{"code":"__proto__"}'])
    expect(readPasted(text)).toBe('unknown')
  for (const text of ['', ' \n']) expect(readPasted(text)).toBe('empty')
})
