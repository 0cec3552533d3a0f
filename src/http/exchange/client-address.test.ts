import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { expect, test } from 'vitest'
import { openClientAddress } from './client-address.ts'

const ipv4 = fc.ipV4().map((text) => ipaddr.process(text).toString())
const ipv6 = fc
  .ipV6()
  .filter((text) => ipaddr.isValid(text))
  .map((text) => ipaddr.process(text).toString())
const address = fc.oneof(ipv4, ipv6)
const forwarded = fc.oneof(
  fc
    .array(fc.oneof(address, fc.string(), fc.constantFrom('unknown', '', '127.0.0.1', '10.0.0.1')), {
      maxLength: 6,
    })
    .map((hops) => hops.join(', ')),
  fc.string(),
)

test('without a listed proxy the address is that of the connection, whatever is forwarded', () => {
  const clientAddress = openClientAddress([])
  fc.assert(
    fc.property(address, forwarded, (peer, header) => {
      expect(clientAddress(peer, header)).toBe(peer)
      expect(clientAddress(peer, undefined)).toBe(peer)
    }),
  )
})

test('from elsewhere than a listed proxy, what is forwarded is believed by nobody', () => {
  const clientAddress = openClientAddress(['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'])
  const outside = address.filter((text) => !/^(10\.|192\.0\.2\.1$|2001:db8:)/.test(text))
  fc.assert(
    fc.property(outside, forwarded, (peer, header) => {
      expect(clientAddress(peer, header)).toBe(peer)
    }),
  )
})

test('behind listed proxies the last address that none of them has is the client, however many are forged before it', () => {
  const clientAddress = openClientAddress(['10.0.0.0/8', '192.0.2.1'])
  const proxy = fc.oneof(
    fc.constant('192.0.2.1'),
    fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((bytes) => `10.${bytes.join('.')}`),
  )
  const client = ipv4.filter((text) => !/^(10\.|192\.0\.2\.1$)/.test(text))
  fc.assert(
    fc.property(proxy, fc.array(proxy, { maxLength: 3 }), client, forwarded, (peer, hops, real, forged) => {
      expect(clientAddress(peer, [forged, real, ...hops].join(', '))).toBe(real)
    }),
  )
})

test('what is no address ends the reading: the proxy that said it is all that is known', () => {
  const clientAddress = openClientAddress(['192.0.2.1', '192.0.2.2'])
  for (const nonsense of [
    'unknown',
    '_hidden',
    '203.0.113.7:',
    '203.0.113:80',
    '[203.0.113.7]:80',
    '7',
    '<script>',
    '',
  ]) {
    expect(clientAddress('192.0.2.1', `198.51.100.9, ${nonsense}, 192.0.2.2`), nonsense).toBe('192.0.2.2')
  }
})

test('an address with its port, as some proxies write it, is that address', () => {
  const clientAddress = openClientAddress(['192.0.2.1', '192.0.2.2', '2001:db8:1::/48'])
  const port = fc.integer({ min: 0, max: 65535 })
  const free = (text: string) => !/^(192\.0\.2\.[12]$|2001:db8:1:)/.test(text)
  fc.assert(
    fc.property(address.filter(free), port, port, (client, one, other) => {
      const written = client.includes(':') ? `[${client}]` : client
      for (const hop of [written, `${written}:${one}`])
        for (const proxy of [`192.0.2.2:${other}`, `[2001:db8:1::7]:${other}`, '192.0.2.2'])
          expect(clientAddress('192.0.2.1', `203.0.113.7, ${hop}, ${proxy}`)).toBe(client)
    }),
  )
})

test('what a listed proxy writes that is no address is told; what anybody else writes is not', () => {
  const told: string[] = []
  const clientAddress = openClientAddress(['192.0.2.1'], (hop) => told.push(hop))
  clientAddress('192.0.2.1', 'unknown')
  clientAddress('192.0.2.1', 'nonsense, 198.51.100.9:80')
  clientAddress('192.0.2.1', '')
  clientAddress('192.0.2.1', undefined)
  clientAddress('203.0.113.7', 'nonsense')
  expect(told).toEqual(['unknown'])
})

test('an address of version 4 written as version 6 is the same address', () => {
  const clientAddress = openClientAddress(['192.0.2.1', '10.0.0.0/8'])
  expect(clientAddress('::ffff:192.0.2.1', '198.51.100.9')).toBe('198.51.100.9')
  expect(clientAddress('::ffff:10.1.2.3', '::ffff:198.51.100.9')).toBe('198.51.100.9')
  expect(clientAddress('::ffff:198.51.100.9', '203.0.113.1')).toBe('198.51.100.9')
})

test('a connection without an address is one of this machine', () => {
  expect(openClientAddress([])(undefined, '198.51.100.9')).toBe('127.0.0.1')
})
