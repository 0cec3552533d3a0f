import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { dkimVerify } from 'mailauth'
import { describe, expect, test } from 'vitest'
import { dkimSignature, readDkimKey } from './dkim.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed25519 = generateKeyPairSync('ed25519')
const pemOf = (key: KeyObject, more: object = {}) =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem', ...more }) as string

/** A key whose public half belongs to another: OpenSSL reads it, and nobody can verify what it signs. */
function halvesOfTwoKeys(): KeyObject {
  const one = rsa.privateKey.export({ format: 'jwk' })
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  return createPrivateKey({ key: { ...one, n: other.n! }, format: 'jwk' })
}

describe('a DKIM key', () => {
  test.each([
    ['RSA', pemOf(rsa.privateKey)],
    ['RSA in PKCS #1', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string],
    ['RSA with Windows line ends', pemOf(rsa.privateKey).replaceAll('\n', '\r\n')],
    ['RSA of 1,024 bits', pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)],
    ['Ed25519', pemOf(ed25519.privateKey)],
  ])('%s can sign', (_, pem) => {
    expect(readDkimKey(pem)).toMatchObject({ ok: true })
  })

  test.each([
    ['an empty file', '\n', 'not a private key'],
    ['no key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'not a private key'],
    ['the public key', pemOf(rsa.publicKey), 'a public key'],
    [
      'a key behind a passphrase',
      pemOf(rsa.privateKey, { cipher: 'aes-256-cbc', passphrase: 'x' }),
      'behind a passphrase',
    ],
    ['P-256', pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey), 'of kind ec'],
    ['RSA of 768 bits', pemOf(generateKeyPairSync('rsa', { modulusLength: 768 }).privateKey), '768 bits'],
    ['RSA-PSS', pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey), 'of kind rsa-pss'],
    ['halves of two keys', pemOf(halvesOfTwoKeys()), 'do not verify'],
  ])('%s is refused with what it is', (_, pem, problem) => {
    expect(readDkimKey(pem)).toMatchObject({ ok: false, problem: expect.stringContaining(problem) })
  })
})

const keys = { rsa, ed25519 }
const records = {
  rsa: `v=DKIM1; k=rsa; p=${rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`,
  // The record holds the 32 bytes alone, without what an SPKI puts before them (RFC 8463 §4.2).
  ed25519: `v=DKIM1; k=ed25519; p=${ed25519.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`,
}

/** What another implementation says of the signature. */
async function verdict(mail: string, kind: keyof typeof keys): Promise<string | undefined> {
  const resolver = async () => [[records[kind]]]
  const { results } = await dkimVerify(Buffer.from(mail, 'latin1'), { resolver } as Parameters<
    typeof dkimVerify
  >[1])
  return results[0]?.status.result
}

const head = [
  'From: Harbour <codes@app.test>',
  'To: ana@example.org',
  'Subject: Your  code\r\n for \t Harbour ',
  'Date: Sun, 22 Nov 2026 10:42:03 +0000',
  'Message-ID: <1@app.test>',
  'MIME-Version: 1.0',
].join('\r\n')
const signed = (mail: string, kind: keyof typeof keys) =>
  dkimSignature(Buffer.from(mail, 'latin1'), {
    domain: 'app.test',
    selector: 's1',
    key: keys[kind].privateKey,
  }) + mail

describe.each(['rsa', 'ed25519'] as const)('a signature by %s', (kind) => {
  test('verifies over any body, whatever its ends of lines and of itself', async () => {
    const piece = fc.constantFrom(
      'x',
      ' ',
      '\t',
      '\r\n',
      '.',
      '\r\n.\r\n',
      '\r\n\r\n',
      '=20',
      '\u00e9',
      ' \r\n',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        expect(await verdict(signed(`${head}\r\n\r\n${pieces.join('')}`, kind), kind)).toBe('pass')
      }),
      { numRuns: 60 },
    )
  })

  test('survives another Message-ID and Date, as a large relay sets them', async () => {
    const mail = signed(`${head}\r\n\r\nbody\r\n`, kind)
    expect(
      await verdict(mail.replace('<1@app.test>', '<2@relay.test>').replace('10:42', '10:43'), kind),
    ).toBe('pass')
  })

  test.each([
    ['another body', (mail: string) => mail.replace('body', 'other')],
    ['another subject', (mail: string) => mail.replace('Your', 'My')],
    ['a second From', (mail: string) => mail.replace('To:', 'From: eve@evil.test\r\nTo:')],
    ['a second Subject', (mail: string) => mail.replace('To:', 'Subject: other\r\nTo:')],
  ])('breaks by %s', async (_, change) => {
    expect(await verdict(change(signed(`${head}\r\n\r\nbody\r\n`, kind)), kind)).not.toBe('pass')
  })
})
