import { accept, type Result, refuse } from '../../core/refusal.ts'
import type { Answering } from './exchange.ts'

/** The largest form, the one a problem document is pasted into, is far below this. */
const largestForm = 32 * 1024

/** Reads a form as browsers send it. Refusals: `content_type_unsupported`, `body_too_large`. */
export async function readForm(c: Answering): Promise<Result<URLSearchParams>> {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    return refuse({ code: 'content_type_unsupported' })
  }
  const tooLarge = refuse({ code: 'body_too_large', most: largestForm })
  if (Number(c.req.header('content-length') ?? 0) > largestForm) return tooLarge
  const parts: Uint8Array[] = []
  let total = 0
  for await (const part of c.req.raw.body ?? []) {
    total += part.byteLength
    if (total > largestForm) return tooLarge
    parts.push(part)
  }
  return accept(new URLSearchParams(Buffer.concat(parts).toString('utf8')))
}
