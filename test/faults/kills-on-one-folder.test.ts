import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { firstKey, freePort, temporaryFolder, untilServing } from '../support/countersign.ts'
import { openApi } from './api.ts'
import { chanceFrom, full, newSeed } from './chance.ts'
import { brokenPromises } from './history.ts'
import { keepRunning, writePolicy } from './installation.ts'
import { openLoad } from './load.ts'
import { postmasterOf } from './server-processes.ts'

const kills = full ? 200 : 35
const codes = full ? 8_000 : 800

test(`${kills} kills -9 of the service and of its PostgreSQL, with ${codes} codes under way, break no promise`, {
  timeout: full ? 1_800_000 : 180_000,
}, async () => {
  const seed = newSeed()
  console.log(`FAULTS_SEED=${seed}`)
  const chance = chanceFrom(seed)
  const folder = temporaryFolder()
  const dataDir = join(folder, 'data')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const load = await openLoad({
    urls: [url],
    chance: chanceFrom(seed + 1),
    askers: 10,
    typers: 10,
    pace: 60,
  })
  onTestFinished(load.close)
  const service = keepRunning(
    ['serve'],
    {
      DATA_DIR: dataDir,
      PORT: String(port),
      SMTP_URL: `smtp://127.0.0.1:${load.history.sink.port}`,
      MAIL_FROM: 'codes@countersign.test',
      POLICY_FILE: writePolicy(folder),
      LOG_LEVEL: 'warn',
    },
    url,
  )
  await untilServing(url, 15_000, service.process())
  load.begin(openApi(firstKey(dataDir)))

  const recoveries: { victim: string; ms: number }[] = []
  let postgresKillsInARow = 0
  while (recoveries.length < kills) {
    await sleep(chance.between(0, 500))
    // Its supervisor gives a PostgreSQL up that ends six times within moments: no crash of its own does that.
    const victim = postgresKillsInARow >= 3 ? 'service' : chance.oneOf(['service', 'postgres', 'both'])
    postgresKillsInARow = victim === 'postgres' ? postgresKillsInARow + 1 : 0
    const postmaster = postmasterOf(dataDir)
    if (victim !== 'service' && postmaster !== undefined) kill9(postmaster)
    const ms = await (victim === 'postgres'
      ? untilServing(url, 15_000, service.process())
      : service.killAndStart())
    recoveries.push({ victim, ms })
  }
  await load.untilAcknowledged(codes)
  await load.stop()
  const finals = await load.settle(45_000)

  const slowest = recoveries.reduce((one, other) => (other.ms > one.ms ? other : one))
  console.log(
    `${recoveries.length} kills, ${load.acknowledged()} codes acknowledged, ${load.history.sink.received.length} mails; ready again within ${Math.round(slowest.ms)} ms at worst (${slowest.victim})`,
  )
  expect(brokenPromises(load.history.stories.values(), finals)).toEqual([])
  expect(finals.length).toBeGreaterThanOrEqual(codes)
  expect(finals.filter((f) => f.body.status === 'approved').length).toBeGreaterThan(codes / 4)
  expect(slowest.ms).toBeLessThan(5000)
  expect(service.endedByItself()).toEqual([])
  await service.stop()
})

function kill9(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
