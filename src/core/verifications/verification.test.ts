import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultPolicy } from '../policy.ts'
import { minutes, seconds } from '../time.ts'
import { decideResend, refusalWhenEnded, resendAt, stateAt, type Verification } from './verification.ts'

const policy = defaultPolicy.code
const createdAt = 1_000_000_000

const verifications: fc.Arbitrary<Verification> = fc
  .record({
    state: fc.constantFrom('pending', 'approved', 'exhausted', 'cancelled'),
    sends: fc.integer({ min: 1, max: 5 }),
    attempts: fc.nat(5),
    lastSentAfter: fc.nat(minutes(10)),
    endedAfter: fc.nat(minutes(10)),
  })
  .map(({ state, sends, attempts, lastSentAfter, endedAfter }) => ({
    id: '00000000-0000-4000-8000-000000000000',
    state,
    purpose: 'verification',
    channel: 'email',
    destination: 'ana@example.org',
    codeLength: 6,
    locale: 'en',
    reference: undefined,
    createdAt,
    expiresAt: createdAt + minutes(10),
    endedAt: state === 'pending' ? undefined : createdAt + endedAfter,
    attempts,
    attemptsAllowed: 5,
    sends,
    lastSentAt: createdAt + lastSentAfter,
  }))
/** Any, and those where something turns. */
const moments = fc.oneof(
  fc.integer({ min: createdAt - minutes(60), max: createdAt + minutes(60) }),
  fc
    .tuple(fc.constantFrom(0, minutes(6), minutes(10)), fc.constantFrom(-1, 0, 1))
    .map(([after, beside]) => createdAt + after + beside),
)

describe('the state of a verification', () => {
  test('is what is stored, and expired only where it was pending and its time is over', () => {
    fc.assert(
      fc.property(verifications, moments, (verification, now) => {
        const expired = verification.state === 'pending' && now >= verification.expiresAt
        expect(stateAt(verification, now)).toBe(expired ? 'expired' : verification.state)
      }),
    )
  })

  test('has a reason for every one but pending', () => {
    fc.assert(
      fc.property(verifications, moments, (verification, now) => {
        const pending = stateAt(verification, now) === 'pending'
        expect(refusalWhenEnded(verification, now) === undefined).toBe(pending)
      }),
    )
  })
})

describe('sending again', () => {
  test('is allowed from the moment that was told, and not a millisecond before', () => {
    fc.assert(
      fc.property(verifications, moments, (verification, now) => {
        const at = resendAt(verification, policy, now)
        const decision = decideResend(verification, policy, now)
        if (at === undefined) {
          expect(decision.ok).toBe(false)
          return
        }
        expect(decision.ok).toBe(now >= at)
        expect(decideResend(verification, policy, at - 1).ok).toBe(false)
        if (at < verification.expiresAt) expect(decideResend(verification, policy, at).ok).toBe(true)
        if (!decision.ok)
          expect(decision.refusal).toEqual({ code: 'resend_too_soon', retryAt: at, judgedAt: now })
      }),
    )
  })

  test('waits 30, 60 and 120 seconds, and is over after four sends', () => {
    fc.assert(
      fc.property(verifications, (verification) => {
        const at = resendAt({ ...verification, state: 'pending' }, policy, createdAt)
        const gap = [30, 60, 120][verification.sends - 1]
        expect(at).toBe(gap === undefined ? undefined : verification.lastSentAt + seconds(gap))
      }),
    )
  })

  test('never happens on what has ended', () => {
    fc.assert(
      fc.property(verifications, moments, (verification, now) => {
        if (stateAt(verification, now) === 'pending') return
        expect(resendAt(verification, policy, now)).toBeUndefined()
        expect(decideResend(verification, policy, now)).toMatchObject({
          ok: false,
          refusal: refusalWhenEnded(verification, now),
        })
      }),
    )
  })

  test('repeats the code while four minutes are left, and makes a new one with less', () => {
    fc.assert(
      fc.property(verifications, moments, (verification, now) => {
        const decision = decideResend(verification, policy, now)
        if (!decision.ok) return
        const left = verification.expiresAt - now
        expect(decision.value).toEqual(
          left >= minutes(4) ? { repeat: 'same_code' } : { repeat: 'new_code', expiresAt: now + minutes(10) },
        )
      }),
    )
  })

  test('keeps to a policy that has fewer gaps than sends: the last gap goes on', () => {
    const patient = { ...policy, sends: 9, resendGaps: [seconds(10), seconds(20)] }
    fc.assert(
      fc.property(verifications, (verification) => {
        const at = resendAt({ ...verification, state: 'pending' }, patient, createdAt)
        expect(at).toBe(verification.lastSentAt + seconds(verification.sends === 1 ? 10 : 20))
      }),
    )
  })
})
