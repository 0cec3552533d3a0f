import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import type { Answering } from './exchange.ts'

/** Says in this process that there is something new about a topic, to the pages that are open on it. */
export type LiveUpdates = {
  tell(topic: string): void
  /** Ends when the topic has news, or after `most` milliseconds, or when everything closes. */
  wait(topic: string, most: number): Promise<void>
  readonly closed: boolean
  /** Ends every stream, so that a stop need not wait for pages that are open. */
  close(): void
}

export function openLiveUpdates(): LiveUpdates {
  const waiting = new Map<string, Set<() => void>>()
  let closed = false
  const wake = (topic: string) => {
    for (const end of waiting.get(topic) ?? []) end()
  }
  return {
    tell: wake,
    async wait(topic, most) {
      if (closed) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const others = waiting.get(topic) ?? new Set()
      waiting.set(topic, others.add(resolve))
      const timer = setTimeout(resolve, most)
      await promise
      clearTimeout(timer)
      others.delete(resolve)
      if (others.size === 0) waiting.delete(topic)
    },
    get closed() {
      return closed
    },
    close() {
      closed = true
      for (const topic of [...waiting.keys()]) wake(topic)
    },
  }
}

/** LiveUpdates may come from another process, which nobody tells of here: so one looks this often in any case. */
const lookEvery = 3000
/** A browser that has gone without a word is noticed when something is written to it. */
const beatEvery = 15_000
/** A page is asked to come back after this, so that no stream lives as long as the process. */
const longest = 10 * 60_000

/**
 * A stream (server-sent events) of one word: `news`, whenever `mark` gives another answer than the page was made from.
 * The page then fetches itself again; nothing personal travels here.
 *
 * The reader's page says in `?seen=` what it was made from; after a broken connection the browser itself says what it
 * heard last.
 */
export function streamLiveUpdates(
  c: Answering,
  news: LiveUpdates,
  topic: string,
  mark: () => Promise<string>,
): Response {
  c.header('X-Accel-Buffering', 'no')
  return streamSSE(c, async (stream) => {
    let seen = c.req.header('last-event-id') ?? c.req.query('seen') ?? (await mark())
    const beganAt = performance.now()
    let beatAt = beganAt
    await stream.write('retry: 1000\n\n')
    while (isOpen(stream) && !news.closed && performance.now() - beganAt < longest) {
      // Listened for before it is looked for: what comes in between is not lost.
      const told = news.wait(topic, lookEvery)
      const current = await mark()
      if (current !== seen) {
        seen = current
        await stream.writeSSE({ event: 'news', data: 'look', id: seen })
      } else if (performance.now() - beatAt >= beatEvery) {
        beatAt = performance.now()
        await stream.write(': here\n\n')
      }
      await told
    }
  })
}

const isOpen = (stream: SSEStreamingApi): boolean => !stream.aborted && !stream.closed
