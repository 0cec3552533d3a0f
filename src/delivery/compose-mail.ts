import MailComposer from 'nodemailer/lib/mail-composer'
import { type DkimSigner, dkimSignature } from '../secrets/dkim.ts'
import type { RenderedMail } from './provider.ts'

export type ComposedMail = {
  envelope: { from: string; to: string[] }
  /** The whole message, signed. Made when a server asks for it, so that the deadline is judged at that moment. */
  bytes(): Promise<Buffer>
}

type Letterhead = {
  from: { name: string; address: string }
  /** Where bounces go; else the From address. */
  envelopeFrom?: string
  dkim?: DkimSigner
}

/**
 * Composes a mail for one reader.
 *
 * @returns undefined where the recipient would not be, byte for byte, the address that was asked for: a parser that
 *   reads an address differently from us mails a stranger (CVE-2025-13033)
 */
export function composeMail(mail: RenderedMail, letterhead: Letterhead): ComposedMail | undefined {
  // Always an object, never a string that would be parsed.
  const to = { name: '', address: mail.to }
  const { from, dkim } = letterhead
  const message = new MailComposer({
    from,
    to,
    envelope: { from: { name: '', address: letterhead.envelopeFrom ?? from.address }, to: [to] },
    messageId: mail.messageId,
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    // No List-Unsubscribe: nobody subscribed, and a code that one can unsubscribe from locks its reader out.
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': mail.locale.replace(/[^A-Za-z0-9-]/g, '').slice(0, 35),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile()
  const envelope = message.getEnvelope()
  if (envelope.to.length !== 1 || envelope.to[0] !== mail.to) return undefined
  return {
    envelope: { from: envelope.from === false ? '' : envelope.from, to: envelope.to },
    async bytes() {
      const built = withLineEnds(await message.build())
      return dkim === undefined ? built : Buffer.concat([Buffer.from(dkimSignature(built, dkim)), built])
    },
  }
}

/** As they go over the wire, which is what a signature covers. */
const withLineEnds = (mail: Buffer): Buffer =>
  Buffer.from(mail.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')
