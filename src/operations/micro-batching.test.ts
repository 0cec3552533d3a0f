import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { gather } from './micro-batching.ts'

/** Statements that are answered when the test says so. */
function openLine() {
  const sent: {
    asks: string[]
    answer: (answers?: (string | undefined)[]) => void
    fail: (fault: Error) => void
  }[] = []
  const alone: string[] = []
  const ask = gather<string, string>({
    many: (asks) =>
      new Promise((resolve, reject) => {
        sent.push({ asks, answer: (answers = asks.map((a) => `${a}!`)) => resolve(answers), fail: reject })
      }),
    alone: async (one) => {
      alone.push(one)
      return `${one} alone`
    },
    about: (one) => [one[0] ?? ''],
  })
  return { ask, alone, sent, sentAsks: () => sent.map(({ asks }) => asks) }
}

const letters = 'cdefghijklmnopqrstuvwxyz'.split('')

describe('asks that come at once', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('go at once while there are places, and gather while there are none', async () => {
    const { ask, sent, sentAsks } = openLine()
    const answers = ['a', 'b', 'c', 'd', 'e'].map(ask)
    expect(sentAsks()).toEqual([['a'], ['b']])
    sent[0]?.answer()
    expect(await answers[0]).toBe('a!')
    expect(sentAsks()).toEqual([['a'], ['b'], ['c', 'd', 'e']])
    sent[1]?.answer()
    sent[2]?.answer()
    expect(await Promise.all(answers)).toEqual(['a!', 'b!', 'c!', 'd!', 'e!'])
  })

  test('never go together with one that is about the same, which goes next', async () => {
    const { ask, sent, sentAsks } = openLine()
    const answers = ['a', 'b', 'c1', 'd', 'c2', 'e'].map(ask)
    sent[0]?.answer()
    await answers[0]
    expect(sentAsks()[2]).toEqual(['c1', 'd', 'e'])
    sent[1]?.answer()
    await answers[1]
    expect(sentAsks()[3]).toEqual(['c2'])
  })

  test('are sixteen at most', async () => {
    const { ask, sent, sentAsks } = openLine()
    const answers = ['a', 'b', ...letters].map(ask)
    sent[0]?.answer()
    await answers[0]
    expect(sentAsks()[2]).toEqual(letters.slice(0, 16))
  })

  test('get their own answer: one that was left is asked for by itself', async () => {
    const { ask, sent, alone } = openLine()
    const answers = ['a', 'b', 'c', 'd'].map(ask)
    sent[0]?.answer()
    await answers[0]
    sent[2]?.answer([undefined, 'd!'])
    expect(await answers[2]).toBe('c alone')
    expect(await answers[3]).toBe('d!')
    expect(alone).toEqual(['c'])
  })

  test('all hear of a fault, and those after them are asked for', async () => {
    const { ask, sent } = openLine()
    const answers = ['a', 'b', 'c', 'd'].map(ask)
    const faults = Promise.allSettled([answers[2], answers[3]])
    sent[0]?.answer()
    await answers[0]
    sent[2]?.fail(new Error('gone'))
    expect((await faults).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const next = ask('e')
    sent[3]?.answer()
    expect(await next).toBe('e!')
  })

  test('do not wait for a statement that is held up', async () => {
    const { ask, sent, sentAsks } = openLine()
    const answers = ['a', 'b', 'c'].map(ask)
    expect(sent).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(40)
    expect(sentAsks()).toEqual([['a'], ['b'], ['c']])
    for (const each of sent) each.answer()
    expect(await Promise.all(answers)).toEqual(['a!', 'b!', 'c!'])
    // The places that were given up are not given back a second time.
    const more = ['d', 'e', 'f'].map(ask)
    expect(sentAsks().slice(3)).toEqual([['d'], ['e']])
    for (const each of sent) each.answer()
    await more[0]
    sent[5]?.answer()
    expect(await Promise.all(more)).toEqual(['d!', 'e!', 'f!'])
  })
})
