import type { z } from 'zod'
import { accept, type InputFault, type Result, refuse } from '../core/refusal.ts'
import type { Answering } from './exchange.ts'

/** A request to this API is a few hundred bytes; more is a mistake or an attack. */
const largestBody = 16 * 1024

/** What a body is refused with; `input_refused` names every fault by its JSON pointer. */
export type BodyRefusal = 'content_type_unsupported' | 'body_too_large' | 'body_malformed' | 'input_refused'

/** Reads and checks a JSON body, which is in UTF-8. */
export async function readJson<Schema extends z.ZodType>(
  c: Answering,
  schema: Schema,
): Promise<Result<z.output<Schema>, BodyRefusal>> {
  const bytes = await readBody(c)
  if (!bytes.ok) return bytes
  if (!isJson(c.req.header('content-type'))) return refuse({ code: 'content_type_unsupported' })
  return checkText(bytes.value, schema)
}

/** The same for a request whose body may be left out. */
export async function readOptionalJson<Schema extends z.ZodType>(
  c: Answering,
  schema: Schema,
): Promise<Result<z.output<Schema>, BodyRefusal>> {
  const bytes = await readBody(c)
  if (!bytes.ok) return bytes
  if (bytes.value.byteLength === 0) return checkValue({}, schema)
  if (!isJson(c.req.header('content-type'))) return refuse({ code: 'content_type_unsupported' })
  return checkText(bytes.value, schema)
}

const isJson = (type: string | undefined): boolean =>
  type !== undefined && /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type)

async function readBody(c: Answering): Promise<Result<Uint8Array, 'body_too_large'>> {
  const tooLarge = refuse({ code: 'body_too_large', most: largestBody })
  const length = c.req.header('content-length')
  if (length !== undefined) {
    if (Number(length) > largestBody) return tooLarge
    return accept(new Uint8Array(await c.req.arrayBuffer()))
  }
  const parts: Uint8Array[] = []
  let total = 0
  for await (const part of c.req.raw.body ?? []) {
    total += part.byteLength
    if (total > largestBody) return tooLarge
    parts.push(part)
  }
  return accept(Buffer.concat(parts))
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function checkText<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
): Result<z.output<Schema>, 'body_malformed' | 'input_refused'> {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch {
    return refuse({ code: 'body_malformed' })
  }
  return checkValue(value, schema)
}

function checkValue<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
): Result<z.output<Schema>, 'input_refused'> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return accept(parsed.data)
  return refuse({ code: 'input_refused', errors: parsed.error.issues.flatMap(faultsOf).slice(0, 20) })
}

function faultsOf(issue: z.core.$ZodIssue): InputFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerOf([...issue.path, key]),
      problem: 'is not a field of this request',
    }))
  }
  return [{ pointer: pointerOf(issue.path), problem: issue.message }]
}

/** RFC 6901. A name that somebody else made up is shortened before it is said back. */
const pointerOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => `/${String(part).slice(0, 64).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
