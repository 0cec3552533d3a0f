import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { openApi } from './api.ts'
import { chanceFrom, full, newSeed } from './chance.ts'
import { brokenPromises } from './history.ts'
import { openLoad } from './load.ts'
import { postmasterOf } from './server-processes.ts'
import { startTiers } from './tiers.ts'

const kills = full ? 300 : 65
const codes = full ? 12_000 : 1_200

test(`${kills} kills -9 of web processes, the worker and the database server, with ${codes} codes under way, break no promise`, {
  timeout: full ? 1_800_000 : 240_000,
}, async () => {
  const seed = newSeed()
  console.log(`FAULTS_SEED=${seed}`)
  const chance = chanceFrom(seed)
  const urls: string[] = []
  const load = await openLoad({ urls, chance: chanceFrom(seed + 1), askers: 10, typers: 10, pace: 150 })
  onTestFinished(load.close)
  const { web, worker, key, databaseDir, ...tiers } = await startTiers(load.history.sink.port)
  urls.push(...tiers.urls)
  load.begin(openApi(key))

  const recoveries: number[] = []
  let databaseKills = 0
  while (recoveries.length + databaseKills < kills) {
    await sleep(chance.between(0, 400))
    const victims = [...web, worker].filter(() => chance.percent(55))
    // Its supervisor here is the test's: it gives up after six ends within moments.
    if (databaseKills < 5 && chance.percent(12)) {
      if (killed(postmasterOf(databaseDir))) databaseKills += 1
    }
    recoveries.push(...(await Promise.all(victims.map((victim) => victim.killAndStart()))))
  }
  await load.untilAcknowledged(codes)
  await load.stop()
  const finals = await load.settle(60_000)

  const slowest = Math.max(...recoveries)
  console.log(
    `${recoveries.length + databaseKills} kills (${databaseKills} of the database), ${load.acknowledged()} codes acknowledged, ${load.history.sink.received.length} mails; ready again within ${Math.round(slowest)} ms at worst`,
  )
  expect(brokenPromises(load.history.stories.values(), finals)).toEqual([])
  expect(finals.length).toBeGreaterThanOrEqual(codes)
  expect(finals.filter((f) => f.body.status === 'approved').length).toBeGreaterThan(codes / 4)
  expect(slowest).toBeLessThan(5000)
  // One that starts while its database is away says so and leaves it to its service manager; none ever crashes.
  const crashes = [...web, worker].flatMap((kept) => kept.endedByItself())
  expect(
    crashes.filter((words) => !/^status 1: The database that DATABASE_URL names can't be used/.test(words)),
  ).toEqual([])
})

/** Between two lives of the server there is none to kill. */
function killed(postmaster: number | undefined): boolean {
  if (postmaster === undefined) return false
  try {
    return process.kill(postmaster, 'SIGKILL')
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw fault
  }
}
