import ipaddr from 'ipaddr.js'

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

/**
 * Finds the address a request comes from. `X-Forwarded-For` is read from its end, and only as far as each hop is a
 * proxy that the operator has listed: what stands before that, anybody could have written.
 *
 * @param onUnreadable a listed proxy has written something that is no address: whoever comes through it counts as one
 */
export function openClientAddress(
  trustedProxies: readonly string[],
  onUnreadable: (hop: string) => void = () => {},
) {
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
      const address = addressOf(hop)
      if (address === undefined) {
        if (hop !== '') onUnreadable(hop)
        break
      }
      client = address
    }
    return client.toString()
  }
}

const withPort = /^(?:\[([0-9a-f:.]+)\]|(\d+(?:\.\d+){3}))(?::\d{1,5})?$/i

/** A hop's address; some proxies write its port too, as `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function addressOf(hop: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const [, version6, version4] = withPort.exec(hop) ?? []
  const text = version6 ?? version4 ?? hop
  const is4 = version6 === undefined && ipaddr.IPv4.isValidFourPartDecimal(text)
  const isAddress = is4 || ipaddr.IPv6.isValid(text)
  return isAddress ? ipaddr.process(text) : undefined
}
