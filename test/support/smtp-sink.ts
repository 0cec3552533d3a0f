import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export type SunkMail = { from: string; to: string[]; raw: string }

export type SmtpSink = {
  port: number
  /** Mails that came through to their end mark. */
  received: SunkMail[]
  /** Recipients named, whether or not a mail followed. */
  recipients: string[]
  /** Connections opened so far, and those still open. */
  connections: () => number
  open: () => number
  close(): Promise<void>
}

/** An answer that a real server might give, thrown from a hook. */
export class Answer extends Error {
  readonly responseCode: number
  constructor(responseCode: number, text: string) {
    super(text)
    this.responseCode = responseCode
  }
}

type Hooks = {
  onConnect?: () => Promise<void> | void
  onRecipient?: (address: string) => Promise<void> | void
  onContent?: (mail: SunkMail) => Promise<void> | void
  options?: SMTPServerOptions
  /** Where it listens; a free port otherwise. */
  port?: number
}

/** A mail server of our own on a free loopback port, which keeps what it takes and misbehaves on demand. */
export async function openSmtpSink(hooks: Hooks = {}): Promise<SmtpSink> {
  const received: SunkMail[] = []
  const recipients: string[] = []
  let connections = 0
  const settle = async (work: () => Promise<void> | void, done: (error?: Error) => void) => {
    try {
      await work()
      done()
    } catch (error) {
      done(error as Error)
    }
  }
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    logger: false,
    onConnect(_session, done) {
      connections += 1
      void settle(() => hooks.onConnect?.(), done)
    },
    onRcptTo({ address }, _session, done) {
      recipients.push(address)
      void settle(() => hooks.onRecipient?.(address), done)
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.once('end', () => {
        const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : ''
        const to = session.envelope.rcptTo.map((recipient) => recipient.address)
        const mail = { from, to, raw: Buffer.concat(chunks).toString('utf8') }
        void settle(async () => {
          await hooks.onContent?.(mail)
          received.push(mail)
        }, done)
      })
    },
    ...hooks.options,
  })
  // A client that goes away in the middle is what several tests are about.
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(hooks.port ?? 0, '127.0.0.1', resolve))
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    recipients,
    connections: () => connections,
    open: () => server.connections.size,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
