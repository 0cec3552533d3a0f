import { expect, test } from 'vitest'
import { openWarnings } from './warn-once.ts'

test('what comes with every request is told once, with the setting to look at', () => {
  const told: [object, string][] = []
  const warnOnce = openWarnings((about, text) => told.push([about, text]))
  for (let times = 0; times < 3; times += 1) warnOnce('TRUSTED_PROXIES', `hop ${times}`, 'No address.')
  warnOnce('PUBLIC_URL', 'x'.repeat(5000), 'Another host.')
  warnOnce('PUBLIC_URL', undefined, 'Another origin.')
  expect(told).toEqual([
    [{ setting: 'TRUSTED_PROXIES', seen: 'hop 0' }, 'No address.'],
    [{ setting: 'PUBLIC_URL', seen: 'x'.repeat(100) }, 'Another host.'],
    [{ setting: 'PUBLIC_URL', seen: undefined }, 'Another origin.'],
  ])
})
