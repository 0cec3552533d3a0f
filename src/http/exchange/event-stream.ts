import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { accept, type Result, refuse } from '../../core/refusal.ts'
import { minutes } from '../../core/time.ts'
import type { Answering } from './exchange.ts'
import type { LiveUpdates, Reader, Reading } from './live-updates.ts'

/** A browser that has gone without a word is noticed when something is written to it. */
const beatEvery = 15_000
/** A page is asked to come back after this, so that no stream lives as long as the process. */
const longest = 10 * 60_000
/** Where the process has as many as it may have: somebody's is over by then, or another process is asked. */
const fullFor = minutes(1)

/**
 * A stream (server-sent events) of one word: `news`, whenever the topic's mark is another one than the page was made
 * from. The page then fetches itself again; nothing personal travels here. `replaced` tells a page that it is followed
 * no longer, since others of its group were opened after it. Refusal: `unavailable`.
 *
 * The reader's page says in `?seen=` what it was made from; after a broken connection the browser itself says what it
 * heard last.
 */
export function streamLiveUpdates(c: Answering, news: LiveUpdates, reading: Reading): Result<Response> {
  // Nothing would ever read the body of an answer without one.
  if (c.req.method === 'HEAD') return accept(c.body(null, 200, { 'Content-Type': 'text/event-stream' }))
  const reader = news.open(reading)
  if (reader === undefined) return refuse({ code: 'unavailable', retryAt: c.var.now + fullFor })
  c.header('X-Accel-Buffering', 'no')
  const seen = c.req.header('last-event-id') ?? c.req.query('seen')
  const response = streamSSE(c, async (stream) => {
    stream.onAbort(() => reader.close())
    await write(stream, reader, seen).catch((fault) => news.onFault(fault, 'An event stream'))
    reader.close()
  })
  return accept(response)
}

async function write(stream: SSEStreamingApi, reader: Reader, first: string | undefined): Promise<void> {
  const endAt = performance.now() + longest
  let seen = first
  await stream.write('retry: 1000\n\n')
  while (reader.state === 'open' && !stream.aborted && performance.now() < endAt) {
    const mark = await reader.next(beatEvery)
    if (mark === undefined) await stream.write(': here\n\n')
    else {
      if (seen !== undefined && seen !== mark)
        await stream.writeSSE({ event: 'news', data: 'look', id: mark })
      seen = mark
    }
  }
  if (reader.state === 'replaced') await stream.writeSSE({ event: 'replaced', data: 'elsewhere' })
}
