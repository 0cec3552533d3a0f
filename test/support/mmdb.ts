import { parse } from 'ipaddr.js'

type Value = string | number | { [name: string]: Value } | Value[]

/** A place file with these networks (CIDR) in it, in the MaxMind DB format: 24-bit records, an IPv6 tree. */
export function mmdbOf(entries: Readonly<Record<string, Value>>): Buffer {
  type Node = [Child, Child]
  type Child = Node | { at: number } | undefined
  const root: Node = [undefined, undefined]
  const data: Buffer[] = []
  let length = 0
  for (const [network, value] of Object.entries(entries)) {
    const encoded = encode(value)
    const leaf = { at: length }
    data.push(encoded)
    length += encoded.length
    const bits = bitsOf(network)
    let node = root
    for (const bit of bits.slice(0, -1)) {
      const next = node[bit]
      const child: Node = Array.isArray(next) ? next : [undefined, undefined]
      node[bit] = child
      node = child
    }
    node[bits.at(-1) as 0 | 1] = leaf
  }
  const nodes: Node[] = [root]
  for (let index = 0; index < nodes.length; index += 1) {
    for (const child of nodes[index] ?? []) if (Array.isArray(child)) nodes.push(child)
  }
  const record = (child: Child): number => {
    if (child === undefined) return nodes.length
    return Array.isArray(child) ? nodes.indexOf(child) : nodes.length + 16 + child.at
  }
  const tree = Buffer.alloc(nodes.length * 6)
  for (const [index, node] of nodes.entries()) {
    tree.writeUIntBE(record(node[0]), index * 6, 3)
    tree.writeUIntBE(record(node[1]), index * 6 + 3, 3)
  }
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_780_000_000,
    database_type: 'Harbour-Places',
    description: { en: 'Places for tests' },
    ip_version: 6,
    languages: ['en'],
    node_count: nodes.length,
    record_size: 24,
  })
  const marker = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex')
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata])
}

/** An IPv4 network stands in an IPv6 tree under ::/96. */
function bitsOf(network: string): (0 | 1)[] {
  const [address = '', length = ''] = network.split('/')
  const bytes = parse(address).toByteArray()
  const all = bytes.length === 4 ? [...Array<number>(12).fill(0), ...bytes] : bytes
  const prefix = Number(length) + (bytes.length === 4 ? 96 : 0)
  return all
    .flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => ((byte >> bit) & 1) as 0 | 1))
    .slice(0, prefix)
}

/** Control byte and payload: strings (2), maps (7), unsigned integers (6), arrays (11, extended). */
function encode(value: Value): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return Buffer.concat([control(2, bytes.length), bytes])
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([control(6, 4), bytes])
  }
  if (Array.isArray(value)) {
    return Buffer.concat([Buffer.from([value.length, 11 - 7]), ...value.map(encode)])
  }
  const entries = Object.entries(value)
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([name, one]) => [encode(name), encode(one)]),
  ])
}

function control(type: number, size: number): Buffer {
  if (size < 29) return Buffer.from([(type << 5) | size])
  return Buffer.from([(type << 5) | 29, size - 29])
}
