import { expect, test } from 'vitest'
import { canonicalReference } from './message-reference.ts'

test.each(['k7f-2q', 'K7F-2Q', ' k7f 2q ', 'k7f2q', 'Ｋ７Ｆ－２Ｑ', 'k7f‑2q'])(
  '"%s" is the reference k7f-2q',
  (typed) => {
    expect(canonicalReference(typed)).toBe('k7f-2q')
  },
)

test.each(['', 'k7f', 'k7f-2qx', '🙂🙂🙂🙂🙂'])('"%s" is no reference', (typed) => {
  expect(canonicalReference(typed)).toBeUndefined()
})
