import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dkimVerify } from 'mailauth'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/countersign.ts'
import { openRawSmtp, type RawSmtp } from '../support/raw-smtp.ts'
import { openRunningService } from '../support/running-service.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-mail-'))
let server: RawSmtp
beforeAll(async () => {
  server = await openRawSmtp()
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

/** The mail of a service that runs with these settings, as the mail server got it. */
async function mailOf(settings: Record<string, string>): Promise<string> {
  server.messages.length = 0
  const port = await freePort()
  const service = await openRunningService({
    PORT: String(port),
    SMTP_URL: `smtp://127.0.0.1:${server.port}`,
    MAIL_FROM: 'codes@app.test',
    PUBLIC_URL: 'https://account.app.test',
    ...settings,
  })
  try {
    const issued = await fetch(`http://127.0.0.1:${port}/v1/verifications`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${service.key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ to: { email: 'ana@example.org' } }),
    })
    expect(issued.status).toBe(201)
    await expect.poll(() => server.messages.length, { timeout: 10_000 }).toBe(1)
    return `${server.messages[0]}\r\n`
  } finally {
    await service.close()
  }
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed25519 = generateKeyPairSync('ed25519')
const bytesOf = (key: KeyObject) => key.export({ type: 'spki', format: 'der' })

test.each([
  ['RSA', rsa, `v=DKIM1; k=rsa; p=${bytesOf(rsa.publicKey).toString('base64')}`],
  [
    'Ed25519',
    ed25519,
    `v=DKIM1; k=ed25519; p=${bytesOf(ed25519.publicKey).subarray(-32).toString('base64')}`,
  ],
] as const)(
  'mail of a service with an %s key carries a signature that verifies',
  async (kind, keys, record) => {
    const file = join(folder, `${kind}.pem`)
    writeFileSync(file, keys.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const mail = await mailOf({ DKIM_SELECTOR: 's1', DKIM_KEY_FILE: file })
    const resolver = async () => [[record]]
    const { results } = await dkimVerify(Buffer.from(mail), { resolver } as Parameters<typeof dkimVerify>[1])
    expect(results.map(({ status, signingDomain }) => [status.result, signingDomain])).toEqual([
      ['pass', 'app.test'],
    ])
  },
)

test('a service calls itself by the host of its address, or by what is set', async () => {
  server.names.length = 0
  await mailOf({})
  await mailOf({ SMTP_EHLO_NAME: 'out.app.test' })
  expect([...new Set(server.names)]).toEqual(['account.app.test', 'out.app.test'])
})
