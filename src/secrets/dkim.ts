import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

/** With what mail is signed, and under which name its public half stands in DNS. */
export type DkimSigner = { domain: string; selector: string; key: KeyObject }

/** Verifiers must not accept less (RFC 8301 §3.2). */
const leastRsaBits = 1024

/**
 * Reads a private key and tries it: whatever can't sign, or whose signatures don't verify, is found when the service
 * starts and not by the receivers of its mail.
 *
 * @returns the problem as the rest of a sentence that begins with the setting's name
 */
export function readDkimKey(pem: string): { ok: true; key: KeyObject } | { ok: false; problem: string } {
  const fail = (problem: string) => ({ ok: false as const, problem })
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (fault) {
    return fail(problemOf(pem, fault as NodeJS.ErrnoException))
  }
  const kind = key.asymmetricKeyType
  if (kind !== 'rsa' && kind !== 'ed25519') return fail(`is a key of kind ${kind}: DKIM has RSA and Ed25519`)
  const bits = key.asymmetricKeyDetails?.modulusLength ?? leastRsaBits
  if (bits < leastRsaBits) {
    return fail(`has ${bits} bits: receivers accept no RSA key under ${leastRsaBits}, and 2048 are usual`)
  }
  return signatureVerifies(key) ? { ok: true, key } : fail('makes signatures that do not verify')
}

function problemOf(pem: string, fault: NodeJS.ErrnoException): string {
  if (fault.code === 'ERR_MISSING_PASSPHRASE' || pem.includes('ENCRYPTED')) {
    return 'is behind a passphrase, which there is no setting for: write it without (openssl pkey -in … -out …)'
  }
  if (/-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) {
    return 'is a public key, which belongs into DNS: name the private one'
  }
  return 'is not a private key in PEM'
}

function signatureVerifies(key: KeyObject): boolean {
  try {
    const text = Buffer.from('dkim-signature:v=1')
    return verify(digestFor(key), text, createPublicKey(key), sign(digestFor(key), text, key))
  } catch {
    return false
  }
}

/** Ed25519 brings its own digest. */
const digestFor = (key: KeyObject) => (key.asymmetricKeyType === 'rsa' ? 'sha256' : null)

/**
 * Header fields that the signature covers, and of the first three also that there is no second one. Date and
 * Message-ID are left out: a large relay replaces both, and with them every signature over them.
 */
const coveredFields = ['from', 'to', 'subject', 'reply-to', 'mime-version', 'content-type', 'auto-submitted']
const onlyOnce = ['from', 'to', 'subject']

/**
 * The DKIM-Signature header field of a whole message (RFC 6376, RFC 8463), with its line end. Lines of the message end
 * with CRLF.
 */
export function dkimSignature(mail: Buffer, { domain, selector, key }: DkimSigner): string {
  const text = mail.toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  const fields = fieldsOf(end < 0 ? text : text.slice(0, end))
  const names = coveredFields.filter((name) => fields.has(name))
  const bodyHash = sha256(relaxedBody(end < 0 ? '' : text.slice(end + 4))).toString('base64')
  const algorithm = key.asymmetricKeyType === 'rsa' ? 'rsa-sha256' : 'ed25519-sha256'
  const unsigned = [
    `DKIM-Signature: v=1; a=${algorithm}; c=relaxed/relaxed; d=${domain}; s=${selector}`,
    `h=${[...names, ...onlyOnce].join(':')}`,
    `bh=${bodyHash}`,
    'b=',
  ].join(';\r\n ')
  const covered = names.map((name) => `${relaxedField(fields.get(name)!)}\r\n`).join('')
  const input = Buffer.from(covered + relaxedField(unsigned), 'latin1')
  // RFC 8463 §3: Ed25519 signs the SHA-256 of it.
  const signature = sign(digestFor(key), key.asymmetricKeyType === 'rsa' ? input : sha256(input), key)
  return `${unsigned}${signature.toString('base64').replace(/.{72}(?=.)/g, '$&\r\n ')}\r\n`
}

const sha256 = (data: string | Buffer): Buffer =>
  createHash('sha256')
    .update(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
    .digest()

/** Of several fields of one name the last counts (RFC 6376 §5.4.2). */
function fieldsOf(header: string): Map<string, string> {
  const fields = header.split(/\r\n(?![ \t])/)
  return new Map(fields.map((field) => [nameOf(field), field]))
}

const nameOf = (field: string): string => field.slice(0, field.indexOf(':')).trim().toLowerCase()

/** RFC 6376 §3.4.2. */
const relaxedField = (field: string): string =>
  `${nameOf(field)}:${field
    .slice(field.indexOf(':') + 1)
    .replaceAll('\r\n', '')
    .replace(/[ \t]+/g, ' ')
    .trim()}`

/** RFC 6376 §3.4.4. */
function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  while (lines.at(-1) === '') lines.pop()
  return lines.map((line) => `${line}\r\n`).join('')
}
