import { type AddressInfo, createServer, type Server } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { parseEmail } from '../../src/core/address.ts'
import type { SendOutcome } from '../../src/core/verifications/delivery.ts'
import type { Provider } from '../../src/delivery/provider.ts'
import { openSmtp } from '../../src/delivery/smtp.ts'
import { codeMail, sender, terms } from '../support/code-mails.ts'

// A server that reads nothing into an address: it only writes down the lines it gets.
const lines: string[] = []
let server: Server
let smtp: Provider

beforeAll(async () => {
  server = createServer((socket) => {
    let rest = ''
    let inMail = false
    socket.write('220 recorder\r\n')
    socket.setEncoding('utf8').on('data', (text) => {
      const parts = `${rest}${text}`.split('\r\n')
      rest = parts.pop() ?? ''
      for (const line of parts) {
        if (inMail && line !== '.') continue
        if (!inMail) lines.push(line)
        inMail = line === 'DATA'
        socket.write(inMail ? '354 go on\r\n' : '250 fine\r\n')
      }
    })
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  smtp = openSmtp({ url: `smtp://127.0.0.1:${port}`, from: sender })
})
beforeEach(() => {
  lines.length = 0
})
afterAll(async () => {
  await smtp.close()
  await new Promise((resolve) => server.close(resolve))
})

const recipients = () => lines.filter((line) => /^RCPT/i.test(line))

const letters = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+/=?^_`{|}~-"
const atom = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 12 })
const label = fc.stringMatching(/^(xn--)?[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/)
const addresses = fc
  .tuple(fc.array(atom, { minLength: 1, maxLength: 3 }), fc.array(label, { minLength: 1, maxLength: 3 }))
  .map(([local, domain]) => `${local.join('.')}@${domain.join('.')}.test`)
  .filter((address) => parseEmail(address).ok)

const batchesOf = <Item>(size: number, items: Item[]): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size))

test('RCPT TO is the stored address, byte for byte, whatever odd address that is', async () => {
  const corpus = fc.sample(addresses, { numRuns: 500, seed: 27 })
  const outcomes: SendOutcome[] = []
  // A few at a time, as the worker does: waiting for a free connection counts towards a try's limit.
  for (const batch of batchesOf(40, corpus)) {
    outcomes.push(...(await Promise.all(batch.map((address) => smtp.send(codeMail(address), terms())))))
  }
  expect(recipients().sort()).toEqual(corpus.map((address) => `RCPT TO:<${address}>`).sort())
  expect(outcomes.every(({ result }) => result === 'accepted')).toBe(true)
})

test.each([
  '"a@evil.test x"@example.org',
  'ana@example.org, eve@evil.test',
  'ana@example.org> SIZE=1 <eve@evil.test',
  'ana@example.org\r\nRCPT TO:<eve@evil.test>',
  'Ana <ana@example.org>',
  'ana@example.org (eve@evil.test)',
  'eve@evil.test;ana@example.org',
  'group:eve@evil.test;',
  'ana@EXAMPLE.org\0',
  'ana@exämple.org',
  'ana',
  '',
])('a stored address of %j reaches nobody else', async (address) => {
  const outcome = await smtp.send(codeMail(address), terms())
  expect(recipients().filter((line) => line !== `RCPT TO:<${address}>`)).toEqual([])
  expect(outcome.result).toBe(recipients().length === 0 ? 'refused' : 'accepted')
})
