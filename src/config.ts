import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import ipaddr from 'ipaddr.js'
import { getCountries } from 'libphonenumber-js'
import { saysSslMode } from './config/database-url.ts'
import { isLoopbackHost } from './config/loopback.ts'
import { readPolicy } from './config/policy-file.ts'
import { type Settings, settingsSchema } from './config/settings.ts'
import { defaultPolicy, type Policy } from './core/policy.ts'

/** What the whole service runs with: every setting checked, alone and against the others. */
export type Config = Omit<
  Settings,
  'PUBLIC_URL' | 'MAIL_FROM' | 'SMTP_EHLO_NAME' | 'KEYRING_FILE' | 'POLICY_FILE'
> & {
  /** Undefined until the port is known, where PORT is 0 and PUBLIC_URL is not set. */
  publicUrl: string | undefined
  mailFrom: string
  ehloName: string
  keyringFile: string
  /** Whether messages go to the built-in inbox: where no real provider is set. */
  inbox: boolean
  policy: Policy
}

/** Thrown once, with every mistake and its hint. */
export class ConfigMistakes extends Error {
  readonly mistakes: readonly string[]
  constructor(mistakes: readonly string[]) {
    super(`The configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}.`)
    this.mistakes = mistakes
  }
}

/** The only reader of the environment. Values in the environment win over those in `.env`. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env, envFile = '.env'): Config {
  const fromFile = existsSync(envFile) ? parseEnv(readFileSync(envFile, 'utf8')) : {}
  const given = Object.fromEntries(
    Object.entries({ ...fromFile, ...environment }).filter(([, value]) => value !== ''),
  )
  const mistakes: string[] = []
  const parsed = settingsSchema.safeParse(given)
  if (!parsed.success) {
    mistakes.push(...parsed.error.issues.map((issue) => mistakeOf(String(issue.path[0]), issue.message)))
  }
  const policy = readPolicy(given.POLICY_FILE)
  if (!policy.ok) mistakes.push(...policy.mistakes)
  if (!parsed.success || !policy.ok) throw new ConfigMistakes(mistakes)

  mistakes.push(...contradictions(parsed.data))
  // node-postgres would heed it where the address says nothing; ours says everything.
  if (given.PGSSLMODE !== undefined && given.DATABASE_URL !== undefined && !saysSslMode(given.DATABASE_URL)) {
    mistakes.push(
      `DATABASE_URL says nothing about TLS, and PGSSLMODE is not read. Add ?sslmode=${given.PGSSLMODE} to the address.`,
    )
  }
  if (mistakes.length > 0) throw new ConfigMistakes(mistakes)
  return composed(parsed.data, policy.policy)
}

const mistakeOf = (name: string, message: string): string =>
  `${name} ${message}. ${settingsSchema.shape[name as keyof Settings]?.description ?? ''}`.trim()

/** What each setting alone cannot tell. */
function contradictions(settings: Settings): string[] {
  const mistakes: string[] = []
  const inbox = settings.SMTP_URL === undefined
  if (inbox && !isLoopbackHost(settings.HOST)) {
    mistakes.push(
      `HOST ${settings.HOST} can be reached from other machines, and the built-in inbox shows every code. Set SMTP_URL, or HOST to 127.0.0.1.`,
    )
  }
  if (inbox && settings.PUBLIC_URL !== undefined && !isLoopbackHost(new URL(settings.PUBLIC_URL).hostname)) {
    mistakes.push('PUBLIC_URL is not on this machine, and the built-in inbox shows every code. Set SMTP_URL.')
  }
  if (!inbox && settings.PUBLIC_URL === undefined && settings.MAIL_FROM === undefined) {
    mistakes.push(
      'MAIL_FROM is needed where SMTP_URL is set and PUBLIC_URL is not: mail has to come from somewhere.',
    )
  }
  if (settings.DKIM_KEY_FILE !== undefined && settings.DKIM_SELECTOR === undefined) {
    mistakes.push(
      'DKIM_SELECTOR is needed with DKIM_KEY_FILE: it tells receivers where your public key stands in DNS.',
    )
  }
  if (settings.DKIM_KEY_FILE === undefined && settings.DKIM_SELECTOR !== undefined) {
    mistakes.push('DKIM_KEY_FILE is needed with DKIM_SELECTOR: mail is signed with it.')
  }
  for (const proxy of settings.TRUSTED_PROXIES) {
    if (!isAddressOrNetwork(proxy)) {
      mistakes.push(`TRUSTED_PROXIES: ${proxy} is neither an address nor a network such as 10.0.0.0/8.`)
    }
  }
  return mistakes
}

/** Shorthands such as `10.0.0` or `1` are refused: they stand for other addresses than whoever wrote them meant. */
function isAddressOrNetwork(text: string): boolean {
  const [address = ''] = text.split('/')
  return isIP(address) !== 0 && !text.includes('%') && (address === text || ipaddr.isValidCIDR(text))
}

function composed(settings: Settings, policy: Policy): Config {
  const { PUBLIC_URL, MAIL_FROM, SMTP_EHLO_NAME, KEYRING_FILE, POLICY_FILE: _, ...rest } = settings
  const publicUrl = PUBLIC_URL ?? (settings.PORT === 0 ? undefined : `http://localhost:${settings.PORT}`)
  const host = publicUrl === undefined ? 'localhost' : new URL(publicUrl).hostname
  const inbox = settings.SMTP_URL === undefined
  return {
    ...rest,
    publicUrl,
    mailFrom: MAIL_FROM ?? `codes@${host}`,
    ehloName: SMTP_EHLO_NAME ?? ehloNameOf(host),
    keyringFile: KEYRING_FILE ?? join(settings.DATA_DIR, 'keyring'),
    inbox,
    policy: inbox ? withAllCountries(policy) : policy,
  }
}

/** An address stands between brackets in EHLO (RFC 5321 §4.1.3). */
function ehloNameOf(host: string): string {
  if (isIP(host) === 4) return `[${host}]`
  return host.startsWith('[') ? `[IPv6:${host.slice(1)}` : host
}

/** In the built-in inbox a text costs nothing and goes nowhere: unless a list is set, numbers of all countries do. */
const withAllCountries = (policy: Policy): Policy =>
  policy.phones.countries === defaultPolicy.phones.countries
    ? { ...policy, phones: { ...policy.phones, countries: getCountries() } }
    : policy
