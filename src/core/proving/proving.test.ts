import fc from 'fast-check'
import { expect, test } from 'vitest'
import { actAt, afterChoice, type Proving, type ProvingAct, type ProvingStep, proofActs } from './proving.ts'

const steps: ProvingStep[] = [
  'choose',
  'confirm',
  'code',
  'password',
  'totp',
  'passkey',
  'recovery_code',
  'new_recovery_code',
]
const formActs = [...steps, 'back', 'other', 'resend', 'saved', 'decide', '__proto__', 'toString', '']
const replacement = { proof: { kind: 'recovery_code' as const, at: 1 }, sealedCode: 'x' }
const state = fc.record<Proving>({
  step: fc.constantFrom(...steps),
  itemId: fc.constantFrom('item', undefined),
  verificationId: fc.constantFrom('verification', undefined),
  replacement: fc.constantFrom(replacement, undefined),
})
const act = fc.oneof(fc.constantFrom(...formActs), fc.string())

test('a form asks only for what belongs to the step that its flow is at', () => {
  fc.assert(
    fc.property(state, act, (flow, asked) => {
      const found = actAt(flow, asked)
      if (found === undefined) return
      expect(found).toBe(asked)
      expect(actAt({ ...flow, step: 'password' }, asked) ?? 'password').toMatch(/^(password|other)$/)
    }),
  )
})

test('a proof is taken at its own step alone, and of something that was chosen', () => {
  fc.assert(
    fc.property(state, act, (flow, asked) => {
      const found = actAt(flow, asked)
      if (found === undefined || !proofActs.has(found)) return
      expect(found).toBe(flow.step)
      if (found === 'code') expect(flow.verificationId).toBeDefined()
      else if (found !== 'password') expect(flow.itemId).toBeDefined()
    }),
  )
})

test('nothing is proved without a proof, and after a recovery code not before the new one is saved', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), fc.boolean(), (asked, right) => {
      let flow: Proving = { step: 'choose' }
      let proofs = 0
      for (const one of asked) {
        const found = actAt(flow, one)
        if (found === undefined) continue
        const { next, proved } = moved(flow, found, right)
        if (proofActs.has(found) && right) proofs += 1
        if (proved) {
          expect(proofs).toBeGreaterThan(0)
          if (flow.step === 'new_recovery_code') expect(found).toBe('saved')
          expect(found).not.toBe('recovery_code')
          return
        }
        flow = next
      }
    }),
  )
})

/** One act of the machine, as the engine carries it out: every choice is of a contact, an app, a passkey or a code. */
function moved(flow: Proving, found: ProvingAct, right: boolean): { next: Proving; proved: boolean } {
  const stays = { next: flow, proved: false }
  if (found === 'choose') {
    const step = afterChoice({ kind: 'recovery_code' }, right)
    return {
      next: step === 'send' ? { step: 'code', verificationId: 'v' } : { step, itemId: 'i' },
      proved: false,
    }
  }
  if (found === 'other') return { next: { ...flow, step: 'choose' }, proved: false }
  if (found === 'confirm') return { next: { ...flow, step: 'code', verificationId: 'v' }, proved: false }
  if (found === 'saved') return { next: flow, proved: true }
  if (!proofActs.has(found) || !right) return stays
  if (found === 'recovery_code') return { next: { step: 'new_recovery_code', replacement }, proved: false }
  return { next: flow, proved: true }
}

test('every other step leads back to the choice, but where a new recovery code is to be saved', () => {
  for (const step of steps) {
    const flow: Proving = { step, itemId: 'i', verificationId: 'v', replacement }
    const leads = step !== 'choose' && step !== 'new_recovery_code'
    expect(actAt(flow, 'other') === 'other').toBe(leads)
  }
})

test('a code goes at once to a chosen contact, unless its hidden part must be typed first', () => {
  for (const kind of ['email', 'phone'] as const) {
    expect(afterChoice({ kind }, false)).toBe('send')
    expect(afterChoice({ kind }, true)).toBe('confirm')
  }
  for (const kind of ['totp', 'passkey', 'recovery_code'] as const) {
    for (const mustType of [true, false]) expect(afterChoice({ kind }, mustType)).toBe(kind)
  }
  expect(afterChoice('password', true)).toBe('password')
})
