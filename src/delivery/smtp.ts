import { type Duration, type Instant, minutes } from '../core/time.ts'
import { greetingWaits, type SendOutcome, tryLimit } from '../core/verifications/delivery.ts'
import type { DkimSigner } from '../secrets/dkim.ts'
import { type ComposedMail, composeMail } from './compose-mail.ts'
import type { Provider, RenderedMail, TryTerms } from './provider.ts'
import { safeResponse } from './safe-response.ts'
import { type Connection, openConnection } from './smtp-connection.ts'
import { outcomeOfFault } from './smtp-outcome.ts'
import { parseSmtpUrl } from './smtp-server.ts'
import { Late, openTry, Stale, type Waits } from './smtp-try.ts'

export type SmtpSettings = {
  url: string
  from: { name: string; address: string }
  /** Where bounces go; else the From address. */
  envelopeFrom?: string
  /** What we call ourselves; a server may ask for a name that it finds in DNS. */
  ehloName?: string
  dkim?: DkimSigner
  /** Certificates (PEM) to trust instead of the system's. */
  ca?: string
  /** Asks for STARTTLS even of a server on this machine. There is no setting for the opposite. */
  requireTls?: true
  maxConnections?: number
  /** How long one try may take, from being asked to the message's last byte. */
  tryLimit?: Duration
}

/** A connection without a mail to carry is let go after this; many servers do so earlier. */
const idleTime: Duration = minutes(1)

/** So many connections may wait for a late answer or greeting, for each that carries mail. */
const waitsForEach = 8

/**
 * Hands mail to an SMTP server, over connections that are kept open for the next mail.
 *
 * An accepted message is the server's from then on. A message that was handed over whole and never answered may have
 * been taken (RFC 1047): its end is unknown. The next try carries the same Message-ID, by which a mailbox can tell the
 * two are one.
 */
export function openSmtp(settings: SmtpSettings, clock: () => Instant = Date.now): Provider {
  const server = parseSmtpUrl(settings.url)
  const limit = settings.tryLimit ?? tryLimit
  const most = settings.maxConnections ?? 4
  const security = settings.requireTls && server.security === 'clear' ? 'starttls' : server.security
  const connectionSettings = {
    server: { ...server, security },
    ehloName: settings.ehloName ?? 'localhost',
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
  }
  const idle: { connection: Connection; timer: NodeJS.Timeout }[] = []
  const waits: Waits = { most: most * waitsForEach, underWay: new Set() }
  const underWay = new Set<Promise<unknown>>()

  async function send(mail: RenderedMail, terms: TryTerms): Promise<SendOutcome> {
    const late: SendOutcome = { result: 'deferred', cause: 'deadline_passed' }
    if (clock() >= terms.deadline()) return late
    const composed = composeMail(mail, settings)
    if (composed === undefined) return { result: 'refused', cause: 'rejected' }
    const current = openTry({ terms, limit, clock, waits })
    try {
      const response = await carry(current, composed, terms)
      return { result: 'accepted', by: server.host, response: safeResponse(response, mail) }
    } catch (fault) {
      if (fault instanceof Late) return late
      return outcomeOfFault(fault as Error, { server: server.host, mail, isComplete: current.isComplete() })
    } finally {
      current.end()
    }
  }

  /** A connection that was given up while it was idle is found out by the next mail, which then takes a fresh one. */
  async function carry(current: ReturnType<typeof openTry>, mail: ComposedMail, terms: TryTerms) {
    for (let connection = takeIdle(); connection !== undefined; connection = takeIdle()) {
      try {
        return await carryOver(connection, current, mail)
      } catch (fault) {
        if (!(fault instanceof Stale)) throw fault
      }
    }
    const patience = terms.isFirst ? Math.min(greetingWaits.first, (limit * 2) / 3) : greetingWaits.later
    const connection = openConnection(connectionSettings, patience)
    try {
      await current.connect(connection, terms.isFirst ? 'short' : 'long')
    } catch (fault) {
      connection.close()
      throw fault
    }
    return carryOver(connection, current, mail)
  }

  async function carryOver(connection: Connection, current: ReturnType<typeof openTry>, mail: ComposedMail) {
    try {
      const response = await current.converse(connection, mail)
      release(connection)
      return response
    } catch (fault) {
      // The server refused this mail and talks on: the connection is good for another one.
      if (isAnswerOnly(fault)) connection.reset().then(() => release(connection), connection.close)
      else connection.close()
      throw fault
    }
  }

  function takeIdle(): Connection | undefined {
    const last = idle.pop()
    clearTimeout(last?.timer)
    return last?.connection
  }

  function release(connection: Connection): void {
    if (idle.length >= most) {
      connection.quit()
      return
    }
    const forget = () => {
      const at = idle.findIndex((one) => one.connection === connection)
      if (at >= 0) clearTimeout(idle.splice(at, 1)[0]?.timer)
    }
    const timer = setTimeout(() => {
      forget()
      connection.quit()
    }, idleTime)
    timer.unref()
    idle.push({ connection, timer })
    connection.onEnd(forget)
  }

  return {
    name: 'smtp',
    channels: ['email'],
    capacity: most,
    send(message, terms) {
      if (message.channel !== 'email') throw new Error(`SMTP carries no ${message.channel}`)
      const attempt = send(message, terms)
      underWay.add(attempt)
      return attempt.finally(() => underWay.delete(attempt))
    },
    async close() {
      await Promise.allSettled(underWay)
      for (let connection = takeIdle(); connection !== undefined; connection = takeIdle()) connection.quit()
    },
  }
}

/** Refused by a reply that leaves the conversation standing; 421 ends it (RFC 5321 §4.2). */
const isAnswerOnly = (fault: unknown): boolean => {
  const { code, responseCode } = fault as { code?: string; responseCode?: number }
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined && responseCode !== 421
}
