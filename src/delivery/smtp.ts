import type { Readable } from 'node:stream'
import { createTransport, type MailMessage, type NodemailerError, type SendMailOptions } from 'nodemailer'
import { type Duration, type Instant, seconds } from '../core/time.ts'
import type { SendOutcome } from '../core/verifications/delivery.ts'
import { DeadlinePassed, guardWithDeadline } from './deadline-guard.ts'
import type { Provider, RenderedMail } from './provider.ts'
import { safeResponse } from './safe-response.ts'
import { outcomeOfFault } from './smtp-outcome.ts'
import { parseSmtpUrl } from './smtp-server.ts'

export type SmtpSettings = {
  url: string
  from: { name: string; address: string }
  /** Where bounces go; else the From address. */
  envelopeFrom?: string
  dkim?: { domain: string; selector: string; privateKey: string }
  /** Certificates (PEM) to trust instead of the system's. */
  ca?: string
  /** Asks for STARTTLS even of a server on this machine. There is no setting for the opposite. */
  requireTls?: true
  maxConnections?: number
  /** How long one try may take, from being asked to the server's last answer. */
  tryLimit?: Duration
}

/**
 * Hands mail to an SMTP server, over a few connections that are kept open.
 *
 * An accepted message is the server's from then on. A try that breaks after the last byte may have been accepted:
 * it counts as deferred, and the next try carries the same Message-ID, by which a mailbox can tell the two are one.
 */
export function openSmtp(settings: SmtpSettings, clock: () => Instant = Date.now): Provider {
  const server = parseSmtpUrl(settings.url)
  const tryLimit = settings.tryLimit ?? seconds(20)
  const security = settings.requireTls && server.security === 'clear' ? 'starttls' : server.security
  const transport = createTransport({
    pool: true,
    maxConnections: settings.maxConnections ?? 4,
    maxRequeues: 1,
    host: server.host,
    port: server.port,
    secure: security === 'implicit',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'clear',
    // Said aloud, since NODE_TLS_REJECT_UNAUTHORIZED=0 would switch it off for the whole process.
    tls: {
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    },
    ...(server.login && { auth: { user: server.login.user, pass: server.login.password }, forceAuth: true }),
    ...(settings.dkim && {
      dkim: {
        domainName: settings.dkim.domain,
        keySelector: settings.dkim.selector,
        privateKey: settings.dkim.privateKey,
      },
    }),
    connectionTimeout: tryLimit / 2,
    greetingTimeout: tryLimit / 2,
    dnsTimeout: tryLimit / 2,
    socketTimeout: tryLimit,
    // The dialogue holds addresses and codes.
    logger: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  transport.use('stream', checkComposed)
  const underWay = new Set<Promise<unknown>>()

  async function send(mail: RenderedMail, deadline: Instant): Promise<SendOutcome> {
    const late: SendOutcome = { result: 'deferred', cause: 'deadline_passed' }
    if (clock() >= deadline) return late
    const abort = new AbortController()
    const timers = [setTimeout(() => abort.abort(), tryLimit)]
    const untilDeadline = deadline - clock()
    if (untilDeadline < tryLimit)
      timers.push(setTimeout(() => handedOver || abort.abort(late), untilDeadline))
    let handedOver = false
    try {
      const outgoing: Outgoing = {
        ...letterOf(mail, settings),
        signal: abort.signal,
        recipient: mail.to,
        handOver: (bytes) =>
          guardWithDeadline(bytes, deadline, clock, () => {
            handedOver = true
          }),
      }
      const info = await transport.sendMail(outgoing)
      return { result: 'accepted', by: server.host, response: safeResponse(info.response, mail) }
    } catch (error) {
      if (abort.signal.reason === late || error instanceof DeadlinePassed) return late
      if (error instanceof AddressAltered) return { result: 'refused', cause: 'rejected' }
      return outcomeOfFault(error as NodemailerError, server.host, mail)
    } finally {
      for (const timer of timers) clearTimeout(timer)
    }
  }

  return {
    name: 'smtp',
    channels: ['email'],
    send(message, deadline) {
      if (message.channel !== 'email') throw new Error(`SMTP carries no ${message.channel}`)
      const attempt = send(message, deadline)
      underWay.add(attempt)
      return attempt.finally(() => underWay.delete(attempt))
    },
    async close() {
      await Promise.allSettled(underWay)
      transport.close()
    },
  }
}

type Outgoing = SendMailOptions & { recipient: string; handOver: (bytes: Readable) => Readable }

class AddressAltered extends Error {}

/**
 * Two last checks on the composed message. The recipient is, byte for byte, the address that was asked for: a parser
 * that reads an address differently from us mails a stranger (CVE-2025-13033). And its bytes, DKIM signature
 * included, are made only when the server asks for them, so that the deadline is judged at that moment.
 */
function checkComposed(mail: MailMessage, done: (error?: Error) => void): void {
  const { recipient, handOver } = mail.data as Outgoing
  const recipients = mail.message.getEnvelope().to
  if (recipients.length !== 1 || recipients[0] !== recipient) {
    done(new AddressAltered('the recipient would not be the address asked for'))
    return
  }
  const open = mail.message.createReadStream.bind(mail.message)
  mail.message.createReadStream = (options) => handOver(open(options))
  done()
}

function letterOf(mail: RenderedMail, settings: SmtpSettings) {
  // Always an object, never a string that would be parsed.
  const to = { name: '', address: mail.to }
  return {
    from: settings.from,
    to,
    envelope: { from: { name: '', address: settings.envelopeFrom ?? settings.from.address }, to: [to] },
    messageId: mail.messageId,
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    xMailer: false as const,
    // No List-Unsubscribe: nobody subscribed, and a code that one can unsubscribe from locks its reader out.
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': mail.locale.replace(/[^A-Za-z0-9-]/g, '').slice(0, 35),
    },
  }
}
