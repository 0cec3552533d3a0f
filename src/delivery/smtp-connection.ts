import type { Readable } from 'node:stream'
import type { NodemailerError } from 'nodemailer'
import SMTPConnection, { type SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection'
import { type Duration, minutes } from '../core/time.ts'
import type { SmtpServer } from './smtp-server.ts'

/** One conversation with a mail server, of any number of mails one after the other. */
export type Connection = {
  /** Whether it ever carried a mail: then the server may have given it up meanwhile. */
  isReused(): boolean
  /** Whether the other side is there at all: false until the connection stands. */
  isConnected(): boolean
  /** What the server said last; two that differ mean that it has spoken in between. */
  lastAnswer(): unknown
  open(): Promise<void>
  /** @returns the server's answer to the whole message */
  send(envelope: { from: string; to: string[] }, bytes: Readable): Promise<string>
  /** For the next mail, after one that was refused. */
  reset(): Promise<void>
  /** Says goodbye. */
  quit(): void
  close(): void
  onEnd(listener: () => void): void
}

export type ConnectionSettings = {
  server: SmtpServer
  ehloName: string
  /** Certificates (PEM) to trust instead of the system's. */
  ca?: string
}

/** How long a connection with nobody's answer under way stays open at most; a try has closer limits of its own. */
const silence: Duration = minutes(11)

/** @param patience how long the server may take until it has greeted us and TLS stands */
export function openConnection({ server, ehloName, ca }: ConnectionSettings, patience: Duration): Connection {
  const options: SMTPConnectionOptions = {
    host: server.host,
    port: server.port,
    name: ehloName,
    secure: server.security === 'implicit',
    requireTLS: server.security === 'starttls',
    ignoreTLS: server.security === 'clear',
    // Said aloud, since NODE_TLS_REJECT_UNAUTHORIZED=0 would switch it off for the whole process.
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    connectionTimeout: patience,
    greetingTimeout: patience,
    dnsTimeout: patience,
    socketTimeout: silence,
    // The dialogue holds addresses and codes.
    logger: false,
  }
  const connection = new SMTPConnection(options)
  let mails = 0
  // What breaks while nobody waits for an answer ends the connection, and that is all.
  connection.on('error', () => {})

  const greeted = () =>
    new Promise<void>((resolve, reject) => {
      connection.once('error', reject)
      connection.connect((fault) => (fault ? reject(fault) : resolve()))
    })
  const loggedIn = ({ user, password }: NonNullable<SmtpServer['login']>) =>
    new Promise<void>((resolve, reject) => {
      connection.once('error', reject)
      connection.login({ user, credentials: { user, pass: password } }, settled(resolve, reject))
    })

  return {
    isReused: () => mails > 0,
    isConnected: () => connection.stage === 'connected',
    lastAnswer: () => connection.lastServerResponse,
    async open() {
      await greeted()
      if (server.login) await loggedIn(server.login)
    },
    send: (envelope, bytes) =>
      new Promise((resolve, reject) => {
        // A copy, since what was answered is noted on it.
        connection.send({ from: envelope.from, to: [...envelope.to] }, bytes, (fault, info) => {
          mails += 1
          if (fault) reject(fault)
          else resolve(info?.response ?? '')
        })
      }),
    reset: () => new Promise((resolve, reject) => connection.reset(settled(resolve, reject))),
    quit: () => connection.quit(),
    close: () => connection.close(),
    onEnd: (listener) => connection.once('end', listener),
  }
}

const settled =
  (resolve: () => void, reject: (fault: NodemailerError) => void) => (fault: NodemailerError | null) =>
    fault ? reject(fault) : resolve()
