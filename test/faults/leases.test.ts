import { afterEach, beforeEach, expect, test } from 'vitest'
import { seconds } from '../../src/core/time.ts'
import { leaseTime } from '../../src/core/verifications/delivery.ts'
import { openClockWatch } from '../../src/operations/running/clock-watch.ts'
import { readiness } from '../../src/operations/running/readiness.ts'
import { lease, releaseLeases } from '../../src/storage/message.ts'
import { type Client, openWorld, type World } from '../support/world.ts'

let world: World
let shop: Client
beforeEach(async () => {
  world = await openWorld()
  shop = await world.application()
})
afterEach(() => world.close())

/** A code whose message is in the hands of a worker that will never be heard of again. */
async function codeLostWithItsWorker(): Promise<void> {
  await world.worker.leave()
  await shop.issue('ana@example.org')
  expect(await lease(world.sql, 1, leaseTime)).toHaveLength(1)
}

const outboxIsReady = async () =>
  (
    await readiness(
      world.sql,
      openClockWatch(world.sql, () => {}),
    )
  ).outbox?.ok

test('what a dead worker had in its hands another one carries after half a minute', async () => {
  await codeLostWithItsWorker()
  await world.advance(seconds(29))
  expect(await lease(world.sql, 1, leaseTime)).toHaveLength(0)
  await world.advance(seconds(1))
  world.worker.comeBack()
  expect(await world.inbox('ana@example.org')).toHaveLength(1)
})

test('a service that has the folder to itself takes over at once what its killed predecessor left', async () => {
  await codeLostWithItsWorker()
  await releaseLeases(world.sql)
  world.worker.comeBack()
  expect(await world.inbox('ana@example.org')).toHaveLength(1)
})

test('a message in hands does not make the service unready, however often the hands died; one left lying does', async () => {
  await codeLostWithItsWorker()
  for (let deaths = 0; deaths < 4; deaths += 1) {
    await world.advance(leaseTime)
    expect(await outboxIsReady()).toBe(true)
    expect(await lease(world.sql, 1, leaseTime)).toHaveLength(1)
  }
  await world.advance(leaseTime + seconds(61))
  expect(await outboxIsReady()).toBe(false)
})
