import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Address, type Email, hintOf, parseEmail } from '../address.ts'
import {
  afterPassword,
  afterSecond,
  completedHint,
  completesHint,
  mayBeTold,
  type SignIn,
  type SignUp,
} from './flow.ts'
import type { Proof } from './session.ts'

const signIn = (changes: Partial<SignIn> = {}): SignIn => ({
  kind: 'sign_in',
  step: 'password',
  username: 'ana@example.org',
  accountId: undefined,
  guarded: false,
  passwordAt: undefined,
  second: undefined,
  twoStep: false,
  trust: false,
  itemId: undefined,
  typedItemId: undefined,
  verificationId: undefined,
  sealedCode: undefined,
  keep: false,
  returnTo: undefined,
  ...changes,
})
const email = fc
  .tuple(fc.stringMatching(/^[a-z0-9]{1,12}(\.[a-z0-9]{1,8})?$/), fc.domain())
  .map(([local, domain]) => `${local}@${domain}`.toLowerCase())
  .filter((text) => parseEmail(text).ok)
const moment = fc.option(fc.nat(), { nil: undefined })

describe('completing a hint', () => {
  test('takes the whole address or the part before the @, in any case, with anything unseen around', () => {
    fc.assert(
      fc.property(email, fc.constantFrom('', ' ', '\t', '  ', '\u2068', '\u200b'), (address, space) => {
        const at = address.lastIndexOf('@')
        for (const typed of [address, address.toUpperCase(), address.slice(0, at)]) {
          expect(completesHint(address, space + typed + space)).toBe(true)
        }
      }),
    )
  })

  test('takes nothing else', () => {
    fc.assert(
      fc.property(
        email,
        fc.oneof(email, fc.string(), fc.constantFrom('', '@', '*', '%', '.*')),
        (address, typed) => {
          const meant = typed.trim().toLowerCase()
          const isRight = meant === address || meant === address.slice(0, address.lastIndexOf('@'))
          expect(completesHint(address, typed)).toBe(isRight)
        },
      ),
    )
    expect(completesHint('ana@example.org', 'an')).toBe(false)
    expect(completesHint('ana@example.org', 'an••••@example.org')).toBe(false)
    expect(completesHint('ana@example.org', '@example.org')).toBe(false)
    expect(completesHint('+447400123456', '56')).toBe(false)
    expect(completesHint('+447400123456', '\u202a+44 7400 123456\u202c')).toBe(true)
    expect(completesHint('+447400123456', '')).toBe(false)
  })

  test('means the same address whether it is the right one or not', () => {
    fc.assert(
      fc.property(email, email, fc.boolean(), (address, other, whole) => {
        const hint = hintOf({ kind: 'email', email: address as Email } satisfies Address)
        const typed = (text: string) => (whole ? text : text.slice(0, text.lastIndexOf('@')))
        expect(completedHint(hint, typed(address))).toBe(address)
        expect(completedHint(hint, typed(other))).toBe(
          whole ? other : typed(other) + address.slice(address.lastIndexOf('@')),
        )
        expect(completedHint(hint, typed(other)) === address).toBe(completesHint(address, typed(other)))
      }),
    )
  })
})

describe('a sign-in', () => {
  const second = fc.option(fc.constant<Proof>({ kind: 'email_code', at: 1 }), { nil: undefined })

  test('is over after the password where the browser is known or a proof came first; with two-step, where it is trusted', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), fc.boolean(), second, (known, trusted, twoStep, proof) => {
        const isOver = proof !== undefined || (twoStep ? trusted : known)
        const flow = signIn({ second: proof })
        expect(afterPassword(flow, { known, trusted }, twoStep)).toBe(isOver ? 'done' : 'choose')
      }),
    )
  })

  test('is over after the second proof where the password came first, and nowhere else', () => {
    fc.assert(
      fc.property(moment, fc.boolean(), (passwordAt, guarded) => {
        expect(afterSecond(signIn({ passwordAt, guarded }))).toBe(
          passwordAt === undefined ? 'password' : 'done',
        )
      }),
    )
  })
})

test('what became of a message is told past the password, and to whoever typed the address', () => {
  const signUp: SignUp = {
    kind: 'sign_up',
    step: 'code',
    email: 'ana@example.org' as Email,
    invitation: undefined,
    returnTo: undefined,
    verificationId: 'x',
    taken: true,
  }
  expect(mayBeTold(signUp)).toBe(true)
  expect(mayBeTold({ ...signUp, taken: false })).toBe(true)
  expect(mayBeTold(signIn())).toBe(false)
  expect(mayBeTold(signIn({ second: { kind: 'email_code', at: 1 }, accountId: 'x' }))).toBe(false)
  expect(mayBeTold(signIn({ passwordAt: 0 }))).toBe(true)
})
