import { readFileSync } from 'node:fs'
import { getCountries } from 'libphonenumber-js'
import { z } from 'zod'
import { defaultPolicy, type Policy } from '../core/policy.ts'
import { ever } from '../core/time.ts'

const units = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

const duration = (least = 0, most = 3650 * units.d, words = 'is out of range') =>
  z
    .string()
    .regex(/^\d{1,9} ?(ms|s|min|h|d)$/, 'is not a length of time such as "10 min", "30 s", "24 h" or "30 d"')
    .transform((text) => {
      const [, count, unit] = /^(\d+) ?(\w+)$/.exec(text) ?? []
      return Number(count) * units[unit as keyof typeof units]
    })
    .refine((length) => length >= least && length <= most, words)

const count = z.number().int().min(1).max(100_000_000)
const smallCount = z.number().int().min(1).max(10)
const windows = z
  .array(
    z.strictObject({
      most: count,
      within: duration(units.s, 366 * units.d, 'must be from a second to a year'),
    }),
  )
  .max(4)
const rule = z.strictObject({ sends: windows, failures: windows }).partial()
/** NIST SP 800-63B-4 §3.2.2 lets nobody turn it off, wait it out, or set more. */
const inARow = z.strictObject({
  most: count.max(100, 'must be 100 or less (NIST SP 800-63B-4 §3.2.2)'),
  within: z.literal('ever', 'must be "ever": it counts until something is proved').transform(() => ever),
})
const itemRule = z.strictObject({ sends: windows.max(0), failures: z.array(inARow).length(1) }).partial()

const codePolicy = z.strictObject({
  lifetime: duration(units.min, 10 * units.min, 'must be from 1 to 10 minutes (NIST SP 800-63B-4 §3.1.3.2)'),
  tries: smallCount,
  sends: smallCount,
  resendGaps: z.array(duration()).min(1).max(10),
  freshBelow: duration(),
})

const served: ReadonlySet<string> = new Set(getCountries())
/** Codes that people write and ISO 3166-1 has others for. */
const meantCountries: Readonly<Record<string, string>> = { UK: 'GB', EL: 'GR' }

function countryProblem(text: string): string | undefined {
  if (served.has(text)) return undefined
  const upper = text.toUpperCase()
  const meant = meantCountries[upper] ?? (served.has(upper) ? upper : undefined)
  return meant === undefined
    ? `${text} is not a country code (ISO 3166-1) such as GB`
    : `${text} is not a country code (ISO 3166-1): write ${meant}`
}

const phonePolicy = z.strictObject({
  countries: z.array(
    z.string().superRefine((text, context) => {
      const problem = countryProblem(text)
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
    }),
  ),
  prefix: z
    .strictObject({
      digits: z.number().int().min(3).max(12),
      sends: count,
      leastUsedShare: z.number().min(0).max(1),
      closedFor: duration(),
    })
    .partial(),
  budget: z.strictObject({ perMessage: z.number().int().min(0), perDay: z.number().int().min(0) }).partial(),
})

/** A policy file holds only what differs; lengths of time are written with their unit. */
const policySchema = z
  .strictObject({
    code: codePolicy.partial(),
    limits: z.strictObject(
      Object.fromEntries(
        Object.keys(defaultPolicy.limits).map((kind) => [
          kind,
          (kind === 'item_codes' ? itemRule : rule).optional(),
        ]),
      ),
    ),
    changes: z.strictObject({ perDay: count }).partial(),
    phones: phonePolicy.partial(),
    retention: z
      .strictObject({
        verifications: duration(units.d, undefined, 'must be a day or more'),
        inbox: duration(),
      })
      .partial(),
  })
  .partial()

export type PolicyReading = { ok: true; policy: Policy } | { ok: false; mistakes: string[] }

/** Reads the policy file over the defaults; every mistake is told, not only the first. */
export function readPolicy(path: string | undefined): PolicyReading {
  if (path === undefined) return { ok: true, policy: defaultPolicy }
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (fault) {
    return { ok: false, mistakes: [`POLICY_FILE ${path} can't be read as JSON: ${(fault as Error).message}`] }
  }
  const parsed = policySchema.safeParse(content)
  if (parsed.success) return { ok: true, policy: merged(defaultPolicy, parsed.data) as Policy }
  const mistakes = parsed.error.issues.map(
    (issue) => `POLICY_FILE: ${issue.path.join('.') || 'the file'}: ${issue.message}.`,
  )
  return { ok: false, mistakes }
}

/** Lists replace lists: half of two lists of windows would be nobody's policy. */
function merged(base: unknown, over: unknown): unknown {
  if (over === undefined) return base
  if (Array.isArray(over) || typeof over !== 'object' || over === null) return over
  const result = { ...(base as Record<string, unknown>) }
  for (const [key, value] of Object.entries(over)) result[key] = merged(result[key], value)
  return result
}
