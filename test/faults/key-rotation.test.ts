import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { runCountersign } from '../support/countersign.ts'
import { openApi } from './api.ts'
import { newStory, openHistory, type Story } from './history.ts'
import { startTiers } from './tiers.ts'

test('ten rotations of the key ring under load refuse no valid code, wherever it was issued and wherever it is typed', async () => {
  const mailed: Story[] = []
  const { stories, sink } = await openHistory((story) => mailed.push(story))
  onTestFinished(sink.close)
  const { urls, key, environment } = await startTiers(sink.port)
  const api = openApi(key)

  let stopped = false
  let approved = 0
  const refused: unknown[] = []
  async function ask(n: number): Promise<void> {
    for (let at = 0; !stopped; at += 1) {
      const story = newStory(`rotation-${n}-${at}@people.test`)
      stories.set(story.email, story)
      const answer = await api.issue(urls[at % 2]!, story.email)
      if (answer?.status !== 201) refused.push(answer)
      story.id = answer?.body.id as string
      await sleep(30)
    }
  }
  /** Typed at the other process than the one that would be expected, at once or a second later. */
  async function type(n: number): Promise<void> {
    while (!stopped || mailed.length > 0) {
      const story = mailed.shift()
      if (story === undefined) await sleep(10)
      else {
        await sleep(n % 2 === 0 ? 5 : 1000)
        // The mail may be there before the answer that names the verification.
        while (story.id === undefined && !stopped) await sleep(5)
        const answer = await api.attempt(urls[n % 2]!, story.id!, story.mails[0]!.code)
        if (answer?.status === 200) approved += 1
        else refused.push(answer)
      }
    }
  }
  const people = [...[0, 1, 2, 3].map(ask), ...[0, 1, 2, 3, 4, 5, 6, 7].map(type)]

  const keys = new Set<string>()
  for (let rotation = 0; rotation < 10; rotation += 1) {
    await sleep(200)
    const { code, stderr } = await runCountersign(['keyring', 'rotate'], environment)
    expect(code).toBe(0)
    keys.add(stderr)
  }
  await sleep(500)
  stopped = true
  await Promise.all(people)
  console.log(`${approved} codes approved over ${keys.size} rotations`)
  expect(refused).toEqual([])
  expect(keys.size).toBe(10)
  expect(approved).toBeGreaterThan(100)
})
