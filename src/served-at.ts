import { isLoopbackHost } from './config/loopback.ts'
import type { Config } from './config.ts'
import { urlOfService } from './store.ts'

/** Where people reach the service, as far as a command can tell. */
export type ServedAt = {
  /** Undefined where it has no address of its own and none is set. */
  url: string | undefined
  /** Whether a service answered there just now. */
  answers: boolean
  /** Whether it can only be this machine, so that nobody will answer who doesn't now. */
  isLocal: boolean
}

export async function servedAt(config: Config): Promise<ServedAt> {
  const url = (await urlOfService(config)) ?? config.publicUrl
  if (url === undefined) return { url, answers: false, isLocal: true }
  return { url, answers: await isServed(url), isLocal: isLoopbackHost(new URL(url).hostname) }
}

async function isServed(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(3000) })).ok
  } catch {
    return false
  }
}
