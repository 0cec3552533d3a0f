import { afterEach, beforeEach, expect, test } from 'vitest'
import { seconds } from '../../src/core/time.ts'
import { leaseTime } from '../../src/core/verifications/delivery.ts'
import { openInbox } from '../../src/delivery/inbox.ts'
import { openOutbox } from '../../src/delivery/outbox.ts'
import { readiness } from '../../src/operations/administration/readiness.ts'
import { dueMessages, lease, releaseLeases } from '../../src/storage/outbox.ts'
import { type Client, openWorld, publicUrl, type World } from '../support/world.ts'

let world: World
let shop: Client
beforeEach(async () => {
  world = await openWorld()
  shop = await world.application()
})
afterEach(() => world.close())

/** How many messages a worker takes that takes one at most, and never lets go. */
async function takenByTheDying(): Promise<number> {
  const { messages } = await lease(world.sql, await dueMessages(world.sql, 1, []), leaseTime)
  return messages.length
}

/** A code whose message is in the hands of a worker that will never be heard of again. */
async function codeLostWithItsWorker(): Promise<void> {
  await world.worker.leave()
  await shop.issue('ana@example.org')
  expect(await takenByTheDying()).toBe(1)
}

const outboxIsReady = async () => (await readiness(world.sql)).outbox?.ok

test('what a dead worker had in its hands another one carries after half a minute', async () => {
  await codeLostWithItsWorker()
  await world.advance(seconds(29))
  expect(await takenByTheDying()).toBe(0)
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
    expect(await takenByTheDying()).toBe(1)
  }
  await world.advance(leaseTime + seconds(61))
  expect(await outboxIsReady()).toBe(false)
})

test('messages that wait for a place leave the service ready, as long as a worker has others in its hands', async () => {
  await codeLostWithItsWorker()
  await shop.issue('ben@example.org')
  await world.advance(seconds(61))
  expect(await outboxIsReady()).toBe(false)
  expect(await takenByTheDying()).toBe(1)
  expect(await outboxIsReady()).toBe(true)
})

/** A worker of its own, which notes what goes wrong instead of failing the test. */
function openNotingWorker() {
  const faults: string[] = []
  const outbox = openOutbox({
    sql: world.sql,
    keyring: world.deps.keyring,
    providers: [openInbox(world.sql, world.deps.keyring, () => {})],
    letterhead: { sender: { name: 'Harbour', address: 'codes@harbour.test' }, publicUrl },
    concurrency: 8,
    onOutcome: () => {},
    onFault: (fault) => faults.push((fault as Error).message),
  })
  return { faults, stop: () => outbox.stop() }
}

const countOf = async (state: string) => {
  const [row] = await world.sql<{ count: number }>`
    select count(*)::int as count from message where state = ${state}`
  return row?.count
}

test('messages whose verification or notice is gone end in one round, before they hold up the others', async () => {
  await world.worker.leave()
  await world.sql`
    insert into message (subject, id, verification_id, kind, channel, domain)
    select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'code', 'email', 'gone.test' from generate_series(1, 400)`
  await world.sql`
    insert into message (subject, id, kind, channel)
    select gen_random_uuid(), gen_random_uuid(), 'notice', 'email' from generate_series(1, 200)`
  await world.advance(1)
  for (let n = 0; n < 10; n += 1) await shop.issue(`p${n}@example.org`)
  const worker = openNotingWorker()
  await expect.poll(() => countOf('sent'), { timeout: 20_000 }).toBe(10)
  expect(await countOf('withdrawn')).toBe(600)
  expect(await countOf('queued')).toBe(0)
  const told = worker.faults.map((fault) => Number(/^(\d+) withdrawn/.exec(fault)?.[1]))
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(600)
  await worker.stop()
})

test('a message with as many tries as its column holds is tried once more, and ends no other’s lease', async () => {
  await world.worker.leave()
  await shop.issue('ana@example.org')
  await world.sql`update message set attempts = 32767`
  await shop.issue('ben@example.org')
  const worker = openNotingWorker()
  await expect.poll(() => countOf('sent'), { timeout: 20_000 }).toBe(2)
  expect(worker.faults).toEqual([])
  await worker.stop()
})
