import { randomInt } from 'node:crypto'
import { recoveryAlphabet, recoveryLength } from '../core/security-info/recovery-code.ts'
import { sha256 } from './digest.ts'
import type { Keyring } from './keyring.ts'

export const newRecoveryCode = (): string =>
  Array.from({ length: recoveryLength }, () => recoveryAlphabet[randomInt(recoveryAlphabet.length)]).join('')

/**
 * A recovery code that a form makes: the same each time that form is sent, so that of a double click both answers show
 * the code that works. It holds 125 bits of a keyed hash, which nobody can tell without the ring.
 */
export function recoveryCodeOf(ring: Keyring, accountId: string, form: string): string {
  let bits = BigInt(`0x${ring.lookupHash('recovery code', accountId, form).toString('hex')}`)
  return Array.from({ length: recoveryLength }, () => {
    const letter = recoveryAlphabet[Number(bits & 31n)]
    bits >>= 5n
    return letter
  }).join('')
}

/** Not keyed: nobody guesses 125 random bits, and the code must outlive a key ring that is lost. */
export const hashRecoveryCode = (accountId: string, code: string): Buffer =>
  sha256(`recovery code ${accountId} ${code}`)
