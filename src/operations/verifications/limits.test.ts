import fc from 'fast-check'
import { expect, test } from 'vitest'
import { networksOf } from '../networks.ts'

test('an IPv4 address stands for itself and its /24', () => {
  expect(networksOf('203.0.113.7')).toEqual({ host: 'cb007107/32', network: 'cb0071/24' })
})

test('an IPv6 address stands for its /64 and its /48', () => {
  expect(networksOf('2001:db8:1:2:3:4:5:6')).toEqual({
    host: '20010db800010002/64',
    network: '20010db80001/48',
  })
})

test('an IPv4 address written as IPv6 is the same address', () => {
  fc.assert(
    fc.property(fc.ipV4(), (ip) => {
      const [a, b, c, d] = ip.split('.').map(Number) as [number, number, number, number]
      const hex = (high: number, low: number) => ((high << 8) | low).toString(16)
      for (const spelled of [`::ffff:${ip}`, `::ffff:${hex(a, b)}:${hex(c, d)}`, `0:0:0:0:0:FFFF:${ip}`]) {
        expect(networksOf(spelled)).toEqual(networksOf(ip))
      }
    }),
  )
})

test('two addresses share a host or network exactly where they share its bits', () => {
  const group = fc.integer({ min: 0, max: 3 })
  const address = fc
    .array(group, { minLength: 8, maxLength: 8 })
    .map((groups) => [0x2001, ...groups.slice(1)])
  const text = (groups: number[]) => groups.map((value) => value.toString(16)).join(':')
  fc.assert(
    fc.property(address, address, (one, other) => {
      const [a, b] = [networksOf(text(one)), networksOf(text(other))]
      expect(a.host === b.host).toBe(text(one.slice(0, 4)) === text(other.slice(0, 4)))
      expect(a.network === b.network).toBe(text(one.slice(0, 3)) === text(other.slice(0, 3)))
    }),
  )
})
