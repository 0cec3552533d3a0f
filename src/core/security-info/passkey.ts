/** WebAuthn Level 3 §5.1: the service as an authenticator knows it. `origin` is its PUBLIC_URL. */
export type RelyingParty = { id: string; name: string; origin: string }

/** The host alone: a passkey works at every port and path of it, and at no other name. */
export const relyingPartyOf = (publicUrl: string, name: string): RelyingParty => {
  const { hostname, origin } = new URL(publicUrl)
  return { id: hostname, name, origin }
}

export type CredentialName = { id: string; transports: readonly string[] }

/**
 * EdDSA, ES256, RS256, in order of preference: what authenticators in use can do (IANA COSE algorithms). Said wherever the
 * library takes such a list: its own depends on the Node it runs on, and a passkey must work on every one of ours.
 */
export const passkeyAlgorithms: readonly number[] = [-8, -7, -257]

/**
 * What a browser is asked to make a passkey with (PublicKeyCredentialCreationOptionsJSON). Discoverable, so that it
 * signs in by itself, where the authenticator can: a security key without a PIN can't, and is a second proof all the
 * same. No attestation: which make of authenticator it is concerns nobody.
 *
 * @param userHandle the account's id as bytes, base64url: it says nothing of the person
 */
export const creationOptions = (given: {
  rp: RelyingParty
  challenge: string
  userHandle: string
  username: string
  exclude: readonly CredentialName[]
}) => ({
  rp: { id: given.rp.id, name: given.rp.name },
  user: { id: given.userHandle, name: given.username, displayName: given.username },
  challenge: given.challenge,
  pubKeyCredParams: passkeyAlgorithms.map((alg) => ({ type: 'public-key', alg })),
  excludeCredentials: given.exclude.map(descriptor),
  authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
  attestation: 'none',
  extensions: { credProps: true },
})

/**
 * What a browser is asked to prove a passkey with (PublicKeyCredentialRequestOptionsJSON). With no passkey named, the
 * authenticator says which of its own it is.
 *
 * @param verified whether the authenticator must know its owner, because nothing else is proved
 */
export const requestOptions = (given: {
  rp: RelyingParty
  challenge: string
  allow: readonly CredentialName[]
  verified: boolean
}) => ({
  rpId: given.rp.id,
  challenge: given.challenge,
  allowCredentials: given.allow.map(descriptor),
  userVerification: given.verified ? 'required' : 'preferred',
})

const descriptor = ({ id, transports }: CredentialName) => ({ type: 'public-key', id, transports })

/** RegistrationResponseJSON, as far as it is read. */
export type NewCredential = {
  id: string
  rawId: string
  type: 'public-key'
  response: { clientDataJSON: string; attestationObject: string; transports: string[] }
}

/** AuthenticationResponseJSON, as far as it is read. */
export type Assertion = {
  id: string
  rawId: string
  type: 'public-key'
  response: {
    clientDataJSON: string
    authenticatorData: string
    signature: string
    userHandle: string | undefined
  }
}

/** The transports that WebAuthn Level 3 names; a browser may send others, which are left out. */
const transports = new Set(['ble', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'])

/** Reads what a browser made; undefined where it is no such thing. */
export function parseNewCredential(text: string): NewCredential | undefined {
  const { id, rawId, type, response } = fieldsOf(text)
  const { clientDataJSON, attestationObject, transports: ways } = objectOf(response)
  if (type !== 'public-key' || !isId(id) || id !== rawId) return undefined
  if (!isBase64Url(clientDataJSON) || !isBase64Url(attestationObject)) return undefined
  const known = Array.isArray(ways) ? [...new Set(ways)].filter((way) => transports.has(way)) : []
  return { id, rawId, type, response: { clientDataJSON, attestationObject, transports: known } }
}

/** Reads what a browser proved; undefined where it is no such thing. */
export function parseAssertion(text: string): Assertion | undefined {
  const { id, rawId, type, response } = fieldsOf(text)
  const { clientDataJSON, authenticatorData, signature, userHandle } = objectOf(response)
  if (type !== 'public-key' || !isId(id) || id !== rawId) return undefined
  if (!isBase64Url(clientDataJSON) || !isBase64Url(authenticatorData) || !isBase64Url(signature))
    return undefined
  const handle = isBase64Url(userHandle) ? userHandle : undefined
  return { id, rawId, type, response: { clientDataJSON, authenticatorData, signature, userHandle: handle } }
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return {}
  }
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const isBase64Url = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_-]+$/.test(value)

/** WebAuthn Level 3 §4: an id has at most 1,023 bytes. */
const isId = (value: unknown): value is string => isBase64Url(value) && value.length <= 1364

/** A passkey as it is stored. `publicKey` is a COSE key, `signCount` what its authenticator last counted. */
export type Passkey = {
  credentialId: Buffer
  publicKey: Buffer
  signCount: number
  transports: string[]
  backupEligible: boolean
  backedUp: boolean
}
