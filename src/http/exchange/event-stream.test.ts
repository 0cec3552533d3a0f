import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { streamLiveUpdates } from './event-stream.ts'
import type { Answering, Exchange } from './exchange.ts'
import { openLiveUpdates } from './live-updates.ts'

const noFault = (fault: unknown) => {
  throw fault
}

/** A page's stream about one topic, whose mark is always `b`. */
function openApp(most: number) {
  const news = openLiveUpdates(most, noFault)
  const app = new Hono<Exchange>()
  app.get('/news', (c) => {
    c.set('now', 0)
    const reading = { topic: 'flow', group: 'flow', look: async () => 'b' }
    const stream = streamLiveUpdates(c as Answering, news, reading)
    return stream.ok ? stream.value : c.text(stream.refusal.code, 503)
  })
  return { news, open: (query = '?seen=b', sent: RequestInit = {}) => app.request(`/news${query}`, sent) }
}

/** What has been written by the time that something of the form comes, or that the stream ends. */
async function readUntil(response: Response, wanted: RegExp): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!wanted.test(text)) {
    const part = await reader?.read()
    if (part === undefined || part.done) break
    text += part.value
  }
  return text
}

test('a page that was made from another mark is told at once, and then of no mark twice', async () => {
  const { news, open } = openApp(10)
  const stale = await open('?seen=a')
  const fresh = await open('?seen=b')
  expect(await readUntil(stale, /\n\n.*\n\n/s)).toBe('retry: 1000\n\nevent: news\ndata: look\nid: b\n\n')
  news.close()
  expect(await readUntil(fresh, /never/)).not.toContain('event: news')
})

test('what a browser heard last counts more than what its page was made from', async () => {
  const { news, open } = openApp(10)
  const stream = await open('?seen=a', { headers: { 'Last-Event-ID': 'b' } })
  const text = readUntil(stream, /never/)
  news.close()
  expect(await text).not.toContain('event: news')
})

test('of four windows the first is told that it is followed no longer, and its stream ends', async () => {
  const { news, open } = openApp(10)
  const [first, ...others] = await Promise.all([open(), open(), open(), open()])
  expect(await readUntil(first as Response, /never/)).toContain('event: replaced\n')
  news.close()
  for (const other of others) expect(await readUntil(other, /never/)).not.toContain('replaced')
})

test('a process that has no room for a stream is unavailable to it, until one is left', async () => {
  const { news, open } = openApp(1)
  const first = await open()
  const refused = await open()
  expect([refused.status, await refused.text()]).toEqual([503, 'unavailable'])
  await first.body?.cancel()
  expect((await open()).status).toBe(200)
  news.close()
})

test('an answer without a body takes no room', async () => {
  const { news, open } = openApp(1)
  for (let nth = 0; nth < 3; nth += 1) expect((await open('', { method: 'HEAD' })).status).toBe(200)
  expect((await open()).status).toBe(200)
  news.close()
})
