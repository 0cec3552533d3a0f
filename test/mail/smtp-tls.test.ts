import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSmtp, type SmtpSettings } from '../../src/delivery/smtp.ts'
import { type Certificate, issueCertificate } from '../support/certificates.ts'
import { codeMail, sender, terms } from '../support/code-mails.ts'
import { openSmtpSink, type SmtpSink } from '../support/smtp-sink.ts'

/** A mail server that offers TLS with this certificate, on STARTTLS or from the first byte. */
const withTls = ({ key, cert }: Certificate, secure = false) =>
  openSmtpSink({ options: { key, cert, secure, disabledCommands: ['AUTH'] } })

const right = issueCertificate()
let plain: SmtpSink
let safe: SmtpSink
let safeFromStart: SmtpSink
let expired: { sink: SmtpSink; certificate: Certificate }
let otherName: { sink: SmtpSink; certificate: Certificate }

beforeAll(async () => {
  plain = await openSmtpSink()
  safe = await withTls(right)
  safeFromStart = await withTls(right, true)
  const old = issueCertificate({ from: new Date('2020-01-01'), until: new Date('2020-01-02') })
  expired = { certificate: old, sink: await withTls(old) }
  const other = issueCertificate({ names: 'DNS:mail.example.org' })
  otherName = { certificate: other, sink: await withTls(other) }
})
afterAll(async () => {
  for (const sink of [plain, safe, safeFromStart, expired.sink, otherName.sink]) await sink.close()
})

async function sendOver(url: string, settings: Partial<SmtpSettings>) {
  const smtp = openSmtp({ url, from: sender, ...settings })
  const outcome = await smtp.send(codeMail('ana@example.org'), terms())
  await smtp.close()
  return outcome
}

const refusedAsUnsafe = { result: 'deferred', cause: 'tls_failed' }

test('a server that does not offer STARTTLS gets nothing, where TLS is required', async () => {
  const outcome = await sendOver(`smtp://localhost:${plain.port}`, { requireTls: true })
  expect(outcome).toMatchObject(refusedAsUnsafe)
  expect(plain.recipients).toEqual([])
})

test('STARTTLS with a trusted certificate carries the mail', async () => {
  const outcome = await sendOver(`smtp://localhost:${safe.port}`, { requireTls: true, ca: right.cert })
  expect(outcome).toMatchObject({ result: 'accepted' })
})

test('TLS from the first byte carries the mail', async () => {
  const outcome = await sendOver(`smtps://localhost:${safeFromStart.port}`, { ca: right.cert })
  expect(outcome).toMatchObject({ result: 'accepted' })
})

test('a certificate that nobody vouches for gets nothing', async () => {
  const before = safe.recipients.length
  expect(await sendOver(`smtp://localhost:${safe.port}`, { requireTls: true })).toMatchObject(refusedAsUnsafe)
  expect(await sendOver(`smtps://localhost:${safeFromStart.port}`, {})).toMatchObject(refusedAsUnsafe)
  expect(safe.recipients).toHaveLength(before)
})

test('NODE_TLS_REJECT_UNAUTHORIZED=0 does not switch that off', async () => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  try {
    const outcome = await sendOver(`smtp://localhost:${safe.port}`, { requireTls: true })
    expect(outcome).toMatchObject(refusedAsUnsafe)
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  }
})

test('an expired certificate gets nothing, trusted or not', async () => {
  const { sink, certificate } = expired
  const outcome = await sendOver(`smtp://localhost:${sink.port}`, { requireTls: true, ca: certificate.cert })
  expect(outcome).toMatchObject({ ...refusedAsUnsafe, status: 'CERT_HAS_EXPIRED' })
  expect(sink.recipients).toEqual([])
})

test('a certificate for another name gets nothing', async () => {
  const { sink, certificate } = otherName
  const outcome = await sendOver(`smtp://localhost:${sink.port}`, { requireTls: true, ca: certificate.cert })
  expect(outcome).toMatchObject({ ...refusedAsUnsafe, status: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  expect(sink.recipients).toEqual([])
})
