import ipaddr from 'ipaddr.js'

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

/**
 * Finds the address a request comes from. `X-Forwarded-For` is read from its end, and only as far as each hop is a
 * proxy that the operator has listed: what stands before that, anybody could have written.
 */
export function openClientAddress(trustedProxies: readonly string[]) {
  const trusted: Network[] = trustedProxies.map((text) =>
    text.includes('/')
      ? ipaddr.parseCIDR(text)
      : [ipaddr.process(text), ipaddr.process(text).kind() === 'ipv4' ? 32 : 128],
  )
  const isTrusted = (address: ipaddr.IPv4 | ipaddr.IPv6) =>
    trusted.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))

  return function clientAddress(peer: string | undefined, forwardedFor: string | undefined): string {
    let client = ipaddr.isValid(peer ?? '') ? ipaddr.process(peer ?? '') : ipaddr.process('127.0.0.1')
    const hops = (forwardedFor ?? '').split(',').map((hop) => hop.trim())
    while (isTrusted(client) && hops.length > 0) {
      const hop = hops.pop() ?? ''
      if (!ipaddr.isValid(hop)) break
      client = ipaddr.process(hop)
    }
    return client.toString()
  }
}
