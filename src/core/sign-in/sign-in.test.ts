import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Proof } from '../proving/proof.ts'
import { afterPassword, afterSecond, type SignIn } from './sign-in.ts'

const signIn = (changes: Partial<SignIn> = {}): SignIn => ({
  kind: 'sign_in',
  step: 'account_password',
  username: 'ana@example.org',
  accountId: undefined,
  guarded: false,
  passwordAt: undefined,
  second: undefined,
  twoStep: false,
  trust: false,
  keep: false,
  returnTo: undefined,
  ...changes,
})
const moment = fc.option(fc.nat(), { nil: undefined })

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
          passwordAt === undefined ? 'account_password' : 'done',
        )
      }),
    )
  })
})
