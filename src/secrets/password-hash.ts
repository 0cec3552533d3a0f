import { hash, verify } from '@node-rs/argon2'
import type { Password } from '../core/sign-in/password.ts'

/** The package's name for it is a const enum, which cannot be imported one file at a time. */
const argon2id = 2

/** OWASP's second choice of parameters for argon2id: 19 MiB, two passes, one lane. */
const parameters = { algorithm: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** Hashing takes a core and 19 MiB for tens of milliseconds: this many at once, or other requests would wait for it. */
const mostAtOnce = 2
const mostWaiting = 200

/** More sign-ins than can be worked off: the caller answers 503 instead of letting everybody wait. */
export class HashingBusy extends Error {}

export const hashPassword = (password: Password): Promise<string> =>
  withKeyedMutex(() => hash(password, parameters))

/** Whether a password is the right one. Without a hash (no such account) it takes the same time and is not. */
export async function isRightPassword(password: Password, stored: string | undefined): Promise<boolean> {
  const right = await withKeyedMutex(async () => verify(stored ?? (await decoy), password))
  return right && stored !== undefined
}

const decoy: Promise<string> = hash('no account has this password', parameters)

let running = 0
const waiting: (() => void)[] = []

async function withKeyedMutex<Value>(work: () => Promise<Value>): Promise<Value> {
  if (running >= mostAtOnce) {
    if (waiting.length >= mostWaiting) throw new HashingBusy('Too many passwords are being checked.')
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else running += 1
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
}
