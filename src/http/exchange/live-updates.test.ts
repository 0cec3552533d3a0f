import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LiveUpdates, openLiveUpdates } from './live-updates.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A topic whose mark the test sets, and how often it was looked at. */
function topicOf(mark = 'a') {
  const topic = {
    mark,
    looks: 0,
    look: async () => {
      topic.looks += 1
      return topic.mark
    },
  }
  return topic
}

const noFault = (fault: unknown) => {
  throw fault
}

const settled = () => vi.advanceTimersByTimeAsync(0)

function open(news: LiveUpdates, topic: string, look: () => Promise<string>, group?: string) {
  const reader = news.open({ topic, group, look })
  if (reader === undefined) throw new Error('There is no room.')
  return reader
}

test('one look serves all the readers of a topic', async () => {
  const news = openLiveUpdates(100, noFault)
  const topic = topicOf()
  const readers = Array.from({ length: 50 }, () => open(news, 'flow', topic.look))
  await settled()
  for (const reader of readers) expect(await reader.next(1)).toBe('a')
  const before = topic.looks
  topic.mark = 'b'
  await vi.advanceTimersByTimeAsync(3000)
  expect(topic.looks).toBe(before + 1)
  for (const reader of readers) expect(await reader.next(1)).toBe('b')
})

test('a topic that nobody reads is looked at no more', async () => {
  const news = openLiveUpdates(100, noFault)
  const topic = topicOf()
  const readers = [open(news, 'flow', topic.look), open(news, 'flow', topic.look)]
  await settled()
  for (const reader of readers) reader.close()
  const before = topic.looks
  await vi.advanceTimersByTimeAsync(60_000)
  expect(topic.looks).toBe(before)
})

test('a reader has no mark of a look that began before it came', async () => {
  const news = openLiveUpdates(100, noFault)
  const looks: ((mark: string) => void)[] = []
  const look = () => new Promise<string>((resolve) => looks.push(resolve))
  const first = open(news, 'flow', look)
  const second = open(news, 'flow', look)
  looks[0]?.('old')
  await settled()
  expect(await first.next(1)).toBe('old')
  looks[1]?.('new')
  await settled()
  expect(await second.next(1)).toBe('new')
})

test('what is announced during a look is looked for after it', async () => {
  const news = openLiveUpdates(100, noFault)
  const looks: ((mark: string) => void)[] = []
  const reader = open(news, 'inbox', () => new Promise<string>((resolve) => looks.push(resolve)))
  news.announce('inbox')
  news.announce('inbox')
  looks[0]?.('empty')
  await settled()
  looks[1]?.('one')
  await settled()
  expect(looks).toHaveLength(2)
  expect(await reader.next(1)).toBe('one')
})

test('the fourth reader of a group takes the place of the first', async () => {
  const news = openLiveUpdates(100, noFault)
  const topic = topicOf()
  const readers = ['a', 'b', 'c', 'd'].map((flow) => open(news, flow, topic.look, 'session'))
  expect(readers.map(({ state }) => state)).toEqual(['replaced', 'open', 'open', 'open'])
  readers[1]?.close()
  open(news, 'e', topic.look, 'session')
  expect(readers[2]?.state).toBe('open')
})

test('a process has no more readers than it may, and room again when one ends', () => {
  const news = openLiveUpdates(2, noFault)
  const topic = topicOf()
  const first = open(news, 'a', topic.look, 'a')
  open(news, 'b', topic.look, 'b')
  expect(news.open({ topic: 'c', look: topic.look })).toBeUndefined()
  first.close()
  first.close()
  open(news, 'c', topic.look)
  expect(news.open({ topic: 'd', look: topic.look })).toBeUndefined()
})

test('of looks that fail the first is logged, and the next that works is told of', async () => {
  const faults: string[] = []
  const news = openLiveUpdates(100, (_, about) => faults.push(about))
  const topic = topicOf()
  let isAway = true
  const look = () => (isAway ? Promise.reject(new Error('away')) : topic.look())
  const readers = [open(news, 'a', look), open(news, 'b', look)]
  await vi.advanceTimersByTimeAsync(9000)
  expect(faults).toEqual(['Looking for news'])
  isAway = false
  await vi.advanceTimersByTimeAsync(3000)
  for (const reader of readers) expect(await reader.next(1)).toBe('a')
})

test('closing ends whoever waits, and opens nobody else', async () => {
  const news = openLiveUpdates(100, noFault)
  const topic = topicOf()
  const reader = open(news, 'a', topic.look)
  await settled()
  await reader.next(1)
  const waiting = reader.next(60_000)
  news.close()
  expect(await waiting).toBeUndefined()
  expect(reader.state).toBe('closed')
  expect(news.open({ topic: 'a', look: topic.look })).toBeUndefined()
})
