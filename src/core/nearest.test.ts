import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const words = ['SMTP_URL', 'SMTP_CA_FILE', 'PORT', 'HOST', 'DATA_DIR', 'DATABASE_URL', 'serve']

test.for([
  ['SMPT_URL', 'SMTP_URL'],
  ['SMTP_URI', 'SMTP_URL'],
  ['DATABSE_URL', 'DATABASE_URL'],
  ['PROT', 'PORT'],
  ['sevre', 'serve'],
] as const)('%s was probably meant to be %s', ([written, meant]) => {
  expect(nearest(written, words)).toBe(meant)
})

test.for(['PATH', 'HOME', 'fly', 'DATABASE_HOST', '', 'PORT'])('%s is no slip of any word', (written) => {
  expect(nearest(written, words)).toBeUndefined()
})

test('two letters that are swapped, or one too few, are found in any long word', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{7,15}$/), fc.nat(13), (word, at) => {
      const left = `${word.slice(0, at)}${word.slice(at + 1)}`
      const swapped = `${word.slice(0, at)}${word[at + 1] ?? ''}${word[at] ?? ''}${word.slice(at + 2)}`
      for (const written of [left, swapped]) {
        if (written !== word && written.length > 6) expect(nearest(written, [word])).toBe(word)
      }
    }),
  )
})
