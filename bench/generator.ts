import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Job, Outcome } from './generator/job.ts'

export type Generator = AsyncDisposable & {
  pid: number
  run(job: Job): Promise<Outcome>
}

type ActivityOwner = { outcome: Outcome } | { fault: string }

export function startGenerator(): Generator {
  const child = fork(fileURLToPath(new URL('generator/process.ts', import.meta.url)), {
    serialization: 'advanced',
    // What the launcher loads into its own child lets go of the channel, which is all that keeps this one running.
    execArgv: [],
  })
  return {
    pid: child.pid ?? 0,
    async run(job) {
      child.send(job)
      const [told] = (await once(child, 'message')) as [ActivityOwner]
      if ('fault' in told) throw new Error(told.fault)
      return told.outcome
    },
    async [Symbol.asyncDispose]() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}
