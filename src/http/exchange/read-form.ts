import { accept, type Result, refuse } from '../../core/refusal.ts'
import { isInUtf8 } from '../content-type.ts'
import { readBody } from '../read-body.ts'
import type { Answering } from './exchange.ts'

/** The largest form, the one a problem document is pasted into, is far below this. */
const largestForm = 32 * 1024

/** Reads a form as browsers send it. Refusals: `content_type_unsupported`, those of `readBody`. */
export async function readForm(c: Answering): Promise<Result<URLSearchParams>> {
  if (!isInUtf8(c.req.header('content-type'), 'application/x-www-form-urlencoded')) {
    return refuse({ code: 'content_type_unsupported' })
  }
  const bytes = await readBody(c, largestForm)
  return bytes.ok ? accept(new URLSearchParams(Buffer.from(bytes.value).toString('utf8'))) : bytes
}
