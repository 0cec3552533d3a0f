import { accept, type Result, refuse } from '../core/refusal.ts'
import type { Answering } from './exchange/exchange.ts'

/**
 * The bytes of a request's body. One that breaks off is the client's doing, and no outage of ours.
 *
 * Refusals: `body_too_large`, `body_malformed` (it broke off).
 */
export async function readBody(c: Answering, most: number): Promise<Result<Uint8Array>> {
  const tooLarge = refuse({ code: 'body_too_large', most })
  const length = c.req.header('content-length')
  if (Number(length ?? 0) > most) return tooLarge
  try {
    if (length !== undefined) return accept(new Uint8Array(await c.req.arrayBuffer()))
    const parts: Uint8Array[] = []
    let total = 0
    for await (const part of c.req.raw.body ?? []) {
      total += part.byteLength
      if (total > most) return tooLarge
      parts.push(part)
    }
    return accept(Buffer.concat(parts))
  } catch {
    return refuse({ code: 'body_malformed' })
  }
}
