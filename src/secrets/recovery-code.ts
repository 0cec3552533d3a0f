import { recoveryAlphabet, recoveryLength } from '../core/security-info/recovery-code.ts'
import { sha256 } from './digest.ts'
import type { Keyring } from './keyring.ts'

/**
 * A recovery code that a form makes: the same each time that form is sent, so that of a double click both answers show
 * the code that works. It holds 125 bits of a keyed hash, which nobody can tell without the ring.
 */
export const recoveryCodeOf = (ring: Keyring, accountId: string, form: string): string =>
  lettersOf(ring.lookupHash('recovery code', accountId, form))

/**
 * The recovery code that takes the place of one that is used in a flow: the same each time, so that whoever types the
 * used code there once more, since everything stopped before the next could be shown, gets to see it. In another flow it
 * would be another. Nobody can tell it without the ring, the flow and the used code, which is stored nowhere.
 */
export const recoveryCodeAfter = (ring: Keyring, accountId: string, flowId: string, used: string): string =>
  lettersOf(ring.lookupHash('next recovery code', accountId, flowId, used))

/** 125 bits of a hash. */
function lettersOf(hash: Buffer): string {
  let bits = BigInt(`0x${hash.toString('hex')}`)
  return Array.from({ length: recoveryLength }, () => {
    const letter = recoveryAlphabet[Number(bits & 31n)]
    bits >>= 5n
    return letter
  }).join('')
}

/** Not keyed: nobody guesses 125 random bits, and the code must outlive a key ring that is lost. */
export const hashRecoveryCode = (accountId: string, code: string): Buffer =>
  sha256(`recovery code ${accountId} ${code}`)
