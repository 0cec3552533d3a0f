import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Countersign, type Environment, startCountersign, untilServing } from '../support/countersign.ts'

/** Limits that a load on one machine does not reach, and no waits between sends. */
export const wideOpen = {
  code: { resendGaps: ['0 s'] },
  limits: { quota: { sends: [{ most: 1_000_000, within: '1 h' }] } },
}

export function writePolicy(folder: string, policy: object = wideOpen): string {
  const file = join(folder, 'policy.json')
  writeFileSync(file, JSON.stringify(policy))
  return file
}

/** A process that is started again whenever it ends, as a service manager would. */
export type Kept = {
  /** Where it answers; a worker has no address. */
  url: string | undefined
  process(): Countersign
  /** kill -9 and the next start. @returns the milliseconds from the kill until `/readyz` said yes */
  killAndStart(): Promise<number>
  /** What it said each time that it ended without having been killed by the test. */
  endedByItself(): readonly string[]
  stop(): Promise<void>
}

export function keepRunning(words: string[], environment: Environment, url: string | undefined): Kept {
  let stopping = false
  const endedByItself: string[] = []
  let beingKilled: Countersign | undefined

  function start(): Countersign {
    const started = startCountersign(words, environment)
    void started.ended.then(({ code, signal, stderr }) => {
      if (stopping || beingKilled === started) return
      endedByItself.push(`${signal ?? `status ${code}`}: ${stderr.trim()}`)
      current = start()
    })
    return started
  }

  let current = start()
  // Before the process itself is ended, which would otherwise have it started again.
  onTestFinished(() => {
    stopping = true
  })
  return {
    url,
    process: () => current,
    async killAndStart() {
      const killedAt = performance.now()
      beingKilled = current
      current.kill('SIGKILL')
      await current.ended
      current = start()
      if (url !== undefined) await untilServing(url, 15_000, current)
      return performance.now() - killedAt
    },
    endedByItself: () => endedByItself,
    async stop() {
      stopping = true
      current.kill('SIGTERM')
      await current.ended
    },
  }
}
