import { z } from 'zod'
import { type Settings, settingsSchema } from '../../src/config/settings.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { type PolicyPath, policyNotes } from './policy-notes.ts'
import { code, lengthOf, table, windowsOf } from './words.ts'

/** Every setting stands in one group: a new one does not compile until it has its place. */
const groups = {
  PORT: 'Server',
  HOST: 'Server',
  PUBLIC_URL: 'Server',
  TRUSTED_PROXIES: 'Server',
  EVENT_STREAMS: 'Server',
  KEEP_ALIVE_SECONDS: 'Server',
  DATA_DIR: 'Data and keys',
  KEYRING_FILE: 'Data and keys',
  DATABASE_URL: 'Data and keys',
  DATABASE_POOL: 'Data and keys',
  DATABASE_PREPARED_STATEMENTS: 'Data and keys',
  SMTP_URL: 'Mail',
  SMTP_CONNECTIONS: 'Mail',
  SMTP_EHLO_NAME: 'Mail',
  SMTP_CA_FILE: 'Mail',
  MAIL_FROM: 'Mail',
  DKIM_DOMAIN: 'Mail',
  DKIM_SELECTOR: 'Mail',
  DKIM_KEY_FILE: 'Mail',
  OUTBOX_CONCURRENCY: 'Mail',
  OPERATOR_NAME: 'Branding and pages',
  ACCENT_COLOR: 'Branding and pages',
  LOGO_FILE: 'Branding and pages',
  SUPPORT_ADDRESS: 'Branding and pages',
  POLICY_FILE: 'Policy',
  LOG_LEVEL: 'Logs and metrics',
  PLACES_FILE: 'Branding and pages',
  METRICS_PORT: 'Logs and metrics',
  METRICS_HOST: 'Logs and metrics',
} satisfies Record<keyof Settings, string>

type Property = {
  description?: string
  default?: unknown
  type?: string
  enum?: string[]
  minimum?: number
  maximum?: number
}

/** Every setting in a table for its group, made of the schema that start-up checks the environment with. */
export function settingsTables(): string {
  const schema = z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' })
  const properties = schema.properties as Record<keyof Settings, Property>
  const names = Object.keys(groups) as (keyof Settings)[]
  return [...new Set(Object.values(groups))]
    .map((group) => {
      const rows = names
        .filter((name) => groups[name] === group)
        .map((name) => [
          code(name),
          defaultOf(properties[name]),
          `${properties[name].description ?? ''}${valuesOf(properties[name])}`,
        ])
      return `### ${group}\n\n${table(['setting', 'default', 'what it is'], rows)}`
    })
    .join('\n\n')
}

const defaultOf = (property: Property): string =>
  property.default === undefined || property.default === '' ? '' : code(String(property.default))

function valuesOf({ type, enum: values, minimum, maximum }: Property): string {
  if (values !== undefined) return ` One of ${values.map(code).join(', ')}.`
  return type === 'integer' && minimum !== undefined && maximum !== undefined
    ? ` From ${minimum} to ${maximum}.`
    : ''
}

/** What each number of the policy means, with its default and where that comes from. */
export function policyTable(): string {
  const rows = (Object.keys(policyNotes) as PolicyPath[]).filter(hasMeaning).map((path) => {
    const { what, why } = policyNotes[path]
    return [code(path), shown(path, valueAt(path)), what, why]
  })
  return table(['name', 'default', 'what it is', 'where it comes from'], rows)
}

/** Some limits count only codes asked for, and others only guesses. */
const hasMeaning = (path: PolicyPath): boolean => policyNotes[path].what !== 'No meaning.'

const valueAt = (path: string): unknown =>
  path.split('.').reduce<unknown>((tree, key) => (tree as Record<string, unknown>)[key], defaultPolicy)

/** Which numbers are lengths of time. */
const isLength = (path: string): boolean => /lifetime|Gaps|freshBelow|closedFor|retention/.test(path)

function shown(path: string, value: unknown): string {
  if (path.startsWith('limits.')) return windowsOf(value as Parameters<typeof windowsOf>[0])
  if (Array.isArray(value))
    return value.length === 0 ? 'none' : value.map((v) => (isLength(path) ? lengthOf(v) : v)).join(', ')
  return isLength(path) ? lengthOf(value as number) : String(value)
}

/** The default policy as a policy file would write it. */
export function policyFile(): string {
  const write = (value: unknown, path: string): unknown => {
    if (typeof value === 'number') return isLength(path) || path.endsWith('within') ? lengthOf(value) : value
    if (Array.isArray(value)) return value.map((item) => write(item, path))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, write(item, `${path}.${key}`)]),
    )
  }
  const lines = JSON.stringify(write(defaultPolicy, ''), null, 2)
  return `\`\`\`json\n${oneLineLists(lines)}\n\`\`\``
}

/** Short lists and windows read better on one line. */
const oneLineLists = (json: string): string =>
  json
    .replace(/\{\s+("most": \d+),\s+("within": "[^"]+")\s+\}/g, '{ $1, $2 }')
    .replace(/\[\s+((?:"[^"]*",?\s*)+)\]/g, (_, items: string) => `[${items.trim().replace(/,\s+/g, ', ')}]`)
