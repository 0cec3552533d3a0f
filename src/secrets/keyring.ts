import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { type Duration, hours, type Instant, minutes } from '../core/time.ts'
import { bytesDrawnAhead } from './random.ts'

/**
 * The keys that guard codes. Each ring key gives two by HKDF (RFC 5869): one to hash codes, one to seal them.
 *
 *     current --rotate--> retiring (reads what it wrote) --11 minutes--> dead for codes --25 hours--> forgotten
 *
 * A code lives ten minutes, so a key that stopped being current eleven minutes ago guards no code that still works;
 * the built-in inbox keeps sealed messages for a day, so keys are kept to open those.
 */
export type Keyring = {
  /** The key that new codes are hashed and sealed with. */
  readonly current: RingKey
  /** Every key that may still guard a living code, the current one first. */
  forCodes(now: Instant): readonly RingKey[]
  find(id: string): RingKey | undefined
  /** A keyed hash that never changes with rotation: for limit keys and ids that must be found again. */
  lookupHash(label: string, ...parts: string[]): Buffer
  /**
   * Seals what is kept for years, such as the seeds of authenticator apps. It stays as the keys of codes rotate: those
   * are forgotten after a day (docs/decisions/0015).
   */
  readonly lasting: Sealer
}

export type Sealer = {
  /** AES-256-GCM; `bound` is authenticated with it, so that a sealed text moved to another row does not open. */
  seal(text: string, bound: string): Buffer
  open(sealed: Buffer, bound: string): string
}

export type RingKey = Sealer & {
  id: string
  /** HMAC-SHA-256(id of the verification ‖ code): what the database compares is a hash of this and the row's own words. */
  codeMac(verificationId: string, code: string): Buffer
}

/** The ring as it is kept in its file. `retiredAt` is when another key became current. */
export type KeyringRecord = {
  version: 1
  lookup: string
  keys: { id: string; secret: string; createdAt: Instant; retiredAt?: Instant }[]
}

/** A ring as a file holds it; undefined where the text is none, or a ring without a key. */
export function parseKeyringRecord(value: unknown): KeyringRecord | undefined {
  if (!isObject(value) || value.version !== 1 || !isSecret(value.lookup) || !Array.isArray(value.keys)) {
    return undefined
  }
  const areKeys = value.keys.every(
    (key) =>
      isObject(key) &&
      typeof key.id === 'string' &&
      isSecret(key.secret) &&
      typeof key.createdAt === 'number',
  )
  return areKeys && value.keys.length > 0 ? (value as KeyringRecord) : undefined
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** 256 bits. */
const isSecret = (text: unknown): boolean =>
  typeof text === 'string' && Buffer.from(text, 'base64').length === 32

/** Longer than a code's lifetime (ten minutes at most) by a minute, for a process whose clock lags. */
const codeGrace: Duration = minutes(11)
const forgottenAfter: Duration = hours(25)

export function newKeyringRecord(now: Instant): KeyringRecord {
  return { version: 1, lookup: randomBytes(32).toString('base64'), keys: [newKeyRecord(now)] }
}

/** Puts a new key first and drops those that nothing can need any more. */
export function rotated(record: KeyringRecord, now: Instant): KeyringRecord {
  const keys = record.keys
    .map((key) => ({ ...key, retiredAt: key.retiredAt ?? now }))
    .filter((key) => now - key.retiredAt < forgottenAfter)
  return { ...record, keys: [newKeyRecord(now), ...keys] }
}

const newKeyRecord = (now: Instant) => ({
  id: randomBytes(6).toString('base64url'),
  secret: randomBytes(32).toString('base64'),
  createdAt: now,
})

export function openKeyring(record: KeyringRecord): Keyring {
  const keys = record.keys.map((key) => ({ retiredAt: key.retiredAt, ring: openKey(key.id, key.secret) }))
  const byId = new Map(keys.map(({ ring }) => [ring.id, ring]))
  const lookup = createSecretKey(Buffer.from(record.lookup, 'base64'))
  const current = keys[0]?.ring
  if (current === undefined) throw new Error('The key ring has no key.')
  return {
    current,
    lasting: sealerWith(derived(record.lookup, 'lasting seal')),
    forCodes: (now) =>
      keys
        .filter((key) => key.retiredAt === undefined || now - key.retiredAt < codeGrace)
        .map((key) => key.ring),
    find: (id) => byId.get(id),
    lookupHash: (label, ...parts) =>
      createHmac('sha256', lookup)
        .update(framed(label, ...parts))
        .digest(),
  }
}

function openKey(id: string, secret: string): RingKey {
  const macKey = derived(secret, 'code mac')
  return {
    id,
    codeMac: (verificationId, code) =>
      createHmac('sha256', macKey).update(framed(verificationId, code)).digest(),
    ...sealerWith(derived(secret, 'seal')),
  }
}

const derived = (secret: string, purpose: string): KeyObject =>
  createSecretKey(
    Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64'), '', `countersign ${purpose}`, 32)),
  )

function sealerWith(sealKey: KeyObject): Sealer {
  return {
    seal(text, bound) {
      const nonce = bytesDrawnAhead(12)
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(Buffer.from(bound))
      return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, bound) {
      const decipher = createDecipheriv('aes-256-gcm', sealKey, sealed.subarray(0, 12))
      decipher.setAAD(Buffer.from(bound)).setAuthTag(sealed.subarray(-16))
      return decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}

/** Parts joined so that no two different lists give the same text: none of them may hold the separator. */
function framed(...parts: string[]): string {
  if (parts.some((part) => part.includes('\x1f'))) throw new Error('A hashed part holds the separator.')
  return parts.join('\x1f')
}
