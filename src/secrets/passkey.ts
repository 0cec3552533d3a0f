import {
  type Assertion,
  type NewCredential,
  type Passkey,
  passkeyAlgorithms,
  type RelyingParty,
} from '../core/security-info/passkey.ts'
import type { Keyring } from './keyring.ts'
import { uuidOf } from './random.ts'

/**
 * The challenge of one form: nobody can tell it without the ring, and it works for no other form. Each form is worked off
 * once, and so is its challenge used once: nothing need be stored before something is proved.
 *
 * @param form what the form is for and nothing else is: a flow and its revision, or a browser and a random id
 */
export const passkeyChallenge = (ring: Keyring, ...form: string[]): string =>
  ring.lookupHash('passkey challenge', ...form).toString('base64url')

/** A user handle is the account's id: 16 bytes that say nothing of the person. */
export const userHandleOf = (accountId: string): string =>
  Buffer.from(accountId.replaceAll('-', ''), 'hex').toString('base64url')

/** The account that a user handle names; undefined where it is none of ours. */
export function accountOfHandle(handle: string | undefined): string | undefined {
  const bytes = Buffer.from(handle ?? '', 'base64url')
  return bytes.length === 16 ? uuidOf(bytes) : undefined
}

export const credentialIdOf = (credential: { id: string }): Buffer => Buffer.from(credential.id, 'base64url')

/** The library takes half a second to load, and most processes never need it. */
const library = () => import('@simplewebauthn/server')

/** A new passkey, where the browser's answer is one to this challenge, on our own page and not within another's. */
export async function openNewPasskey(
  credential: NewCredential,
  challenge: string,
  rp: RelyingParty,
): Promise<Passkey | undefined> {
  if (isWithinAnother(credential.response.clientDataJSON)) return undefined
  const { verifyRegistrationResponse } = await library()
  const verified = await verifyRegistrationResponse({
    response: { ...credential, response: plain(credential.response), clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    requireUserVerification: false,
    supportedAlgorithmIDs: [...passkeyAlgorithms],
  }).catch(() => undefined)
  if (!verified?.verified) return undefined
  const { credential: made, credentialDeviceType, credentialBackedUp } = verified.registrationInfo
  return {
    credentialId: Buffer.from(made.id, 'base64url'),
    publicKey: Buffer.from(made.publicKey),
    signCount: made.counter,
    transports: credential.response.transports,
    backupEligible: credentialDeviceType === 'multiDevice',
    backedUp: credentialBackedUp,
  }
}

/** What an assertion proved. `userVerified`: the authenticator knew its owner, by a finger, a face or a PIN. */
export type ProvedPasskey = { signCount: number; userVerified: boolean; backedUp: boolean }

/**
 * Judges an assertion by a stored passkey: signature, challenge, origin, relying party and that somebody was there. The
 * counter is left to the statement that stores it, which wins races.
 */
export async function judgeAssertion(
  assertion: Assertion,
  stored: Passkey,
  challenge: string,
  rp: RelyingParty,
): Promise<ProvedPasskey | undefined> {
  if (isWithinAnother(assertion.response.clientDataJSON)) return undefined
  const { verifyAuthenticationResponse } = await library()
  const { userHandle: _, ...response } = assertion.response
  const verified = await verifyAuthenticationResponse({
    response: { ...assertion, response, clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    requireUserVerification: false,
    credential: { id: assertion.id, publicKey: new Uint8Array(stored.publicKey), counter: 0 },
  }).catch(() => undefined)
  if (!verified?.verified) return undefined
  const { newCounter, userVerified, credentialBackedUp, credentialDeviceType } = verified.authenticationInfo
  // Whether a passkey may be kept in several places is decided when it is made (WebAuthn Level 3 §6.1.3).
  if ((credentialDeviceType === 'multiDevice') !== stored.backupEligible) return undefined
  return { signCount: newCounter, userVerified, backedUp: credentialBackedUp }
}

/** Within another site's frame nobody can tell what they agree to: never, whatever the browser allowed. */
function isWithinAnother(clientDataJSON: string): boolean {
  try {
    const { crossOrigin, topOrigin } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'))
    return (crossOrigin !== undefined && crossOrigin !== false) || topOrigin !== undefined
  } catch {
    return true
  }
}

/** What the library judges: how the browser reached the authenticator is not signed, so it is no part of that. */
const plain = ({ clientDataJSON, attestationObject }: NewCredential['response']) => ({
  clientDataJSON,
  attestationObject,
})
