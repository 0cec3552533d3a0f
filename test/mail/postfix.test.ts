import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dkimVerify } from 'mailauth'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSmtp } from '../../src/delivery/smtp.ts'
import { issueCertificate } from '../support/certificates.ts'
import { codeMail, sender, terms } from '../support/code-mails.ts'
import { openPostfix, type Postfix } from '../support/postfix.ts'
import { requirement } from '../support/requirements.ts'

const binary = requirement('postfix')
const opendkim = requirement('opendkim')

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicKey = keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
const record = `v=DKIM1; k=rsa; p=${publicKey}`

describe.skipIf(binary === undefined)('a real Postfix', () => {
  const certificate = issueCertificate()
  let postfix: Postfix
  let provider: ReturnType<typeof openSmtp>

  beforeAll(async () => {
    postfix = await openPostfix(binary!, {
      users: ['alice', 'bob'],
      certificate,
      answers: {
        'busy@dest.test': '451 4.7.1 Greylisted, come back in a minute',
        'full@dest.test': '452 4.2.2 Mailbox full',
        'gone@dest.test': '550 5.1.1 No such user here',
        'spam@dest.test': '554 5.7.1 Message for spam@dest.test looks like spam (code 483921)',
      },
    })
    provider = openSmtp({
      url: `smtp://127.0.0.1:${postfix.port}`,
      from: sender,
      envelopeFrom: 'bounces@app.test',
      dkim: { domain: 'app.test', selector: 's1', key: keys.privateKey },
    })
  })
  afterAll(async () => {
    await provider?.close()
    postfix?.close()
  })

  const delivered = async (user: string): Promise<string> => {
    await expect
      .poll(() => postfix.mailbox(user).length, { timeout: 10_000, interval: 20 })
      .toBeGreaterThan(0)
    return postfix.mailbox(user)[0]!
  }

  test('takes a code mail and lays it into the mailbox as it was written', async () => {
    const mail = codeMail('alice@dest.test')
    const outcome = await provider.send(mail, terms())
    expect(outcome).toMatchObject({ result: 'accepted', by: '127.0.0.1' })
    const read = await simpleParser(await delivered('alice'))
    expect(read.subject).toBe(mail.subject)
    expect(read.messageId).toBe(mail.messageId)
    expect(read.text).toContain('483 921')
    expect(read.html).toBe(mail.html)
    expect(read.from?.value).toEqual([sender])
    expect(read.headers.get('auto-submitted')).toBe('auto-generated')
    expect(read.headers.get('content-language')).toBe('en')
    expect(read.headers.has('list-unsubscribe')).toBe(false)
    expect(read.headers.has('x-mailer')).toBe(false)
    expect(read.attachments).toEqual([])
  })

  test('passes on a DKIM signature that independent verifiers accept, and refuse once the body is changed', async () => {
    await provider.send(codeMail('bob@dest.test', {}, 'ar'), terms())
    const mail = (await delivered('bob')).replace(/\r?\n/g, '\r\n')
    const changed = mail.replace(/\r\n\r\n/, '\r\n\r\nAn extra line.\r\n')
    expect(await verdictOfMailauth(mail)).toBe('pass')
    expect(await verdictOfMailauth(changed)).not.toBe('pass')
    if (opendkim === undefined) return
    expect(verdictOfOpendkim(mail)).toMatch(/verification.*succeeded/)
    expect(verdictOfOpendkim(changed)).not.toMatch(/verification.*succeeded/)
  })

  test.each([
    ['busy', { result: 'deferred', cause: 'greylisted', status: '4.7.1' }],
    ['full', { result: 'deferred', cause: 'mailbox_full', status: '4.2.2' }],
    ['gone', { result: 'refused', cause: 'address_unknown', status: '5.1.1' }],
    ['spam', { result: 'refused', cause: 'refused_as_spam', status: '5.7.1' }],
  ])('what it answers for %s@ becomes an outcome with its cause', async (user, outcome) => {
    expect(await provider.send(codeMail(`${user}@dest.test`), terms())).toMatchObject(outcome)
  })

  test('an answer that is kept names neither address nor code', async () => {
    const outcome = await provider.send(codeMail('spam@dest.test'), terms())
    expect(outcome).toMatchObject({ response: expect.stringMatching(/^554 5\.7\.1 .*looks like spam/) })
    expect(JSON.stringify(outcome)).not.toMatch(/@|483/)
  })

  test('after a refusal the same connection carries the next mail', async () => {
    await provider.send(codeMail('gone@dest.test'), terms())
    expect(await provider.send(codeMail('alice@dest.test'), terms())).toMatchObject({ result: 'accepted' })
  })

  test('mail goes over STARTTLS where it is asked for', async () => {
    const safe = openSmtp({
      url: `smtp://localhost:${postfix.port}`,
      from: sender,
      requireTls: true,
      ca: certificate.cert,
    })
    expect(await safe.send(codeMail('alice@dest.test'), terms())).toMatchObject({ result: 'accepted' })
    await safe.close()
    const newest = () => postfix.mailbox('alice').findLast((mail) => /TLSv1\.[23]/.test(mail))
    await expect.poll(newest, { timeout: 10_000, interval: 20 }).toBeDefined()
  })
})

async function verdictOfMailauth(mail: string): Promise<string | undefined> {
  const resolver = async (name: string, type: string) => {
    if (type === 'TXT' && name === 's1._domainkey.app.test') return [[record]]
    throw Object.assign(new Error('no such record'), { code: 'ENOTFOUND' })
  }
  const { results } = await dkimVerify(mail, { resolver } as Parameters<typeof dkimVerify>[1])
  return results[0]?.status.result
}

/** OpenDKIM's own filter over one file. It exits with 0 either way: what it says counts. */
function verdictOfOpendkim(mail: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'opendkim-'))
  try {
    writeFileSync(join(folder, 'keys'), `s1._domainkey.app.test ${record}\n`)
    writeFileSync(join(folder, 'conf'), `Mode v\nTestPublicKeys ${folder}/keys\nSyslog no\nLogWhy yes\n`)
    writeFileSync(join(folder, 'mail.eml'), mail)
    return execFileSync(opendkim!, ['-x', `${folder}/conf`, '-t', `${folder}/mail.eml`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
