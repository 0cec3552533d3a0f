import ipaddr from 'ipaddr.js'

/**
 * One address stands for its /64 where it is IPv6, since a household or a host owns that many; its network is the /48,
 * or the /24 of an IPv4 address. An IPv4 address written as IPv6 is the same address.
 */
export function networksOf(ip: string): { host: string; network: string } {
  const address = ipaddr.process(ip)
  const bytes = address.toByteArray()
  const prefix = (bits: number) => `${Buffer.from(bytes.slice(0, bits / 8)).toString('hex')}/${bits}`
  return address.kind() === 'ipv4'
    ? { host: prefix(32), network: prefix(24) }
    : { host: prefix(64), network: prefix(48) }
}

/** That network as people write it, such as 203.0.113.0/24. */
export function networkText(ip: string): string {
  const address = ipaddr.process(ip)
  return address.kind() === 'ipv4'
    ? `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/24`)}/24`
    : `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/48`)}/48`
}
