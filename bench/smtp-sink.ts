import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export type SmtpSink = AsyncDisposable & {
  port: Promise<number>
  /** When each recipient's mail had come in whole, on the clock that all processes of the machine share. */
  arrivals: Map<string, number>
}

/** A mail server that takes everything at once, as a process of its own. */
export function startSmtpSink(): SmtpSink {
  // As for the generator: nothing of the launcher's is loaded into it.
  const child = fork(fileURLToPath(new URL('smtp-sink/process.ts', import.meta.url)), { execArgv: [] })
  const arrivals = new Map<string, number>()
  const port = once(child, 'message').then(([told]) => (told as { port: number }).port)
  child.on('message', (told: { to?: string; at?: number }) => {
    if (told.to !== undefined && told.at !== undefined) arrivals.set(told.to, told.at)
  })
  return {
    port,
    arrivals,
    async [Symbol.asyncDispose]() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}
