import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** `csk_<id>_<secret>`: the id finds the row, the secret (256 random bits) is kept only as a hash. */
export type NewApiKey = { id: string; text: string; hash: Buffer }

const shape = /^csk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

export function newApiKey(): NewApiKey {
  const id = randomBytes(8).toString('hex')
  const secret = randomBytes(32).toString('base64url')
  return { id, text: `csk_${id}_${secret}`, hash: hashOf(secret) }
}

export function parseApiKey(text: string): { id: string; hash: Buffer } | undefined {
  const match = shape.exec(text)
  return match ? { id: match[1] as string, hash: hashOf(match[2] as string) } : undefined
}

export const sameHash = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

/** A secret of 256 random bits needs no slow hash: there is nothing to guess (NIST SP 800-63B-4 §3.1.2). */
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()
