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
import { nearest } from './core/nearest.ts'
import { defaultPolicy, type Policy } from './core/policy.ts'
import { keyringProblem } from './secrets/keyring-file.ts'

/** What the whole service runs with: every setting checked, alone and against the others. */
export type Config = Omit<Settings, 'PUBLIC_URL' | 'MAIL_FROM' | 'KEYRING_FILE' | 'POLICY_FILE'> & {
  /** Undefined until the port is known, where PORT is 0 and PUBLIC_URL is not set. */
  publicUrl: string | undefined
  mailFrom: string
  keyringFile: string
  /** Whether messages go to the built-in inbox: where no real provider is set. */
  inbox: boolean
  policy: Policy
  /** What is set and is no setting, though it looks like one. */
  warnings: readonly string[]
}

/** Thrown once, with every mistake and its hint, and what may be behind them. */
export class ConfigMistakes extends Error {
  readonly mistakes: readonly string[]
  readonly warnings: readonly string[]
  constructor(mistakes: readonly string[], warnings: readonly string[]) {
    super(`The configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}.`)
    this.mistakes = mistakes
    this.warnings = warnings
  }
}

type Written = Readonly<Record<string, string | undefined>>

/** The only reader of the environment. Values in the environment win over those in `.env`. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env, envFile = '.env'): Config {
  const mistakes: string[] = []
  const written: Written = Object.fromEntries(
    Object.entries({ ...readEnvFile(envFile, mistakes), ...environment }).filter(([, value]) => value !== ''),
  )
  const readable: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(settingsSchema.shape)) {
    const parsed = schema.safeParse(written[name])
    if (parsed.success) readable[name] = parsed.data
    else mistakes.push(...parsed.error.issues.map((issue) => mistakeOf(name, issue.message)))
  }
  const policy = readPolicy(written.POLICY_FILE)
  if (!policy.ok) mistakes.push(...policy.mistakes)
  mistakes.push(...contradictions(written, readable))
  const warnings = unknownSettings(written)
  if (!policy.ok || mistakes.length > 0) throw new ConfigMistakes(mistakes, warnings)
  return composed(readable as Settings, policy.policy, warnings)
}

function readEnvFile(path: string, mistakes: string[]): NodeJS.Dict<string> {
  try {
    return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {}
  } catch (fault) {
    mistakes.push(`The file ${path} can't be read (${(fault as NodeJS.ErrnoException).code}).`)
    return {}
  }
}

const mistakeOf = (name: string, message: string): string =>
  `${name} ${message}. ${settingsSchema.shape[name as keyof Settings]?.description ?? ''}`.trim()

/** What each setting alone cannot tell. Of settings that are mistaken themselves it is only known that they were written. */
function contradictions(written: Written, settings: Partial<Settings>): string[] {
  const mistakes: string[] = []
  const inbox = written.SMTP_URL === undefined
  if (inbox && settings.HOST !== undefined && !isLoopbackHost(settings.HOST)) {
    mistakes.push(
      `HOST ${settings.HOST} can be reached from other machines, and the built-in inbox shows every code. Set SMTP_URL, or HOST to 127.0.0.1.`,
    )
  }
  if (inbox && settings.PUBLIC_URL !== undefined && !isLoopbackHost(new URL(settings.PUBLIC_URL).hostname)) {
    mistakes.push('PUBLIC_URL is not on this machine, and the built-in inbox shows every code. Set SMTP_URL.')
  }
  if (!inbox && written.PUBLIC_URL === undefined && written.MAIL_FROM === undefined) {
    mistakes.push(
      'MAIL_FROM is needed where SMTP_URL is set and PUBLIC_URL is not: mail has to come from somewhere.',
    )
  }
  if (written.DKIM_KEY_FILE !== undefined && written.DKIM_SELECTOR === undefined) {
    mistakes.push(
      'DKIM_SELECTOR is needed with DKIM_KEY_FILE: it tells receivers where your public key stands in DNS.',
    )
  }
  if (written.DKIM_KEY_FILE === undefined && written.DKIM_SELECTOR !== undefined) {
    mistakes.push('DKIM_KEY_FILE is needed with DKIM_SELECTOR: mail is signed with it.')
  }
  for (const proxy of settings.TRUSTED_PROXIES ?? []) {
    if (!isAddressOrNetwork(proxy)) {
      mistakes.push(`TRUSTED_PROXIES: ${proxy} is neither an address nor a network such as 10.0.0.0/8.`)
    }
  }
  // node-postgres would heed it where the address says nothing; ours says everything.
  if (
    written.PGSSLMODE !== undefined &&
    written.DATABASE_URL !== undefined &&
    !saysSslMode(written.DATABASE_URL)
  ) {
    mistakes.push(
      `DATABASE_URL says nothing about TLS, and PGSSLMODE is not read. Add ?sslmode=${written.PGSSLMODE} to the address.`,
    )
  }
  const ring = settings.DATA_DIR && keyringFileOf({ ...settings, DATA_DIR: settings.DATA_DIR })
  const problem = ring && keyringProblem(ring)
  if (problem !== undefined && problem !== '') {
    mistakes.push(
      `KEYRING_FILE ${ring} ${problem}. Put it back from a backup. Without one, move it away: a new one is made, and docs/deployment.md says what is lost.`,
    )
  }
  return mistakes
}

const keyringFileOf = (settings: Pick<Settings, 'DATA_DIR' | 'KEYRING_FILE'>): string =>
  settings.KEYRING_FILE ?? join(settings.DATA_DIR, 'keyring')

/** Names that are no settings and look like a slip of one, or like one of another program's making. */
function unknownSettings(written: Written): string[] {
  const known = Object.keys(settingsSchema.shape)
  return Object.keys(written).flatMap((name) => {
    if (known.includes(name)) return []
    const bare = name.replace(/^COUNTERSIGN_/, '')
    const meant = known.includes(bare) ? bare : nearest(name, known)
    return meant === undefined ? [] : [`${name} is set and is no setting. Is ${meant} meant?`]
  })
}

/** Shorthands such as `10.0.0` or `1` are refused: they stand for other addresses than whoever wrote them meant. */
function isAddressOrNetwork(text: string): boolean {
  const [address = ''] = text.split('/')
  return isIP(address) !== 0 && !text.includes('%') && (address === text || ipaddr.isValidCIDR(text))
}

function composed(settings: Settings, policy: Policy, warnings: readonly string[]): Config {
  const { PUBLIC_URL, MAIL_FROM, KEYRING_FILE: _ring, POLICY_FILE: _policy, ...rest } = settings
  const publicUrl = PUBLIC_URL ?? (settings.PORT === 0 ? undefined : `http://localhost:${settings.PORT}`)
  const inbox = settings.SMTP_URL === undefined
  return {
    ...rest,
    publicUrl,
    mailFrom: MAIL_FROM ?? `codes@${publicUrl === undefined ? 'localhost' : new URL(publicUrl).hostname}`,
    keyringFile: keyringFileOf(settings),
    inbox,
    warnings,
    policy: inbox ? withAllCountries(policy) : policy,
  }
}

/** In the built-in inbox a text costs nothing and goes nowhere: unless a list is set, numbers of all countries do. */
const withAllCountries = (policy: Policy): Policy =>
  policy.phones.countries === defaultPolicy.phones.countries
    ? { ...policy, phones: { ...policy.phones, countries: getCountries() } }
    : policy
