/** The load generator: a process of its own, so that its work is not counted as the server's. */
import type { Job } from './job.ts'
import { run } from './load.ts'

process.on('disconnect', () => process.exit())
process.on('message', (job: Job) =>
  run(job)
    .then((outcome) => process.send?.({ outcome }))
    .catch((fault: Error) => process.send?.({ fault: fault.message })),
)
