import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { readAccent } from '../core/accent.ts'
import { parseEmail } from '../core/address.ts'
import { readDatabaseUrl } from './database-url.ts'
import { isLoopbackHost } from './loopback.ts'
import { smtpUrlProblem } from './smtp-url.ts'

const wholeNumber = (least: number, most: number) => {
  const error = `is not a whole number from ${least} to ${most}`
  return z.coerce.number({ error }).int({ error }).min(least, { error }).max(most, { error })
}
const port = wholeNumber(0, 65_535)
const onOff = z.enum(['on', 'off'], { error: 'is neither on nor off' }).transform((value) => value === 'on')
const path = z
  .string()
  .min(1)
  .transform((text) => resolve(text))
const emailAddress = z.string().refine((text) => parseEmail(text).ok, 'is not an email address')

const fileContent = z.string().transform((name, context) => {
  try {
    return readFileSync(resolve(name), 'utf8')
  } catch (fault) {
    context.addIssue({ code: 'custom', message: `can't be read (${(fault as NodeJS.ErrnoException).code})` })
    return z.NEVER
  }
})

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

const smtpUrl = z.string().superRefine((text, context) => {
  const problem = smtpUrlProblem(text)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

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
      'Where people reach the service: scheme, host and port. Links in messages are made of it. Default: http://localhost:PORT.',
    ),
  DATA_DIR: path.prefault('./data').describe('The folder for the embedded database and the key ring.'),
  DATABASE_URL: postgresUrl
    .optional()
    .describe(
      'A PostgreSQL 15 or newer to use, as psql takes it: postgres://user:password@host/database?sslmode=verify-full, with several hosts where there are standbys. Without it the service runs its own, in DATA_DIR.',
    ),
  DATABASE_POOL: wholeNumber(1, 500)
    .default(16)
    .describe('Connections to the database that one process may hold.'),
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
  SMTP_CA_FILE: fileContent
    .optional()
    .describe('Certificates (PEM) to trust instead of the well-known ones, for a mail server with its own.'),
  MAIL_FROM: emailAddress
    .optional()
    .describe('The address that mail comes from. Default: codes@ and the host of PUBLIC_URL.'),
  DKIM_DOMAIN: z
    .string()
    .min(1)
    .optional()
    .describe('The domain that mail is signed for. Default: the domain of MAIL_FROM.'),
  DKIM_SELECTOR: z
    .string()
    .min(1)
    .optional()
    .describe('The selector under which the public key stands in DNS.'),
  DKIM_KEY_FILE: fileContent
    .optional()
    .describe('The private key (PEM) that mail is signed with. Without it mail is not signed here.'),
  OPERATOR_NAME: z
    .string()
    .min(1)
    .max(64, 'is longer than 64 characters')
    .default('Countersign')
    .describe('The name that people know the service by.'),
  ACCENT_COLOR: accent
    .optional()
    .describe(
      'The colour of buttons and links, such as #0e5e52, or two for light and dark pages. It must stand out: 4.5 : 1 on every surface.',
    ),
  LOGO_FILE: logo
    .optional()
    .describe('An SVG or PNG picture that stands beside OPERATOR_NAME on every page instead of our mark.'),
  SUPPORT_ADDRESS: emailAddress.optional().describe('Where people can ask for help.'),
  KEYRING_FILE: path
    .optional()
    .describe('The key ring, shared by all processes. Default: keyring in DATA_DIR.'),
  POLICY_FILE: path.optional().describe('A JSON file with the policy numbers that differ from the defaults.'),
  PLACES_FILE: places
    .optional()
    .describe(
      'An MMDB file (the MaxMind DB format) of cities or countries, by which activity says where something came from. Without it the network is told.',
    ),
  METRICS_PORT: port
    .optional()
    .describe('The port that /metrics is served on, for Prometheus. Without it there is none.'),
  METRICS_HOST: z.string().min(1).default('127.0.0.1').describe('The address that /metrics listens on.'),
  OUTBOX_CONCURRENCY: wholeNumber(1, 1000)
    .default(16)
    .describe('Messages that one worker process has under way at once.'),
  TRUSTED_PROXIES: proxies
    .prefault('')
    .describe(
      'Addresses or networks (CIDR) of reverse proxies, separated by commas. Only from these are forwarding headers believed.',
    ),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'is not one of trace, debug, info, warn, error, fatal and silent',
    })
    .default('info')
    .describe('How much is logged, as JSON lines on standard output.'),
})

export type Settings = z.infer<typeof settingsSchema>
