import { Hono } from 'hono'
import type { Exchange } from './exchange/exchange.ts'

/** One thing that readiness depends on: whether it is well, and a word on how it is. */
export type ReadinessCheck = { ok: boolean; detail: string }

export type HealthDeps = {
  /** Names its checks; none of them throws, and all of them end within a second or two. */
  readiness: () => Promise<Record<string, ReadinessCheck>>
  /** Not before everything has started, and no more once the process is told to stop. */
  isServing: () => boolean
}

/** `/healthz`: the process answers. `/readyz`: it can do its work; a load balancer sends requests only then. */
export function openHealth({ readiness, isServing }: HealthDeps) {
  const health = new Hono<Exchange>()
  health.get('/healthz', (c) => c.json({ status: 'ok' }))
  health.get('/readyz', async (c) => {
    const checks = await readiness()
    const ready = isServing() && Object.values(checks).every((check) => check.ok)
    return c.json({ status: ready ? 'ready' : 'not_ready', checks }, ready ? 200 : 503)
  })
  return health
}
