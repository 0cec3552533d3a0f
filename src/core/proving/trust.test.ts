import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openLockoutModel, type StrangersAct, strangersAct } from '../../../test/support/lockout-model.ts'
import { isTrusted, sendPools, type Trust } from './trust.ts'

const owner: Trust[] = [
  { level: 'session', sessionId: 'own session' },
  { level: 'known_browser', accountId: 'owner' },
]
const ownAct = fc.record({
  by: fc.constantFrom(...owner),
  does: fc.constantFrom('send' as const, 'code' as const, 'password' as const),
})
const history = fc.array(
  fc.record({
    wait: fc.nat(3_600_000),
    act: fc.oneof({ weight: 4, arbitrary: strangersAct }, { weight: 1, arbitrary: ownAct }),
  }),
  { minLength: 5, maxLength: 120 },
)
const isOwn = (act: StrangersAct | { by: Trust }): act is { by: Trust; does: 'send' | 'code' | 'password' } =>
  isTrusted(act.by)

describe('levels of trust', () => {
  test('no act of a stranger makes an act of the owner’s session or known browser refused', () => {
    fc.assert(
      fc.property(history, (acts) => {
        const [among, alone] = [openLockoutModel(), openLockoutModel()]
        let now = 0
        for (const { wait, act } of acts) {
          now += wait
          if (!isOwn(act)) among.strangerActs(act, now)
          else expect(among.ownerActs(act, now)).toBe(alone.ownerActs(act, now))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('strangers without the password take nothing from who has it in a new browser', () => {
    const acts = fc.array(fc.record({ wait: fc.nat(600_000), act: strangersAct }), { maxLength: 150 })
    fc.assert(
      fc.property(acts, (all) => {
        const model = openLockoutModel()
        let now = 0
        for (const { wait, act } of all) {
          now += wait
          if (act.by.level === 'stranger' && act.by.stage === 'before the password') {
            model.strangerActs(act, now)
          }
        }
        const past: Trust = { level: 'stranger', stage: 'past the password', of: 'owner' }
        expect(model.ownerActs({ by: past, does: 'send' }, now)).toBe(true)
        expect(model.ownerActs({ by: past, does: 'code' }, now)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('a network’s limits hold against strangers only, a browser’s own against everybody', () => {
    const origin = { browser: 'b', host: 'h', network: 'n' }
    const to = { kind: 'email', address: 'ana@example.org' } as const
    for (const trust of owner) {
      expect(sendPools(trust, to, origin).origin.map(({ kind }) => kind)).toEqual(['browser'])
    }
    const stranger: Trust = { level: 'stranger', stage: 'past the password', of: 'owner' }
    expect(sendPools(stranger, to, origin).origin.map(({ kind }) => kind)).toEqual([
      'browser',
      'ip',
      'network',
    ])
  })
})
