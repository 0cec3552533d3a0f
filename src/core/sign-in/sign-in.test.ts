import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterPassword } from './sign-in.ts'

test('a known browser is let in after the password; with two-step, only a trusted one', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), fc.boolean(), (known, trusted, twoStep) => {
      const isOver = twoStep ? trusted : known
      expect(afterPassword({ known, trusted }, twoStep)).toBe(isOver ? 'done' : 'choose')
    }),
  )
})
