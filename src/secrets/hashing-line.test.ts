import { describe, expect, test } from 'vitest'
import { HashingBusy, type HashingPlace, openHashingLine } from './hashing-line.ts'

/** A line whose work ends when the test says so, and in which order it was begun. */
function openLine(limits: Partial<Parameters<typeof openHashingLine>[0]> = {}) {
  const run = openHashingLine({ atOnce: 1, waiting: 10, waitingOfGroup: 4, ...limits })
  const begun: string[] = []
  const ends: (() => void)[] = []
  const ask = (level: HashingPlace['level'], group: string) =>
    run({ level, group }, () => {
      begun.push(group)
      return new Promise<void>((resolve) => ends.push(resolve))
    })
  return {
    begun,
    ask,
    async end(count: number) {
      for (let nth = 0; nth < count; nth += 1) {
        ends.shift()?.()
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

describe('the line for passwords', () => {
  test('four of one network wait, and the fifth is told to come back; another network waits', async () => {
    const { ask } = openLine()
    const waiting = [1, 2, 3, 4, 5].map(() => ask('stranger', 'a'))
    await expect(ask('stranger', 'a')).rejects.toThrow(HashingBusy)
    waiting.push(ask('stranger', 'b'))
    const outcome = await Promise.race([...waiting, 'waiting'])
    expect(outcome).toBe('waiting')
  })

  test('networks take turns: who asks once waits for one of each', async () => {
    const { ask, begun, end } = openLine()
    for (const group of ['first', 'a', 'a', 'a', 'a', 'b', 'c']) void ask('stranger', group)
    await end(7)
    expect(begun).toEqual(['first', 'a', 'b', 'c', 'a', 'a', 'a'])
  })

  test('strangers of any number take every second place from who is known here', async () => {
    const { ask, begun, end } = openLine()
    void ask('stranger', 'first')
    for (const group of ['a', 'b', 'c', 'd']) void ask('stranger', group)
    for (const group of ['X', 'Y']) void ask('known', group)
    await end(7)
    expect(begun).toEqual(['first', 'X', 'a', 'Y', 'b', 'c', 'd'])
  })

  test('a line that strangers have filled has room for who is known here', async () => {
    const { ask } = openLine({ waiting: 3 })
    for (const group of ['first', 'a', 'b', 'c']) void ask('stranger', group)
    await expect(ask('stranger', 'd')).rejects.toThrow(HashingBusy)
    expect(await Promise.race([ask('known', 'X'), 'waiting'])).toBe('waiting')
  })

  test('work that fails makes room like any other', async () => {
    const run = openHashingLine({ atOnce: 1, waiting: 10, waitingOfGroup: 4 })
    const place: HashingPlace = { level: 'stranger', group: 'a' }
    const failing = run(place, () => Promise.reject(new Error('failed')))
    const after = run(place, async () => 'done')
    await expect(failing).rejects.toThrow('failed')
    expect(await after).toBe('done')
  })
})
