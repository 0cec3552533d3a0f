import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto'
import { publicUrl } from './world.ts'

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()
const base64Url = (data: Buffer | string): string => Buffer.from(data).toString('base64url')

/** What an answer says of itself. By default what an honest browser and authenticator say on our own page. */
export type Said = {
  origin?: string
  rpId?: string
  type?: string
  crossOrigin?: boolean
  topOrigin?: string
  /** Whether somebody touched it, and whether it knew its owner by a finger, a face or a PIN. */
  present?: boolean
  verified?: boolean
  counter?: number
  userHandle?: string | undefined
  /** Whether the passkey may be kept in several places, and is. */
  eligible?: boolean
  backedUp?: boolean
}

type CreationOptions = { challenge: string; user: { id: string } }

/** A passkey as an authenticator keeps it, in text. */
export type SavedPasskey = { id: string; privateKey: string; counter: number; handle?: string | undefined }

/**
 * An authenticator as WebAuthn Level 3 has it, with the browser around it: one ES256 passkey, new or saved before, which
 * says what it is told to.
 */
export function newAuthenticator(saved?: SavedPasskey) {
  const privateKey =
    saved === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      : createPrivateKey(saved.privateKey)
  const { x = '', y = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  const id = saved === undefined ? randomBytes(32) : Buffer.from(saved.id, 'base64url')
  let counter = saved?.counter ?? 0
  let handle = saved?.handle

  const clientData = (type: string, challenge: string, said: Said): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: said.type ?? type,
        challenge,
        origin: said.origin ?? publicUrl,
        crossOrigin: said.crossOrigin ?? false,
        topOrigin: said.topOrigin,
      }),
    )
  const authenticatorData = (said: Said, attested?: Buffer): Buffer => {
    const flags =
      ((said.present ?? true) ? 1 : 0) |
      ((said.verified ?? true) ? 4 : 0) |
      (said.eligible ? 8 : 0) |
      (said.backedUp ? 16 : 0) |
      (attested ? 64 : 0)
    const count = Buffer.alloc(4)
    count.writeUInt32BE(said.counter ?? counter)
    const head = [sha256(said.rpId ?? new URL(publicUrl).hostname), Buffer.from([flags]), count]
    return Buffer.concat([...head, attested ?? Buffer.alloc(0)])
  }
  /** COSE: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}. */
  const coseKey = Buffer.concat([
    Buffer.from('a5010203262001215820', 'hex'),
    Buffer.from(x, 'base64url'),
    Buffer.from('225820', 'hex'),
    Buffer.from(y, 'base64url'),
  ])

  return {
    id: base64Url(id),
    publicKey: coseKey,
    save: (): SavedPasskey => ({
      id: base64Url(id),
      privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
      counter,
      handle,
    }),
    /** What the browser sends once a passkey has been made. */
    create(options: CreationOptions, said: Said = {}): string {
      handle = options.user.id
      const length = Buffer.alloc(2)
      length.writeUInt16BE(id.length)
      const attested = Buffer.concat([Buffer.alloc(16), length, id, coseKey])
      const data = authenticatorData(said, attested)
      // CBOR: {"fmt": "none", "attStmt": {}, "authData": data}
      const size = Buffer.alloc(2)
      size.writeUInt16BE(data.length)
      const object = Buffer.concat([
        Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746159', 'hex'),
        size,
        data,
      ])
      return JSON.stringify({
        id: base64Url(id),
        rawId: base64Url(id),
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64Url(clientData('webauthn.create', options.challenge, said)),
          attestationObject: base64Url(object),
          transports: ['usb', 'nfc', 'telepathy'],
        },
      })
    },
    /** What the browser sends once the passkey has been proved. It counts up by itself, unless it is told otherwise. */
    get(options: { challenge: string }, said: Said = {}): string {
      if (said.counter === undefined) counter += 1
      const client = clientData('webauthn.get', options.challenge, said)
      const data = authenticatorData(said)
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey)
      return JSON.stringify({
        id: base64Url(id),
        rawId: base64Url(id),
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64Url(client),
          authenticatorData: base64Url(data),
          signature: base64Url(signature),
          userHandle: 'userHandle' in said ? said.userHandle : handle,
        },
      })
    },
  }
}

export type TestAuthenticator = ReturnType<typeof newAuthenticator>
