import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProofKind } from '../proving/proof.ts'
import { strengthOf } from './strength.ts'

const all: ProofKind[] = [
  'password',
  'email_code',
  'text_code',
  'totp',
  'passkey',
  'passkey_touch',
  'recovery_code',
]
const kinds = fc.subarray(all)
const of = (some: readonly ProofKind[]) => strengthOf(some.map((kind) => ({ kind })))

test('a password and a code by mail are one factor: never mfa', () => {
  expect(of(['password', 'email_code'])).toEqual({
    acr: 'aal1',
    amr: ['pwd'],
    phishingResistant: false,
    restricted: false,
  })
})

test('mail and recovery codes add nothing to whatever they stand beside', () => {
  fc.assert(
    fc.property(kinds, (some) => {
      const without = some.filter((kind) => kind !== 'email_code' && kind !== 'recovery_code')
      const { acr, amr, phishingResistant } = of(some)
      expect({ acr, amr, phishingResistant }).toEqual({
        acr: of(without).acr,
        amr: of(without).amr,
        phishingResistant: of(without).phishingResistant,
      })
    }),
  )
})

test('a passkey whose device knew its owner is two factors and phishing-resistant, alone and beside anything', () => {
  fc.assert(
    fc.property(kinds, (some) => {
      expect(of([...some, 'passkey'])).toMatchObject({
        acr: 'aal2',
        phishingResistant: true,
        restricted: false,
      })
    }),
  )
})

test('one that was only touched is one factor: two with the password, and none without', () => {
  expect(of(['passkey_touch'])).toMatchObject({ acr: 'aal1', amr: ['pop'], phishingResistant: true })
  expect(of(['password', 'passkey_touch'])).toMatchObject({ acr: 'aal2', phishingResistant: true })
})

test('what rests on a text is marked as that, and said to be by text', () => {
  expect(of(['password', 'text_code'])).toEqual({
    acr: 'aal2',
    amr: ['pwd', 'otp', 'sms', 'mfa'],
    phishingResistant: false,
    restricted: true,
  })
  fc.assert(
    fc.property(kinds, (some) => {
      expect(of(some).amr.includes('sms')).toBe(some.includes('text_code'))
    }),
  )
  expect(of(['password', 'text_code', 'totp']).restricted).toBe(false)
})

test('mfa stands there exactly where two factors were proved, and no more proofs make it weaker', () => {
  fc.assert(
    fc.property(kinds, fc.constantFrom(...all), (some, more) => {
      const [before, after] = [of(some), of([...some, more])]
      expect(before.amr.includes('mfa')).toBe(before.acr === 'aal2')
      expect(after.acr >= before.acr).toBe(true)
      expect(after.phishingResistant || !before.phishingResistant).toBe(true)
    }),
  )
})

test('possession twice is one factor: an app and a text are no two', () => {
  expect(of(['totp', 'text_code']).acr).toBe('aal1')
})
