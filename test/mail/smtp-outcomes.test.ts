import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openSmtp, type SmtpSettings } from '../../src/delivery/smtp.ts'
import { codeMail, sender, terms } from '../support/code-mails.ts'
import { Answer, openSmtpSink } from '../support/smtp-sink.ts'

const open: { close(): Promise<unknown> | unknown }[] = []
const keep = <Thing extends { close(): unknown }>(thing: Thing): Thing => {
  open.push(thing)
  return thing
}
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

const sink = async (hooks?: Parameters<typeof openSmtpSink>[0]) => keep(await openSmtpSink(hooks))
const provider = (url: string, settings: Partial<SmtpSettings> = {}) =>
  keep(openSmtp({ url, from: sender, ...settings }))
const sendTo = (port: number, settings?: Partial<SmtpSettings>) =>
  provider(`smtp://127.0.0.1:${port}`, settings).send(codeMail('ana@example.org'), terms())

test('a message that is tried again keeps its Message-ID', async () => {
  let tries = 0
  const server = await sink({
    onContent() {
      tries += 1
      if (tries === 1) throw new Answer(451, '4.3.0 try later')
    },
  })
  const smtp = provider(`smtp://127.0.0.1:${server.port}`)
  const mail = codeMail('ana@example.org')
  expect(await smtp.send(mail, terms())).toMatchObject({ result: 'deferred', cause: 'provider_unavailable' })
  expect(await smtp.send(mail, terms())).toMatchObject({ result: 'accepted' })
  expect(server.received).toHaveLength(1)
  expect(server.received[0]?.raw).toContain(`Message-ID: ${mail.messageId}`)
})

test('a server that refuses the content refuses the message', async () => {
  const server = await sink({
    onContent() {
      throw new Answer(552, '5.3.4 Message too big')
    },
  })
  expect(await sendTo(server.port)).toMatchObject({
    result: 'refused',
    cause: 'message_too_large',
    status: '5.3.4',
  })
})

test('a server that turns connections away is not the end of a message', async () => {
  const server = await sink({
    onConnect() {
      throw new Answer(554, 'no service for you')
    },
  })
  expect(await sendTo(server.port)).toMatchObject({ result: 'deferred', by: '127.0.0.1' })
})

test('a wrong password defers, and says that it was the login', async () => {
  const server = await sink({
    options: {
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth(_auth, _session, done) {
        done(Object.assign(new Error('5.7.8 wrong'), { responseCode: 535 }))
      },
    },
  })
  const smtp = provider(`smtp://post:secret@127.0.0.1:${server.port}`)
  const outcome = await smtp.send(codeMail('ana@example.org'), terms())
  expect(outcome).toMatchObject({ result: 'deferred', cause: 'authentication_failed' })
  expect(JSON.stringify(outcome)).not.toContain('secret')
  expect(server.recipients).toEqual([])
})

test('a server without a login never gets a message meant for one with a login', async () => {
  const server = await sink()
  const smtp = provider(`smtp://post:secret@127.0.0.1:${server.port}`)
  expect(await smtp.send(codeMail('ana@example.org'), terms())).toMatchObject({
    cause: 'authentication_failed',
  })
  expect(server.recipients).toEqual([])
})

test('nobody at the other end: deferred, provider unavailable', async () => {
  const server = await openSmtpSink()
  await server.close()
  expect(await sendTo(server.port)).toMatchObject({
    result: 'deferred',
    cause: 'provider_unavailable',
    status: 'ECONNREFUSED',
  })
})

test('a server name that does not exist: deferred, set-up to be mended', async () => {
  const smtp = provider('smtp://mail.nowhere.invalid:25')
  const outcome = await smtp.send(codeMail('ana@example.org'), terms())
  expect(outcome).toMatchObject({ result: 'deferred' })
  expect(['provider_misconfigured', 'connection_failed']).toContain((outcome as { cause: string }).cause)
})

test('a server that says nothing ends the try at its limit, not at the operating system’s', async () => {
  const silent = await rawServer(() => {})
  const startedAt = performance.now()
  expect(await sendTo(silent.port, { tryLimit: 300 })).toMatchObject({
    result: 'deferred',
    cause: 'connection_failed',
  })
  expect(performance.now() - startedAt).toBeLessThan(3000)
})

test('a server that drips its answers byte by byte ends the try at its limit too', async () => {
  const dripping = await rawServer((socket) => {
    const drip = setInterval(() => socket.write('2'), 20)
    socket.once('close', () => clearInterval(drip))
  })
  const startedAt = performance.now()
  expect(await sendTo(dripping.port, { tryLimit: 300 })).toMatchObject({ result: 'deferred' })
  expect(performance.now() - startedAt).toBeLessThan(3000)
})

test('a connection that breaks before the answer to the message leaves its end unknown', async () => {
  const server = await rawServer((socket) => {
    socket.write('220 mx.example.org\r\n')
    socket.on('data', (bytes) => {
      const said = bytes.toString()
      if (/^(EHLO|MAIL|RCPT)/.test(said)) socket.write('250 fine\r\n')
      else if (said.startsWith('DATA')) socket.write('354 go on\r\n')
      else socket.destroy()
    })
  })
  expect(await sendTo(server.port)).toMatchObject({ result: 'unknown', cause: 'no_answer' })
})

test('an idle connection that the server has closed costs no message', async () => {
  const server = await sink({ options: { socketTimeout: 400, disabledCommands: ['STARTTLS', 'AUTH'] } })
  const smtp = provider(`smtp://127.0.0.1:${server.port}`)
  await smtp.send(codeMail('ana@example.org'), terms())
  await expect.poll(() => server.open()).toBe(0)
  expect(await smtp.send(codeMail('ben@example.org'), terms())).toMatchObject({ result: 'accepted' })
})

test('closing waits for the message under way', async () => {
  const server = await sink()
  const smtp = openSmtp({ url: `smtp://127.0.0.1:${server.port}`, from: sender })
  const outcome = smtp.send(codeMail('ana@example.org'), terms())
  await smtp.close()
  expect(await outcome).toMatchObject({ result: 'accepted' })
})

async function rawServer(talk: (socket: Socket) => void): Promise<{ port: number }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    talk(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  keep({
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    },
  })
  return { port: (server.address() as AddressInfo).port }
}
