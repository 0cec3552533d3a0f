import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { TryTerms } from '../../src/delivery/provider.ts'
import { openSmtp, type SmtpSettings } from '../../src/delivery/smtp.ts'
import { codeMail, sender, terms } from '../support/code-mails.ts'
import { openRawSmtp, type RawSmtp } from '../support/raw-smtp.ts'

// Servers are slow by the limits of a try, which these tests make short: 1.5 s stand for 15.
const tryLimit = 1500

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

async function server(reply: Parameters<typeof openRawSmtp>[0]): Promise<RawSmtp> {
  const raw = await openRawSmtp(reply)
  open.push(raw)
  return raw
}

const smtpTo = ({ port }: RawSmtp, settings: Partial<SmtpSettings> = {}) =>
  openSmtp({ url: `smtp://127.0.0.1:${port}`, from: sender, tryLimit, ...settings })

/** Terms that note what the try told of itself. */
function noting(changes: Partial<TryTerms> = {}) {
  const steps: string[] = []
  return { steps, terms: { ...terms(), onProgress: (step: string) => void steps.push(step), ...changes } }
}

const lost = { result: 'unknown', cause: 'no_answer', by: '127.0.0.1' }

test('a yes that comes long after the last byte is a yes, and there is one copy', async () => {
  const raw = await server(async ({ said }, usually) => {
    if (said === 'END') await sleep(1.2 * tryLimit)
    return usually
  })
  const noted = noting()
  const outcome = await smtpTo(raw).send(codeMail('ana@example.org'), noted.terms)
  expect(outcome).toMatchObject({ result: 'accepted', response: '250 2.0.0 queued' })
  expect(noted.steps).toEqual(['handed_over', 'slow', 'waiting'])
  expect(raw.messages).toHaveLength(1)
})

test('a server that cuts the line after the last byte leaves the end unknown', async () => {
  const raw = await server(({ said }, usually) => (said === 'END' ? 'cut' : usually))
  expect(await smtpTo(raw).send(codeMail('ana@example.org'), terms())).toMatchObject(lost)
})

test('a server that cuts the line before the last byte has got nothing', async () => {
  const raw = await server(({ said }, usually) => (said === 'DATA' ? 'cut' : usually))
  expect(await smtpTo(raw).send(codeMail('ana@example.org'), terms())).toMatchObject({
    result: 'deferred',
    cause: 'connection_failed',
  })
})

test('an answer that never comes is waited for until its time is over, and the end is unknown', async () => {
  const raw = await server(({ said }, usually) => (said === 'END' ? undefined : usually))
  const began = Date.now()
  const noted = noting({ answerBy: began + 1.2 * tryLimit })
  expect(await smtpTo(raw).send(codeMail('ana@example.org'), noted.terms)).toMatchObject(lost)
  expect(Date.now() - began).toBeGreaterThanOrEqual(1.2 * tryLimit - 1)
  expect(noted.steps).toContain('waiting')
})

test('a no after the last byte is a no, also where the server then hangs up', async () => {
  const raw = await server(({ said }, usually) =>
    said === 'END' ? '421 4.3.0 no room, good night' : usually,
  )
  expect(await smtpTo(raw).send(codeMail('ana@example.org'), terms())).toMatchObject({
    result: 'deferred',
    cause: 'provider_unavailable',
  })
})

test('a server that greets late is left by the first try and waited for by the next, without a place', async () => {
  const raw = await server(async ({ said }, usually) => {
    if (said === 'CALL') await sleep(tryLimit)
    return usually
  })
  const smtp = smtpTo(raw)
  const mail = codeMail('ana@example.org')
  expect(await smtp.send(mail, terms())).toMatchObject({ result: 'deferred', cause: 'connection_failed' })
  const noted = noting({ isFirst: false })
  expect(await smtp.send(mail, noted.terms)).toMatchObject({ result: 'accepted' })
  expect(noted.steps).toEqual(['waiting', 'handed_over'])
})

test('a server that keeps a recipient waiting is slow, and left at the limit of the try', async () => {
  const raw = await server(({ said }, usually) => (said === 'RCPT' ? undefined : usually))
  const noted = noting()
  expect(await smtpTo(raw).send(codeMail('ana@example.org'), noted.terms)).toMatchObject({
    result: 'deferred',
    status: 'ETIMEDOUT',
  })
  expect(noted.steps).toEqual(['slow'])
})

test('of too many that only wait, the one that has waited longest is given up', async () => {
  const raw = await server(({ said }, usually) => (said === 'END' ? undefined : usually))
  const smtp = smtpTo(raw, { maxConnections: 1 })
  const first = smtp.send(codeMail('first@example.org'), terms())
  await expect.poll(() => raw.messages.length).toBe(1)
  const others = Array.from({ length: 8 }, (_, n) =>
    smtp.send(codeMail(`p${n}@example.org`), { ...terms(), answerBy: Date.now() + 1.2 * tryLimit }),
  )
  expect(await first).toMatchObject(lost)
  await Promise.all(others)
})

test.each([
  ['421', '421 4.4.2 idle for too long'],
  ['451 4.4.2', '451 4.4.2 Timeout waiting for data from client'],
  ['a closed line', 'cut'],
])('an idle connection that was given up costs no deferral: %s at the next command', async (_, goodbye) => {
  const raw = await server(({ said, call, mail }, usually) =>
    said === 'MAIL' && call === 1 && mail === 2 ? goodbye : usually,
  )
  const smtp = smtpTo(raw)
  await smtp.send(codeMail('ana@example.org'), terms())
  expect(await smtp.send(codeMail('ben@example.org'), terms())).toMatchObject({ result: 'accepted' })
  expect(raw.calls()).toBe(2)
})

test('an idle connection that went dead without a word costs no deferral either', async () => {
  const raw = await server(({ call, mail }, usually) => (call === 1 && mail === 2 ? undefined : usually))
  const smtp = smtpTo(raw)
  await smtp.send(codeMail('ana@example.org'), terms())
  expect(await smtp.send(codeMail('ben@example.org'), terms())).toMatchObject({ result: 'accepted' })
  expect(raw.calls()).toBe(2)
})

test('a fresh connection that says the same is deferred, not tried without end', async () => {
  const raw = await server(({ said }, usually) => (said === 'MAIL' ? '451 4.4.2 Timeout' : usually))
  expect(await smtpTo(raw).send(codeMail('ana@example.org'), terms())).toMatchObject({ result: 'deferred' })
  expect(raw.calls()).toBe(1)
})

test('EHLO says the name that is set', async () => {
  const raw = await server(undefined)
  await smtpTo(raw, { ehloName: 'account.example.com' }).send(codeMail('ana@example.org'), terms())
  expect(raw.names).toEqual(['account.example.com'])
})
