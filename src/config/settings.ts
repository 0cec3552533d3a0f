import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { z } from 'zod'
import { readAccent } from '../core/accent.ts'
import { parseEmail } from '../core/address.ts'
import { withoutMarksAtEnds } from '../core/copied-marks.ts'
import { readDatabaseUrl } from './database-url.ts'
import { isLoopbackHost } from './loopback.ts'
import { certificates, dkimKey } from './mail-files.ts'

const port = z.coerce.number().int().min(0).max(65_535)
const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most)
const onOff = z.enum(['on', 'off']).transform((value) => value === 'on')
const path = z
  .string()
  .min(1)
  .transform((text) => resolve(text))
const emailAddress = z
  .string()
  .transform(withoutMarksAtEnds)
  .refine((text) => parseEmail(text).ok, 'is not an email address')

const isDnsName = (text: string): boolean =>
  text.length <= 253 && /^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$/.test(text)
const dnsName = z.string().refine(isDnsName, 'is not a name in DNS')

/** RFC 5321 §4.1.3: a name, or an address between brackets. */
const ehloName = z
  .string()
  .refine(
    (text) => isDnsName(text) || isAddressLiteral(text),
    'is neither a host name nor an address such as [192.0.2.7]',
  )

const isAddressLiteral = (text: string): boolean => {
  const [, v6, address = ''] = /^\[(IPv6:)?([\d.:a-f]+)\]$/i.exec(text) ?? []
  return isIP(address) === (v6 === undefined ? 4 : 6)
}

const accent = z.string().transform((text, context) => {
  const reading = readAccent(text)
  if (reading.ok) return reading.accent
  context.addIssue({ code: 'custom', message: reading.problem })
  return z.NEVER
})

/** It is only ever shown as a picture, where nothing in it runs or is fetched. */
const logo = z.string().transform((name, context) => {
  const fail = (message: string) => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  let content: Buffer
  try {
    content = readFileSync(resolve(name))
  } catch (fault) {
    return fail(`can't be read (${(fault as NodeJS.ErrnoException).code})`)
  }
  if (content.length > 100_000) return fail('is larger than 100 kB')
  if (content.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) {
    return { type: 'image/png' as const, content }
  }
  const opening = content.toString('utf8').trimStart().slice(0, 2000)
  if (/^<(\?xml|!--|!DOCTYPE svg|svg)/i.test(opening) && /<svg[\s>]/i.test(content.toString('utf8'))) {
    return { type: 'image/svg+xml' as const, content }
  }
  return fail('is neither an SVG nor a PNG picture')
})

/** The MaxMind DB format ends with a part that begins with these bytes. */
const placesMark = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')

const places = z.string().transform((name, context) => {
  try {
    const content = readFileSync(resolve(name))
    if (content.includes(placesMark)) return content
    context.addIssue({ code: 'custom', message: 'is not an MMDB file' })
  } catch (fault) {
    context.addIssue({ code: 'custom', message: `can't be read (${(fault as NodeJS.ErrnoException).code})` })
  }
  return z.NEVER
})

const publicUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const fail = (message: string) => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  if (url === undefined || !/^https?:$/.test(url.protocol)) return fail('is not an http or https address')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    return fail('must be only scheme, host and port, such as https://account.example.com')
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return fail('must be https: over plain http browsers drop the cookies and headers that guard an account')
  }
  return url.origin
})

const smtpUrl = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^smtps?:$/.test(url.protocol) && url.hostname !== ''
}, 'is not an address such as smtp://user:password@mail.example.com:587')

const postgresUrl = z.string().transform((text, context) => {
  const reading = readDatabaseUrl(text)
  if (reading.ok) return reading.address
  context.addIssue({ code: 'custom', message: reading.problem })
  return z.NEVER
})

const proxies = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
)

/**
 * Every setting, as the environment (or `.env`) gives it. `docs/configuration.md` is made of this table, and a test
 * holds that it is up to date: the description of a setting is its documentation.
 */
export const settingsSchema = z.object({
  PORT: port.default(3000).describe('The port that pages and the API are served on. 0 picks a free one.'),
  HOST: z.string().min(1).default('127.0.0.1').describe('The address to listen on.'),
  PUBLIC_URL: publicUrl
    .optional()
    .describe(
      'Where people reach the service: scheme, host and port. Links in messages are built from it. Default: http://localhost:PORT.',
    ),
  DATA_DIR: path.prefault('./data').describe('The folder for the embedded database and the key ring.'),
  DATABASE_URL: postgresUrl
    .optional()
    .describe(
      'A PostgreSQL 15 or newer to use, as psql takes it: postgres://user:password@host/database?sslmode=verify-full, with several hosts where there are standbys. Without it the service runs its own, in DATA_DIR.',
    ),
  DATABASE_POOL: wholeNumber(1, 500)
    .default(16)
    .describe('Connections to the database that one process may open.'),
  DATABASE_PREPARED_STATEMENTS: onOff
    .prefault('on')
    .describe('Turn off behind PgBouncer before 1.21 in transaction mode, which breaks named statements.'),
  SMTP_URL: smtpUrl
    .optional()
    .describe(
      'The mail server that takes our mail: smtp:// (STARTTLS required unless it is on loopback) or smtps://. Without it mail and texts go to the built-in inbox.',
    ),
  SMTP_CONNECTIONS: wholeNumber(1, 100)
    .default(4)
    .describe('Connections to the mail server that one process may hold.'),
  SMTP_EHLO_NAME: ehloName
    .optional()
    .describe(
      'What we call ourselves to the mail server: a host name or an address such as [192.0.2.7]. Default: the host of PUBLIC_URL.',
    ),
  SMTP_CA_FILE: certificates
    .optional()
    .describe('Certificates (PEM) to trust instead of the well-known ones, for a mail server with its own.'),
  MAIL_FROM: emailAddress
    .optional()
    .describe('The address that mail comes from. Default: codes@ and the host of PUBLIC_URL.'),
  DKIM_DOMAIN: dnsName
    .optional()
    .describe('The domain that mail is signed for. Default: the domain of MAIL_FROM.'),
  DKIM_SELECTOR: dnsName.optional().describe('The selector under which the public key is published in DNS.'),
  DKIM_KEY_FILE: dkimKey
    .optional()
    .describe(
      'The private key (PEM, RSA or Ed25519) that mail is signed with. Without it mail is not signed here.',
    ),
  OPERATOR_NAME: z
    .string()
    .min(1)
    .max(64)
    .default('Countersign')
    .describe('The name that people know the service by.'),
  ACCENT_COLOR: accent
    .optional()
    .describe(
      'The colour of buttons and links, such as #0e5e52, or two for light and dark pages. It needs a contrast of at least 4.5 : 1 on every surface.',
    ),
  LOGO_FILE: logo
    .optional()
    .describe(
      'An SVG or PNG picture that every page shows beside OPERATOR_NAME, instead of the Countersign mark.',
    ),
  SUPPORT_ADDRESS: emailAddress.optional().describe('Where people can ask for help.'),
  KEYRING_FILE: path
    .optional()
    .describe('The key ring, shared by all processes. Default: keyring in DATA_DIR.'),
  POLICY_FILE: path.optional().describe('A JSON file with the policy values that differ from the defaults.'),
  PLACES_FILE: places
    .optional()
    .describe(
      'An MMDB file (the MaxMind DB format) of cities or countries, used to show the place of each activity. Without it the network is shown.',
    ),
  METRICS_PORT: port
    .optional()
    .describe('The port that /metrics is served on, for Prometheus. Without it there is none.'),
  METRICS_HOST: z.string().min(1).default('127.0.0.1').describe('The address that /metrics listens on.'),
  OUTBOX_CONCURRENCY: wholeNumber(1, 1000)
    .default(16)
    .describe('Messages that one worker process sends at the same time.'),
  EVENT_STREAMS: wholeNumber(0, 100_000)
    .default(400)
    .describe(
      'Pages that one process keeps up to date by itself while somebody waits for a code. A page beyond that is brought up to date when it is loaded again.',
    ),
  TRUSTED_PROXIES: proxies
    .prefault('')
    .describe(
      'Addresses or networks (CIDR) of reverse proxies, separated by commas. Forwarding headers are trusted only from these.',
    ),
  KEEP_ALIVE_SECONDS: wholeNumber(1, 3600)
    .default(75)
    .describe(
      'How long an idle connection is kept open, in seconds: longer than a proxy in front keeps its own, or a request may meet a connection that has just been closed.',
    ),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('How much is logged, as JSON lines on standard output.'),
})

export type Settings = z.infer<typeof settingsSchema>
