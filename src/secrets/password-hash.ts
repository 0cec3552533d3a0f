import { hash, verify } from '@node-rs/argon2'
import type { Password } from '../core/sign-in/password.ts'
import { type HashingPlace, openHashingLine } from './hashing-line.ts'

/** The package's name for it is a const enum, which cannot be imported one file at a time. */
const argon2id = 2

/** OWASP's second choice of parameters for argon2id: 19 MiB, two passes, one lane. */
const parameters = { algorithm: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** Hashing takes a core and 19 MiB for tens of milliseconds. */
const inLine = openHashingLine({ atOnce: 2, waiting: 200, waitingOfGroup: 4 })

export const hashPassword = (password: Password, place: HashingPlace): Promise<string> =>
  inLine(place, () => hash(password, parameters))

/** Whether a password is the right one. Without a hash (no such account) it takes the same time and is not. */
export async function isRightPassword(
  password: Password,
  stored: string | undefined,
  place: HashingPlace,
): Promise<boolean> {
  const right = await inLine(place, async () => verify(stored ?? (await decoy), password))
  return right && stored !== undefined
}

const decoy: Promise<string> = hash('no account has this password', parameters)
