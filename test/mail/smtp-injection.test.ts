import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Provider } from '../../src/delivery/provider.ts'
import { openSmtp } from '../../src/delivery/smtp.ts'
import { codeMail, sender, terms } from '../support/code-mails.ts'
import { openSmtpSink, type SmtpSink } from '../support/smtp-sink.ts'

type Mail = ReturnType<typeof codeMail>

let sink: SmtpSink
let smtp: Provider

beforeAll(async () => {
  sink = await openSmtpSink()
  smtp = openSmtp({ url: `smtp://127.0.0.1:${sink.port}`, from: sender })
})
beforeEach(() => {
  sink.received.length = 0
  sink.recipients.length = 0
})
afterAll(async () => {
  await smtp.close()
  await sink.close()
})

const headers = [
  'from',
  'to',
  'subject',
  'message-id',
  'date',
  'auto-submitted',
  'x-auto-response-suppress',
  'content-language',
  'mime-version',
  'content-type',
]

const breaks = [
  '\r',
  '\n',
  '\r\n',
  '\u2028',
  '\u2029',
  '\u0085',
  '\0',
  '\v',
  '\f',
  '\r\n.\r\n',
  '\n.\n',
  '\r.\r',
]
const attacks = breaks.flatMap((end) => [
  `Harbour${end}Bcc: eve@evil.test`,
  `Harbour${end}${end}<h1>Hello</h1>`,
  `Harbour${end}.${end}MAIL FROM:<eve@evil.test>${end}RCPT TO:<eve@evil.test>${end}DATA${end}`,
])

/** Sends one mail for each attack, each to a person of their own; gives what came out, parsed, after the common checks. */
async function sendEach(change: (mail: Mail, attack: string) => Mail, provider = (_attack: string) => smtp) {
  const people = attacks.map((_, n) => `person${n}@example.org`)
  await Promise.all(
    attacks.map((attack, n) => provider(attack).send(change(codeMail(people[n]!), attack), terms())),
  )
  expect(sink.recipients.sort()).toEqual(people.sort())
  expect(sink.received.map(({ to }) => to.join()).sort()).toEqual(people.sort())
  const mails = await Promise.all(sink.received.map(({ raw }) => simpleParser(raw)))
  for (const mail of mails) expect([...mail.headers.keys()].sort()).toEqual([...headers].sort())
  return mails
}

test('no operator name adds a header, a body or a second mail', async () => {
  const mails = await sendEach((mail, operator) => ({ ...codeMail(mail.to, { operator }) }))
  for (const { subject, html } of mails) {
    expect(subject).toMatch(/^Your code for Harbour/)
    expect(html).not.toContain('<h1>Hello')
  }
})

test('no subject does', async () => {
  await sendEach((mail, subject) => ({ ...mail, subject }))
})

test('no body does', async () => {
  await sendEach((mail, text) => ({ ...mail, text, html: text }))
})

test('no language does', async () => {
  const mails = await sendEach((mail, locale) => ({ ...mail, locale }))
  for (const mail of mails) expect(mail.headers.get('content-language')).toMatch(/^[A-Za-z0-9-]{1,35}$/)
})

test('no sender name does', async () => {
  const opened: Provider[] = []
  const mails = await sendEach(
    (mail) => mail,
    (name) => {
      const named = openSmtp({ url: `smtp://127.0.0.1:${sink.port}`, from: { ...sender, name } })
      opened.push(named)
      return named
    },
  )
  await Promise.all(opened.map((provider) => provider.close()))
  for (const mail of mails) {
    expect(mail.from?.value.map(({ address }) => address)).toEqual([sender.address])
  }
})
