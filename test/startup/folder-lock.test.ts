import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { identify } from '../../src/embedded/process-identity.ts'
import { ready, startService, temporaryFolder } from './service-process.ts'

test('a second process on the same folder is refused within a second and told who has it', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const first = startService(dataDir)
  await ready(first)
  const second = await startService(dataDir).answer
  expect(second).toMatchObject({
    event: 'refused',
    message: expect.stringContaining(`in use by process ${first.pid}`),
  })
  expect(second.event === 'refused' && second.ms).toBeLessThan(1000)
})

test('of many that start at once exactly one gets the folder', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const starters = Array.from({ length: 8 }, () => startService(dataDir))
  const answers = await Promise.all(starters.map((starter) => starter.answer))
  expect(answers.map((answer) => answer.event).sort()).toEqual(['ready', ...Array(7).fill('refused')])

  const winner = answers.findIndex((answer) => answer.event === 'ready')
  await starters[winner]!.kill()
  const next = await Promise.all(Array.from({ length: 4 }, () => startService(dataDir).answer))
  expect(next.filter((answer) => answer.event === 'ready')).toHaveLength(1)
})

test('a mark left by a process whose pid now belongs to another one does not hold the folder', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const lock = join(dataDir, 'lock')
  mkdirSync(lock, { recursive: true })
  const startedAt = identify(process.pid)!.startedAt
  writeFileSync(join(lock, `${process.pid}-${startedAt}9`), '')
  await ready(startService(dataDir))
  expect(readdirSync(lock)).toHaveLength(1)
})
