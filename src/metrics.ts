import { createServer } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Observed } from './http/exchange/observe.ts'

/** What Prometheus may read. No label holds anything that a request said. */
export function openMetrics(outboxDepth: () => Promise<number>, linesDropped: () => number) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const requests = new Histogram({
    name: 'countersign_http_request_seconds',
    help: 'Time to answer, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  })
  const refusals = new Counter({
    name: 'countersign_refusals_total',
    help: 'Requests declined, by the code of the refusal.',
    labelNames: ['code'],
    registers,
  })
  const deliveries = new Counter({
    name: 'countersign_deliveries_total',
    help: 'Tries to hand a message over, by provider, outcome and cause.',
    labelNames: ['provider', 'kind', 'cause'],
    registers,
  })
  new Gauge({
    name: 'countersign_outbox_messages',
    help: 'Messages that are still to be handed over.',
    registers,
    async collect() {
      this.set(await outboxDepth().catch(() => Number.NaN))
    },
  })
  new Counter({
    name: 'countersign_log_lines_dropped_total',
    help: 'Lines of the log that could not be written.',
    registers,
    collect() {
      this.reset()
      this.inc(linesDropped())
    },
  })
  return {
    registry,
    observe({ method, route, status, milliseconds, refusal }: Omit<Observed, 'elsewhere'>) {
      requests.observe({ method, route, status }, milliseconds / 1000)
      if (refusal !== undefined) refusals.inc({ code: refusal })
    },
    delivered: (told: { provider: string; kind: string; cause?: string | undefined }) =>
      deliveries.inc({ provider: told.provider, kind: told.kind, cause: told.cause ?? '' }),
  }
}

/** Serves `/metrics` on a port of its own, which need not be open to the world. */
export async function serveMetrics(
  registry: Registry,
  port: number,
  host: string,
): Promise<{ port: number; close(): void }> {
  const server = createServer(async (request, response) => {
    if (request.url !== '/metrics') return response.writeHead(404).end()
    const text = await registry.metrics()
    return response.writeHead(200, { 'Content-Type': registry.contentType }).end(text)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
