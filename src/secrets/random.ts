import { randomFillSync, randomInt } from 'node:crypto'
import type { CodeLength } from '../core/verifications/code.ts'

/** A code of so many digits, each of the 10^length equally likely; leading zeros are kept. */
export const newCode = (length: CodeLength): string =>
  randomInt(0, 10 ** length)
    .toString()
    .padStart(length, '0')

/** An id that nobody can guess: all 128 bits are random (a version 4 uuid has 122; ASVS 11.5.1 asks for 128). */
export const newId = (): string => uuidOf(bytesDrawnAhead(16))

/**
 * An id of something that is written down as it happens (RFC 9562, version 7): rows of one moment lie side by side in
 * their index, and order by id is order in time. It tells when it was made, and is no secret.
 */
export const newTimeId = (now: number = Date.now()): string => timeIdOf(bytesDrawnAhead(16), now)

/** The lowest id of that form of a moment: what was written down before has a lower one. */
export const firstTimeId = (at: number): string => timeIdOf(Buffer.alloc(16), at)

/** When such an id was made; undefined for an id of any other form. */
export function timeOf(id: string): number | undefined {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
  return (bytes[6] ?? 0) >> 4 === 7 ? bytes.readUIntBE(0, 6) : undefined
}

function timeIdOf(bytes: Buffer, at: number): string {
  bytes.writeUIntBE(at, 0, 6)
  bytes[6] = 0x70 | (Number(bytes[6]) & 0x0f)
  bytes[8] = 0x80 | (Number(bytes[8]) & 0x3f)
  return uuidOf(bytes)
}

const ahead = Buffer.alloc(4096)
let spent = ahead.length

/**
 * Random bytes for ids and nonces, of those drawn ahead as `crypto.randomUUID` does: drawing for each one took a fifth of
 * the time that the service itself spends on a request (docs/performance.md). The buffer is used again, so read them at
 * once. Keys and secrets are drawn where they are made.
 */
export function bytesDrawnAhead(count: number): Buffer {
  if (spent + count > ahead.length) {
    randomFillSync(ahead)
    spent = 0
  }
  spent += count
  return ahead.subarray(spent - count, spent)
}

/** 128 bits in the text form that PostgreSQL's `uuid` reads and writes. */
export function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

// Without what is taken for something else: i, l and 1, o and 0, u and v; of q, g and 9 only one.
const referenceAlphabet = '2345678abcdefhjkmnpqrstvwxyz'

/**
 * A short word that stands both in a message and on the page that waits for it, such as `k7f-2q`. Not a secret. In small
 * letters: junk filters take capitals for shouting where a subject has no other letters of either case (SUBJ_ALL_CAPS).
 */
export function newReference(): string {
  let letters = ''
  while (letters.length < 5) {
    const [byte = 0] = bytesDrawnAhead(1)
    // The bytes above the last whole alphabet would favour its first letters.
    if (byte < 252) letters += referenceAlphabet[byte % referenceAlphabet.length]
  }
  return `${letters.slice(0, 3)}-${letters.slice(3)}`
}

/** A whole number from 0 up to, not including, `count`. */
export const anyOf = (count: number): number => randomInt(count)
